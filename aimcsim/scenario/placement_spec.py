"""`hardware.placement`: what is not said by the sizes of tiles and stages alone."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from aimcsim.scenario.base import AsList, AsText, Count, Name, NonNegativeInt, Spec, one_of_forms

#: Copies of a layer that a scenario may ask for.
MOST_COPIES = 1024
Copies = Annotated[Count, Field(le=MOST_COPIES)]

#: Tiles that a scenario may name, and layers of one.
MOST_NAMED = 4096

Group = Annotated[list[Name], Field(min_length=2, max_length=MOST_NAMED)]


class ArrayPlace(Spec):
    """Where the array of a layer begins on its tile."""

    layer: Name
    row: NonNegativeInt = Field(0, description="the first input line of the tile that it takes, counted from 0")
    column: NonNegativeInt = Field(0, description="the first output line of the tile that it takes, counted from 0")


class NamedTile(Spec):
    """A tile, and what is on it."""

    name: Name
    arrays: list[ArrayPlace] = Field(min_length=1, max_length=MOST_NAMED, description="the layers on it, and where")


class PlacementSpec(Spec):
    """Layers that are on tiles more than once, or on one tile with others."""

    replicas: dict[Name, Copies] = Field(
        default={}, description="copies of a layer's arrays, by layer, which share the products of a micro-batch"
    )
    share: Annotated[
        Annotated[Literal["auto"], AsText] | Annotated[list[Group], Field(max_length=MOST_NAMED), AsList],
        one_of_forms("auto, or a list with the layers of each tile", "auto"),
    ] = Field(
        [],
        description="the layers of each tile that several are on, or auto: those of a stage, by first fit; "
        "default: every array has a tile of its own",
    )
    tiles: list[NamedTile] = Field(
        [], max_length=MOST_NAMED, description="tiles with a name, and which lines of them each layer takes"
    )
