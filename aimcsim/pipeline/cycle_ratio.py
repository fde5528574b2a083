"""Maximum cycle ratio of an event graph, exact, with a cycle that attains it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from aimcsim.errors import Deadlock
from aimcsim.pipeline.event_graph import Edge, EventGraph

Integers = NDArray[np.int64]

#: Rounds of Bellman-Ford after which the parents are searched for a cycle.
ROUNDS_BETWEEN_LOOKS = 16


def maximum_cycle_ratio(graph: EventGraph) -> tuple[Fraction, list[Edge]]:
    """Largest delay / lag over all cycles, and the edges of such a cycle in order.

    Dinkelbach's iteration in integers: while some cycle has a positive sum of delay - ratio * lag, its own ratio is
    better. It begins with the busiest stage, whose own order is a cycle of lag 1.
    Raises Deadlock for a cycle without lag, which links of finite capacity can make.
    """
    source, target, delay, lag = (np.array(column, np.int64) for column in zip(*graph.edges, strict=True))
    order = np.argsort(target, kind="stable")
    source, target, delay, lag = source[order], target[order], delay[order], lag[order]
    starts = np.flatnonzero(np.r_[True, target[1:] != target[:-1]])
    best = list(max(graph.rings, key=lambda ring: sum(edge.delay for edge in ring)))
    ratio = Fraction(sum(edge.delay for edge in best))
    while True:
        weight = delay * ratio.denominator - lag * ratio.numerator
        cycle = _positive_cycle(graph.nodes, source, target, weight, starts)
        if cycle is None:
            return ratio, best
        lags = int(lag[cycle].sum())
        if lags <= 0:
            raise Deadlock("a cycle of the event graph waits for itself: full links stop this schedule in the long run")
        ratio = Fraction(int(delay[cycle].sum()), lags)
        best = [Edge(*(int(v) for v in (source[e], target[e], delay[e], lag[e]))) for e in cycle]


def _positive_cycle(
    nodes: int, source: Integers, target: Integers, weight: Integers, starts: Integers
) -> list[int] | None:
    """Edges of a cycle of positive weight, None if there is none: Bellman-Ford for longest paths.

    Edges are sorted by target; `starts` is where each target's edges begin.
    """
    targets = target[starts]
    length = np.zeros(nodes, np.int64)
    parent = np.full(nodes, -1, np.int64)
    counts = np.diff(np.r_[starts, len(target)])
    for round_ in range(nodes + 1):
        reached = length[source] + weight
        longest = np.maximum.reduceat(reached, starts)
        better = longest > length[targets]
        if not better.any():
            return None
        # The first edge of each target that attains the maximum becomes the parent of a bettered node.
        attains = np.flatnonzero(reached == np.repeat(longest, counts))
        first = attains[np.searchsorted(attains, starts)]
        length[targets[better]] = longest[better]
        parent[targets[better]] = first[better]
        # Looking for the cycle costs as much as several rounds; it stays once it is there.
        if round_ % ROUNDS_BETWEEN_LOOKS == ROUNDS_BETWEEN_LOOKS - 1 or round_ == nodes:
            cycle = _parent_cycle(parent, source)
            if cycle is not None:
                return cycle
    return None


def _parent_cycle(parent: Integers, source: Integers) -> list[int] | None:
    """A cycle of the parent edges, which in longest-path search is always one of positive weight.

    A node from which 2^k steps towards the parents never leave the graph leads into a cycle: found by doubling.
    """
    nodes = len(parent)
    step = np.append(np.where(parent >= 0, source[parent], nodes), nodes)
    far = step
    for _ in range(nodes.bit_length()):
        far = far[far]
    inside = np.flatnonzero(far < nodes)
    if not len(inside):
        return None
    # After so many steps one stands on the cycle itself.
    start = node = int(far[inside[0]])
    ring = []
    while True:
        ring.append(int(parent[node]))
        node = int(step[node])
        if node == start:
            return ring[::-1]
