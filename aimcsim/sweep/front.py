"""The points that no other beats in everything."""

from __future__ import annotations

from collections.abc import Sequence


def pareto_front(values: Sequence[Sequence[float]], maximise: Sequence[bool]) -> list[int]:
    """Indices of the points of which no other is as good in every value and better in one, in the order given.

    `values`: (points, goals), all finite; `maximise` says for each goal whether more is better. Equal points are all
    on the front or all off it.

    >>> pareto_front([(1, 5), (2, 2), (3, 3), (5, 1)], [False, False])
    [0, 1, 3]
    """
    costs = [tuple(-v if more else v for v, more in zip(point, maximise, strict=True)) for point in values]
    # In rising order of costs a point can only be beaten by one before it, and then by one of the front.
    front: list[int] = []
    for index in sorted(range(len(costs)), key=lambda index: costs[index]):
        if not any(_beats(costs[other], costs[index]) for other in front):
            front.append(index)
    return sorted(front)


def _beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))
