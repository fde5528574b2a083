"""The steady period of a cyclic schedule: the maximum of Σ delay / Σ lag over the cycles of its event graph.

An edge u → v with (delay, lag) says start(v, n) ≥ start(u, n − lag) + delay. The ratio is exact: a cycle
that is slower than the trial ratio gives the next trial ratio, until Bellman-Ford finds no slower one.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from tests.oracles.vocabulary import Deadlock, Orders, Times

Node = tuple[str, int, int]


class Edge(NamedTuple):
    """start(target, n) ≥ start(source, n − lag) + delay."""

    source: Node
    target: Node
    delay: int
    lag: int


class Critical(NamedTuple):
    """The maximum ratio and a cycle that attains it."""

    ratio: Fraction
    cycle: list[Node]
    lag: int


def maximum_cycle_ratio(edges: Sequence[Edge]) -> Critical:
    """The largest Σ delay / Σ lag. Raises Deadlock for a cycle of positive delay whose lag is not positive."""
    best = Critical(Fraction(0), [], 0)
    while (cycle := _slower_cycle(edges, best.ratio)) is not None:
        delay, lag = sum(e.delay for e in cycle), sum(e.lag for e in cycle)
        if lag <= 0:
            raise Deadlock(f"a cycle waits for itself (lag {lag}): {[e.source for e in cycle]}")
        best = Critical(Fraction(delay, lag), [e.source for e in cycle], lag)
    return best


def _slower_cycle(edges: Sequence[Edge], ratio: Fraction) -> list[Edge] | None:
    """A cycle with Σ delay > ratio · Σ lag, or None: Bellman-Ford for longest paths from everywhere.

    All weights are integers: multiplied by the denominator of the ratio.
    """
    weights = [edge.delay * ratio.denominator - edge.lag * ratio.numerator for edge in edges]
    distance = {node: 0 for edge in edges for node in (edge.source, edge.target)}
    entered: dict[Node, Edge] = {}
    for _ in range(len(distance) + 1):
        touched = None
        for edge, weight in zip(edges, weights, strict=True):
            if distance[edge.source] + weight > distance[edge.target]:
                distance[edge.target] = distance[edge.source] + weight
                entered[edge.target] = edge
                touched = edge.target
        if touched is None:
            return None
    assert touched is not None
    for _ in distance:  # backwards along the paths, as far as it takes to be on the cycle for certain
        touched = entered[touched].source
    cycle = [entered[touched]]
    while cycle[-1].source != touched:
        cycle.append(entered[cycle[-1].source])
    return cycle[::-1]


def async_event_graph(
    tf: Sequence[int], tb: Sequence[int], tu: Sequence[int], c: int = 0, L: Sequence[int] | None = None
) -> list[Edge]:
    """Event graph of the fixed asynchronous order with L_m admitted at stage m (default M−m+1), lag in micro-batches.

    The stage's order F(n+L−1), B(n), U(n), F(n+L) gives F→B (tf, −(L−1)), B→U (tb, 0), U→F (tu, L); messages give
    F(m)→F(m+1) (tf+c, 0), B(m)→B(m−1) (tb+c, 0) and F(M)→B(M) (tf, 0).
    """
    stages = len(tf)
    edges = []
    for m in range(stages):
        admitted = stages - m if L is None else L[m]
        forward, backward, update = (("F", m, 0), ("B", m, 0), ("U", m, 0))
        edges += [
            Edge(forward, backward, tf[m], 0),
            Edge(forward, backward, tf[m], 1 - admitted),
            Edge(backward, update, tb[m], 0),
            Edge(update, forward, tu[m], admitted),
        ]
        if m + 1 < stages:
            edges += [
                Edge(forward, ("F", m + 1, 0), tf[m] + c, 0),
                Edge(("B", m + 1, 0), backward, tb[m + 1] + c, 0),
            ]
    return edges


def flush_event_graph(orders: Orders, times: Times, c: int = 0, serial: bool = False) -> list[Edge]:
    """Event graph of a synchronous schedule, lag in mini-batches; a node is (kind, virtual stage, micro-batch).

    `orders` is one mini-batch, updates included, `times` are per virtual stage. The last action of a stage precedes the
    first of the next mini-batch; with `serial` every U also precedes the next mini-batch's first F of virtual stage 0.
    """
    stages, virtual = len(orders), len(times.tf)
    lists = [[(a.kind, a.chunk * stages + m, a.micro_batch) for a in order] for m, order in enumerate(orders)]
    edges = []
    for nodes in lists:
        edges += [Edge(u, v, times.of(u[0], u[1]), 0) for u, v in pairwise(nodes)]
        edges.append(Edge(nodes[-1], nodes[0], times.of(nodes[-1][0], nodes[-1][1]), 1))
    for kind, q, k in (node for nodes in lists for node in nodes):
        duration = times.of(kind, q)
        if kind == "F":
            target, delay = (("F", q + 1, k), duration + c) if q + 1 < virtual else (("B", q, k), duration)
            edges.append(Edge((kind, q, k), target, delay, 0))
        elif kind == "B" and q > 0:
            edges.append(Edge((kind, q, k), ("B", q - 1, k), duration + c, 0))
        elif kind == "U" and serial:
            edges.append(Edge((kind, q, k), lists[0][0], duration, 1))
    return edges
