"""`hardware.placement`: what is not said by the sizes of tiles and stages alone."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from aimcsim.scenario.base import Count, Name, Spec

#: Copies of a layer that a scenario may ask for.
MOST_COPIES = 1024
Copies = Annotated[Count, Field(le=MOST_COPIES)]


class PlacementSpec(Spec):
    """Layers that are on tiles more than once."""

    replicas: dict[Name, Copies] = Field(
        default={}, description="copies of a layer's arrays, by layer, which share the products of a micro-batch"
    )
