"""A plain list scheduler: fixed orders, every action at its earliest possible start, no event queue.

Time never "passes" here: the stages are visited round and round, and the next action of a stage is placed as soon as
the times of all that it waits for are known. Every time is a maximum of known times, so the order of the visits cannot
matter.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.oracles.vocabulary import (
    Action,
    Deadlock,
    Links,
    Orders,
    Timed,
    Times,
    destinations,
    in_order,
    sources,
)


@dataclass
class _Link:
    """One direction of one edge. `offer` is the one message made and not yet known to be accepted."""

    occupancy: int
    latency: int
    capacity: int | None
    accepted: int = 0
    last_accept: int = 0
    free_at: int = 0
    offer: tuple[int, int] | None = None
    arrival: dict[int, int] = field(default_factory=dict)
    takes: list[int] = field(default_factory=list)

    def settle(self) -> None:
        """Accept the offered message if the start that makes room for it is known."""
        if self.offer is None:
            return
        micro_batch, made = self.offer
        before = 0 if self.capacity is None else self.accepted - self.capacity + 1
        if before > len(self.takes):
            return
        self.last_accept = max(made, self.takes[before - 1]) if before > 0 else made
        leave = max(self.last_accept, self.free_at)
        self.free_at = leave + self.occupancy
        self.arrival[micro_batch] = self.free_at + self.latency
        self.accepted += 1
        self.offer = None


class _Plan:
    """What has been placed so far."""

    def __init__(self, orders: Orders, times: Times, links: Links, gate: int | None) -> None:
        self.orders, self.times, self.links, self.gate = orders, times, links, gate
        self.edges = links.edges(len(times.tf))
        arcs = [("F", i, j) for i, j in self.edges] + [("B", j, i) for i, j in self.edges]
        self.wires = {arc: _Link(links.occupancy, links.latency, links.capacity) for arc in arcs}
        self.ends: dict[tuple[str, int, int], int] = {}
        self.free = [0] * len(orders)
        self.outgoing: list[list[_Link]] = [[] for _ in orders]
        self.log: list[Timed] = []
        updates = [a.micro_batch for order in orders for a in order if a.kind == "U"]
        self.updates_left = Counter(k // gate for k in updates) if gate else Counter[int]()
        self.committed: dict[int, int] = {}

    def earliest(self, stage: int, action: Action) -> int | str:
        """The start of `action`, or in words what is still unknown."""
        q, k = action.chunk * len(self.orders) + stage, action.micro_batch
        ready = [self.free[stage]]
        for wire in self.outgoing[stage]:
            wire.settle()
            if wire.offer is not None:
                return "room on a full link"
            ready.append(wire.last_accept)
        for source in sources(action.kind, q, self.edges):
            wire = self.wires[action.kind, source, q]
            wire.settle()
            if k not in wire.arrival:
                return f"{action.kind}{k} of virtual stage {source}"
            ready.append(wire.arrival[k])
        own = {"B": "F", "U": "B", "W": "B", "T": "U"}.get(action.kind, "")
        if own:
            if (own, q, k) not in self.ends:
                return f"its own {own}{k}"
            last = action.kind == "B" and q == len(self.times.tf) - 1
            ready.append(self.ends[own, q, k] + (self.links.loss_latency if last else 0))
        if self.gate and action.kind == "F" and q == 0 and k >= self.gate:
            before = k // self.gate - 1
            if self.updates_left[before]:
                return f"the updates of mini-batch {before}"
            ready.append(self.committed.get(before, 0))
        return max(ready)

    def place(self, stage: int, action: Action, start: int) -> None:
        """Put `action` at `start`, take its messages and offer its results."""
        q, k = action.chunk * len(self.orders) + stage, action.micro_batch
        end = start + self.times.of(action.kind, q)
        self.log.append(Timed(stage, action.kind, action.chunk, k, start, end))
        self.ends[action.kind, q, k] = self.free[stage] = end
        for source in sources(action.kind, q, self.edges):
            self.wires[action.kind, source, q].takes.append(start)
        self.outgoing[stage] = [self.wires[action.kind, q, d] for d in destinations(action.kind, q, self.edges)]
        for wire in self.outgoing[stage]:
            wire.offer = (k, end)
        if self.gate and action.kind == "U":
            self.updates_left[k // self.gate] -= 1
            self.committed[k // self.gate] = max(end, self.committed.get(k // self.gate, 0))


def list_schedule(orders: Orders, times: Times, links: Links | None = None, gate: int | None = None) -> list[Timed]:
    """Times of all actions of `orders` (one list a stage), sorted by start, stage and end.

    `times` are per virtual stage. With `gate` = B the serial gate is closed: F of virtual stage 0 waits until all
    stages have committed all updates of the mini-batch (of B micro-batches) before it. Raises Deadlock.
    """
    plan = _Plan(orders, times, links or Links(), gate)
    cursor = [0] * len(orders)
    moved = True
    while moved:
        moved = False
        for stage, order in enumerate(orders):
            while cursor[stage] < len(order):
                start = plan.earliest(stage, order[cursor[stage]])
                if isinstance(start, str):
                    break
                plan.place(stage, order[cursor[stage]], start)
                cursor[stage] += 1
                moved = True
    waiting = [(s, order[cursor[s]]) for s, order in enumerate(orders) if cursor[s] < len(order)]
    if waiting:
        lines = (f"stage {s}: {a.kind}{a.micro_batch} waits for {plan.earliest(s, a)}" for s, a in waiting)
        raise Deadlock("; ".join(lines))
    return in_order(plan.log)
