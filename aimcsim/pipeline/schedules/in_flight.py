"""How many micro-batches a stage may have in flight: the words of `pipeline.max_in_flight`."""

from __future__ import annotations

import itertools

from aimcsim.errors import FieldError
from aimcsim.pipeline.schedules.base import PipelineShape, Settings

PATH = ("pipeline", "max_in_flight")


def fixed_limits(shape: PipelineShape, settings: Settings) -> tuple[int, ...]:
    """Limit of every stage for a fixed order: an integer L means min(L, M-m+1), a list is taken literally.

    Raises FieldError where the order would deadlock: a stage can not wait for more forwards than its
    predecessor admits.
    """
    wanted = settings.max_in_flight
    depths = tuple(shape.depth(stage) for stage in range(shape.stages))
    if wanted == "unbounded":
        raise FieldError(PATH, "a fixed order needs a limit; unbounded is for async-greedy", wanted)
    if wanted is None or wanted == "M-m+1":
        return depths
    if wanted == "2(M-m)+1":
        return tuple(2 * depth - 1 for depth in depths)
    if isinstance(wanted, int):
        return tuple(min(wanted, depth) for depth in depths)
    limits = _literal(shape, wanted)
    for stage, (own, following) in enumerate(itertools.pairwise(limits)):
        if following > own:
            raise FieldError(
                (*PATH, stage + 1),
                f"stage {stage + 2} would wait for {following} forwards, but stage {stage + 1} admits only {own}",
                following,
            )
    return limits


def greedy_limits(shape: PipelineShape, settings: Settings) -> tuple[int | None, ...]:
    """Limit of every stage for the greedy policy; None is no limit. Default 4M."""
    wanted = settings.max_in_flight
    if wanted is None:
        return (4 * shape.stages,) * shape.stages
    if wanted == "unbounded":
        return (None,) * shape.stages
    if wanted == "M-m+1":
        return tuple(shape.depth(stage) for stage in range(shape.stages))
    if wanted == "2(M-m)+1":
        return tuple(2 * shape.depth(stage) - 1 for stage in range(shape.stages))
    if isinstance(wanted, int):
        return (wanted,) * shape.stages
    return _literal(shape, wanted)


def _literal(shape: PipelineShape, wanted: object) -> tuple[int, ...]:
    assert isinstance(wanted, (list, tuple))
    if len(wanted) != shape.stages:
        raise FieldError(PATH, f"a list needs one entry a stage, {shape.stages}, not {len(wanted)}", list(wanted))
    return tuple(wanted)
