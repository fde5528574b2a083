"""Several layers on one tile: which, and which lines of the tile each of them takes.

Arrays on one tile have rows and columns of their own, so that the matrix of the tile is block-diagonal: what drives
the lines of one leaves those of the others at rest, in products and in updates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aimcsim.errors import FieldError, FieldErrors
from aimcsim.hardware.splitting import Shard
from aimcsim.hardware.timing import Times
from aimcsim.network.graph import Network
from aimcsim.network.layers import Weighted
from aimcsim.scenario.placement_spec import NamedTile, PlacementSpec

PATH = ("hardware", "placement")

#: Layers of a tile that its name holds; of more the first stands with the number of the others.
MOST_IN_A_NAME = 3


@dataclass(frozen=True)
class Spot:
    """On the tile called `tile`, from input line `row` and output line `column` on."""

    tile: str
    row: int = 0
    column: int = 0


@dataclass(frozen=True)
class Sizes:
    """Lines of a tile, and the arrays of every layer with a matrix. `group_of`: the layers' place among the groups of
    layers that stages (and chunks) work on, None where that is not known.
    """

    rows: int
    columns: int
    shards: Mapping[str, tuple[Shard, ...]]
    group_of: Mapping[str, int] | None

    def of(self, layer: str) -> tuple[int, int]:
        """Input and output lines of a layer that is not split."""
        (shard,) = self.shards[layer]
        return shard.in_size, shard.out_size


def shared_spots(placement: PlacementSpec, network: Network, sizes: Sizes, times: Times) -> dict[str, Spot]:
    """Where the layers are that share a tile, or whose tile has a name. Raises FieldErrors for all that can not be."""
    if not placement.share and not placement.tiles:
        return {}
    errors: list[FieldError] = []
    if times.per_action:
        what = "layers on one tile work one after the other, which needs times per MVM, not per action"
        errors.append(FieldError((*PATH, "share" if placement.share else "tiles"), what))
    spots: dict[str, Spot] = {}
    may_share = _Checked(placement, network, sizes, errors)
    for number, named in enumerate(placement.tiles):
        spots |= _named(named, (*PATH, "tiles", number), may_share)
    groups = [] if placement.share == "auto" else placement.share
    for number, layers in enumerate(groups):
        path = (*PATH, "share", number)
        known = [name for i, name in enumerate(layers) if may_share.takes(name, (*path, i))]
        may_share.together(known, path)
        rows, columns = (sum(lines) for lines in zip((0, 0), *map(sizes.of, known), strict=True))
        if rows > sizes.rows or columns > sizes.columns:
            what = f"needs {rows} rows and {columns} columns of a tile of {sizes.rows}x{sizes.columns}"
            errors.append(FieldError(path, what, ", ".join(known)))
        spots |= _side_by_side(known, sizes)
    if errors:
        raise FieldErrors(errors)
    if placement.share == "auto" and sizes.group_of is not None:
        free = [name for name in sizes.shards if name not in spots and may_share.why_not(name) is None]
        for known in first_fit(free, sizes, sizes.group_of):
            spots |= _side_by_side(known, sizes)
    return spots


def first_fit(layers: Sequence[str], sizes: Sizes, group_of: Mapping[str, int]) -> list[list[str]]:
    """Layers that go on one tile, two or more each: every one on the first tile of its stage with lines for it."""
    tiles: list[tuple[list[str], int, int]] = []
    for name in layers:
        rows, columns = sizes.of(name)
        for number, (others, used_rows, used_columns) in enumerate(tiles):
            fits = used_rows + rows <= sizes.rows and used_columns + columns <= sizes.columns
            if fits and group_of[others[0]] == group_of[name]:
                tiles[number] = [*others, name], used_rows + rows, used_columns + columns
                break
        else:
            tiles.append(([name], rows, columns))
    return [names for names, _, _ in tiles if len(names) > 1]


def tile_name(layers: Sequence[str]) -> str:
    """What a tile without a name of its own is called: by its layers."""
    if len(layers) <= MOST_IN_A_NAME:
        return "+".join(layers)
    return f"{layers[0]}+{len(layers) - 1}"


def _side_by_side(layers: Sequence[str], sizes: Sizes) -> dict[str, Spot]:
    name, spots, row, column = tile_name(layers), {}, 0, 0
    for layer in layers:
        spots[layer] = Spot(name, row, column)
        rows, columns = sizes.of(layer)
        row, column = row + rows, column + columns
    return spots


@dataclass
class _Checked:
    """Finds the layers that may be on a tile with others, and what is wrong with the others (into `errors`)."""

    placement: PlacementSpec
    network: Network
    sizes: Sizes
    errors: list[FieldError]

    def __post_init__(self) -> None:
        self._taken: set[str] = set()
        self._names: set[str] = set()

    def why_not(self, name: str) -> str | None:
        """Why a layer can not share a tile, None where it can."""
        layer = self.network.layers.get(name)
        if layer is None:
            return f"the model has no layer {name}"
        if not layer.is_array:
            return f"{name} has no matrix to place"
        if isinstance(layer, Weighted) and layer.digital:
            return f"{name} is digital, on no array"
        parts = len(self.sizes.shards[name])
        if parts > 1:
            return f"{name} is on {parts} tiles already: a layer that is split shares none"
        copies = self.placement.replicas.get(name, 1)
        return f"{name} has {copies} copies: a layer with copies shares no tile" if copies > 1 else None

    def takes(self, name: str, path: tuple[str | int, ...]) -> bool:
        """True where the layer can be on a tile, and stands on none so far."""
        what = self.why_not(name)
        if what is None and name in self._taken:
            what = f"{name} is on a tile already"
        self._taken.add(name)
        if what is not None:
            self.errors.append(FieldError(path, what, name))
        return what is None

    def calls(self, name: str, path: tuple[str | int, ...]) -> None:
        """A tile may have this name."""
        if name in self._names or name in self.network.layers:
            what = "another tile has this name" if name in self._names else "a layer of the model has this name"
            self.errors.append(FieldError((*path, "name"), what, name))
        self._names.add(name)

    def together(self, layers: Sequence[str], path: tuple[str | int, ...]) -> None:
        """Layers of one tile must be in one stage: no two stages take turns at a tile."""
        where = self.sizes.group_of
        if where is not None and len({where[name] for name in layers}) > 1:
            what = "layers on one tile must be in one stage (and chunk of it)"
            self.errors.append(FieldError(path, what, ", ".join(layers)))


def _named(named: NamedTile, path: tuple[str | int, ...], check: _Checked) -> dict[str, Spot]:
    """The spots on a tile with a name; rows and columns of two layers must not overlap, nor leave the tile."""
    check.calls(named.name, path)
    sizes = check.sizes
    spots: dict[str, Spot] = {}
    for i, array in enumerate(named.arrays):
        own = (*path, "arrays", i)
        if not check.takes(array.layer, (*own, "layer")):
            continue
        spot = Spot(named.name, array.row, array.column)
        rooms = sizes.rows, sizes.columns
        for axis, (mine, room) in enumerate(zip(_lines(array.layer, spot, sizes), rooms, strict=True)):
            key = ("row", "column")[axis]
            takes = f"{array.layer} takes {key}s {mine.start} to {mine.stop - 1}"
            if mine.stop > room:
                check.errors.append(FieldError((*own, key), f"{takes}, of a tile that has {room}", mine.start))
            for other in spots:
                theirs = _lines(other, spots[other], sizes)[axis]
                if mine.start < theirs.stop and theirs.start < mine.stop:
                    what = f"{takes}, {other} {theirs.start} to {theirs.stop - 1}"
                    check.errors.append(FieldError((*own, key), what, mine.start))
        spots[array.layer] = spot
    check.together(list(spots), path)
    return spots


def _lines(layer: str, spot: Spot, sizes: Sizes) -> tuple[range, range]:
    """Rows and columns of its tile that a layer takes."""
    rows, columns = sizes.of(layer)
    return range(spot.row, spot.row + rows), range(spot.column, spot.column + columns)
