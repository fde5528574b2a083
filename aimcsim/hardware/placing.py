"""Place a network: layers into stages, weight matrices onto tiles, edges onto links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from aimcsim.errors import FieldError, FieldErrors, collect
from aimcsim.hardware.arrays import ONE_ARRAY, ArraysPlan
from aimcsim.hardware.durations import digital_layer_cycles, layer_cycles
from aimcsim.hardware.floorplan import Chunk, Floorplan, LinkPlan, Step, Unit
from aimcsim.hardware.replicas import check_replicas
from aimcsim.hardware.sharing import Sizes, Spot, shared_spots
from aimcsim.hardware.splitting import Shard, split, tiles_needed
from aimcsim.hardware.stages import group_layers
from aimcsim.hardware.timing import Times
from aimcsim.network.graph import Network
from aimcsim.network.layers import Flatten, Opaque, Weighted
from aimcsim.scenario.hardware_spec import PlacementSpec, TileSpec

#: More units than this and Python objects alone would fill the memory.
MOST_UNITS = 1_000_000

NO_PLACEMENT = PlacementSpec()


def place(
    network: Network,
    tile: TileSpec,
    stages_wanted: int | str | Sequence[Sequence[str]],
    times: Times,
    chunks_per_stage: int,
    plan: ArraysPlan = ONE_ARRAY,
    placement: PlacementSpec = NO_PLACEMENT,
) -> Floorplan:
    """Floorplan of `network` on tiles of at most `tile`'s size, in stages as `pipeline.stages` says; every shard has
    the arrays of `plan`.

    Raises FieldErrors on `pipeline.stages` and `hardware.placement`, FieldError on `hardware.tile`.
    """
    replicas = placement.replicas
    errors: list[FieldError] = []
    collect(errors, lambda: check_replicas(replicas, network, times, plan))
    shards = _shards(network, tile, len(plan.roles), replicas)
    cost = {name: _cost(network, name, len(parts), times, replicas.get(name, 1)) for name, parts in shards.items()}
    groups = collect(errors, lambda: group_layers(network, stages_wanted, chunks_per_stage, cost))
    group_of = None if groups is None else {name: number for number, names in enumerate(groups) for name in names}
    sizes = Sizes(tile.rows, tile.columns, shards, group_of)
    spots = collect(errors, lambda: shared_spots(placement, network, sizes, times))
    if groups is None or spots is None or errors:
        raise FieldErrors(errors)
    stages = len(groups) // chunks_per_stage
    units: list[Unit] = []
    chunks = tuple(
        _chunk(
            virtual, virtual % stages, virtual // stages, layers, network, shards, times, units, plan, replicas, spots
        )
        for virtual, layers in enumerate(groups)
    )
    return Floorplan(stages, chunks_per_stage, tuple(units), chunks, _links(network, groups), plan)


def _cost(network: Network, name: str, shards: int, times: Times, copies: int) -> int:
    """Cycles that `auto` balances: those of one position times the positions, where times are per product."""
    layer = network.layers[name]
    digital = isinstance(layer, Weighted) and layer.digital
    one = digital_layer_cycles(times) if digital else layer_cycles(times, shards > 1, copies)
    return one if times.per_action else one * layer.positions


def _shards(network: Network, tile: TileSpec, roles: int, replicas: Mapping[str, int]) -> dict[str, tuple[Shard, ...]]:
    """Shards of every layer with a matrix, where an analog bias is one more input row; digital ones are not split."""
    found: dict[str, tuple[Shard, ...]] = {}
    total = 0
    for name in network.order:
        layer = network.layers[name]
        if not layer.is_array:
            continue
        if isinstance(layer, Opaque):
            found[name] = split(1, 1, 1, 1)
            continue
        assert isinstance(layer, Weighted)
        rows, columns = (layer.lines, layer.out_size) if layer.digital else (tile.rows, tile.columns)
        matrix = (layer.out_size, layer.lines, columns, rows, layer.groups)
        total += tiles_needed(*matrix) * (1 if layer.digital else roles * replicas.get(name, 1))
        if total > MOST_UNITS:
            raise FieldError(("hardware", "tile"), f"the model would need more than {MOST_UNITS} tiles")
        found[name] = split(*matrix)
    return found


def _chunk(
    virtual: int,
    stage: int,
    index: int,
    layers: tuple[str, ...],
    network: Network,
    shards: Mapping[str, tuple[Shard, ...]],
    times: Times,
    units: list[Unit],
    plan: ArraysPlan,
    replicas: Mapping[str, int],
    spots: Mapping[str, Spot],
) -> Chunk:
    """One chunk with its units (appended to `units`). Forward and backward go layer by layer, an update all at once."""
    forward: list[Step] = []
    backward: list[Step] = []

    def add(
        layer: str,
        kind: str,
        shard: Shard | None = None,
        number: int = -1,
        role: int = 0,
        copy: int = 0,
        copies: int = 1,
    ) -> int:
        part = shard.name if shard else kind
        part += f".{plan.roles[role].name}" if role else ""
        part += f".x{copy + 1}" if copy else ""
        own = Unit(
            len(units), f"s{stage + 1}.{layer}.{part}", stage, index, layer, kind, shard, number, role, copy, copies  # type: ignore[arg-type]
        )  # fmt: skip
        if own.is_tile and (spot := spots.get(layer)) is not None:
            own = replace(own, on=f"s{stage + 1}.{spot.tile}.{part}", row=spot.row, column=spot.column)
        units.append(own)
        return units[-1].index

    tiles: list[int] = []
    arrays: list[list[int]] = [[] for _ in plan.roles]
    beside: list[int] = []
    for name in layers:
        layer = network.layers[name]
        if isinstance(layer, Weighted) and layer.digital:
            step = tuple(add(name, "digital", shard, s) for s, shard in enumerate(shards[name]))
            tiles += step
            beside += step
            forward.append(step)
            backward.insert(0, step)
        elif layer.is_array:
            copies = replicas.get(name, 1)
            for number, role in enumerate(plan.roles):
                arrays[number] += (
                    add(name, role.kind, shard, s, number, copy, copies)
                    for copy in range(copies)
                    for s, shard in enumerate(shards[name])
                )
            count = len(shards[name]) * copies
            step = tuple(unit for number in plan.read for unit in arrays[number][-count:])
            tiles += step
            rows, columns = shards[name][-1].row + 1, shards[name][-1].column + 1
            several = len(plan.read) > 1
            summed = times.sum and (rows > 1 or columns > 1 or several)
            total = tuple(add(name, "sum", copy=c, copies=copies) for c in range(copies)) if summed else ()
            forward += [step, total] if total and (rows > 1 or several) else [step]
            backward[:0] = [step, total] if total and (columns > 1 or several) else [step]
        elif times.activation and not isinstance(layer, Flatten):
            node = (add(name, "activation"),)
            forward.append(node)
            backward.insert(0, node)
    if times.per_action:
        # The times say how long the whole action takes, not how it divides: all its tiles are held throughout.
        forward, backward = [tuple(tiles)], [tuple(reversed(tiles))]
    update = (*(unit for number in plan.updated for unit in arrays[number]), *beside)
    by_role = tuple(tuple(units_of_role) for units_of_role in arrays)
    return Chunk(virtual, stage, index, layers, tuple(forward), tuple(backward), (update,), by_role)


def _links(network: Network, groups: Sequence[Sequence[str]]) -> tuple[LinkPlan, ...]:
    """Links for every edge of the network that crosses virtual stages; errors travel the same way back."""
    virtual_of = {name: v for v, names in enumerate(groups) for name in names} | {"input": 0}
    carried: dict[tuple[int, int], list[str]] = {}
    for name in network.order:
        for tensor in network.layers[name].inputs:
            ends = virtual_of[tensor], virtual_of[name]
            if ends[0] != ends[1] and tensor not in carried.setdefault(ends, []):
                carried[ends].append(tensor)
    links: list[LinkPlan] = []
    for (source, target), tensors in sorted(carried.items()):
        with_error = [t for t in tensors if t != "input"]
        links.append(LinkPlan(source, target, "F", tuple(tensors), _values(network, tensors)))
        if with_error:
            links.append(LinkPlan(target, source, "B", tuple(with_error), _values(network, with_error)))
    return tuple(links)


def _values(network: Network, tensors: Sequence[str]) -> int:
    return sum(network.layers[name].size for name in tensors)
