"""Which layers share a stage: a number of stages, `auto`, or explicit lists, cut from the network's order of layers."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from aimcsim.errors import FieldError, FieldErrors
from aimcsim.network.graph import Network

PATH = ("pipeline", "stages")

#: The source of the samples and the loss stand outside the stages.
NOT_IN_A_STAGE = ("input", "loss")


def group_layers(
    network: Network, stages: int | str | Sequence[Sequence[str]], chunks: int, cost: Mapping[str, int]
) -> list[tuple[str, ...]]:
    """Layers of each virtual stage, in network order, digital ones included.

    `cost` gives the cycles of every array layer (forward + backward + update); `chunks` is the number of layer
    groups a stage holds, so the result has stages x chunks entries. Raises FieldError(s) on `pipeline.stages`.
    """
    arrays = [name for name in network.order if network.layers[name].is_array]
    costs = [cost[name] for name in arrays]
    if isinstance(stages, str):
        groups = _balanced(costs, _fewest_groups(costs))
        if len(groups) % chunks:
            raise FieldError(PATH, f"auto finds {len(groups)} layer groups, not a multiple of chunks={chunks}", stages)
    elif isinstance(stages, int):
        needed = stages * chunks
        if needed > len(arrays):
            what = f"stages={stages}" if chunks == 1 else f"stages x chunks = {stages} x {chunks}"
            raise FieldError(
                PATH, f"{what} leaves a stage without a layer: the model has {len(arrays)} array layers", stages
            )
        groups = _balanced(costs, needed)
    else:
        return _explicit(network, stages, chunks)
    first_of = {arrays[i]: g for g, indices in enumerate(groups) for i in indices}
    return _with_digital_layers(network, first_of, len(groups))


def _fewest_groups(costs: Sequence[int]) -> int:
    """Fewest contiguous groups of which none costs more than the dearest single layer."""
    return len(_filled(costs, max(costs), 1))


def _balanced(costs: Sequence[int], groups: int) -> list[range]:
    """Contiguous, non-empty groups with the smallest possible maximum cost, the earlier ones filled first."""
    low, high = max(costs), sum(costs)
    while low < high:
        middle = (low + high) // 2
        if len(_filled(costs, middle, groups)) <= groups:
            high = middle
        else:
            low = middle + 1
    return _filled(costs, low, groups)


def _filled(costs: Sequence[int], limit: int, groups: int) -> list[range]:
    """Groups filled one after another up to `limit`, leaving a layer for each of the `groups` that must follow."""
    cuts, filled = [0], 0
    for index, cost in enumerate(costs):
        must_leave = len(costs) - index <= groups - len(cuts)
        if index > cuts[-1] and (filled + cost > limit or must_leave):
            cuts.append(index)
            filled = 0
        filled += cost
    return [range(start, end) for start, end in itertools.pairwise([*cuts, len(costs)])]


def _with_digital_layers(network: Network, stage_of: dict[str, int], count: int) -> list[tuple[str, ...]]:
    """Put every unplaced digital layer into the last of its inputs' stages."""
    placed = dict(stage_of)
    for name in network.order:
        if name not in placed:
            placed[name] = max((placed[i] for i in network.layers[name].inputs if i in placed), default=0)
    groups: list[list[str]] = [[] for _ in range(count)]
    for name in network.order:
        groups[placed[name]].append(name)
    return [tuple(names) for names in groups]


def _explicit(network: Network, lists: Sequence[Sequence[str]], chunks: int) -> list[tuple[str, ...]]:
    errors: list[FieldError] = []
    if len(lists) % chunks:
        errors.append(FieldError(PATH, f"{len(lists)} layer groups are not a multiple of chunks={chunks}"))
    stage_of: dict[str, int] = {}
    for g, names in enumerate(lists):
        for i, name in enumerate(names):
            if name not in network.layers or name in NOT_IN_A_STAGE:
                errors.append(FieldError((*PATH, g, i), "no such layer in the model", name))
            elif name in stage_of:
                errors.append(FieldError((*PATH, g, i), "layer stands in a stage already", name))
            else:
                stage_of[name] = g
        if not any(name in network.layers and network.layers[name].is_array for name in names):
            errors.append(FieldError((*PATH, g), "a stage needs at least one array layer", list(names)))
    missing = [n for n in network.order if network.layers[n].is_array and n not in stage_of]
    if missing:
        errors.append(FieldError(PATH, f"no stage holds {', '.join(missing)}"))
    if errors:
        raise FieldErrors(errors)
    groups = _with_digital_layers(network, stage_of, len(lists))
    _refuse_backward_edges(network, groups)
    return groups


def _refuse_backward_edges(network: Network, groups: Sequence[Sequence[str]]) -> None:
    stage_of = {name: g for g, names in enumerate(groups) for name in names}
    errors = [
        FieldError(
            PATH, f"{name} in stage {stage_of[name] + 1} reads {source} of the later stage {stage_of[source] + 1}"
        )
        for name in network.order
        for source in network.layers[name].inputs
        if source in stage_of and stage_of[source] > stage_of[name]
    ]
    if errors:
        raise FieldErrors(errors)
