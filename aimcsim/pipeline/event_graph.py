"""The event graph of a fixed-order schedule: what each action start waits for, from this period or an earlier one."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import NamedTuple

from aimcsim.pipeline.actions import BACKWARD, FORWARD, Action
from aimcsim.pipeline.machine import MachinePlan
from aimcsim.pipeline.schedules.base import FixedOrder

#: Nodes, each with its micro-batch (from the period's first).
Numbered = list[tuple[int, int]]


class Edge(NamedTuple):
    """`target` of a period starts at least `delay` cycles after `source` of the period `lag` before it."""

    source: int
    target: int
    delay: int
    lag: int


@dataclass(frozen=True)
class EventGraph:
    """Nodes are the actions of one period, then messages; `actions[node]` is (stage, action, cycles).

    A node beyond `actions` is a message that is accepted or begins to be transmitted; `messages` names the link (by
    its index in the floorplan) of each. The steady-state period is the maximum over the graph's cycles
    of delay / lag (Karp 1978; Baccelli et al. 1992). `rings` are the cycles that each stage's own order makes.
    """

    actions: tuple[tuple[int, Action, int], ...]
    messages: tuple[int, ...]
    edges: tuple[Edge, ...]
    rings: tuple[tuple[Edge, ...], ...]

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return len(self.actions) + len(self.messages)


def event_graph(plan: MachinePlan) -> EventGraph:
    """Event graph of the plan's schedule, which must be a FixedOrder, with nominal durations."""
    return _Builder(plan).build()


class _Builder:
    def __init__(self, plan: MachinePlan) -> None:
        assert isinstance(plan.schedule, FixedOrder)
        self.plan = plan
        self.schedule = plan.schedule
        self.size = plan.schedule.period_micro_batches
        self.actions: list[tuple[int, Action, int]] = []
        self.rows: list[list[int]] = []
        self.messages: list[int] = []
        self.edges: list[Edge] = []
        self.rings: list[tuple[Edge, ...]] = []

    def build(self) -> EventGraph:
        for stage in range(self.plan.floorplan.stages):
            self._add_stage(stage)
        for row in self.rows:
            self._resource_edges(row)
        for index in range(len(self.plan.floorplan.links)):
            self._link_edges(index)
        self._loss_edges()
        if self.schedule.waits_for_all_updates:
            for row in self.rows:
                last = row[-1]
                self.edges.append(Edge(last, self.rows[0][0], self.actions[last][2], 1))
        return EventGraph(tuple(self.actions), tuple(self.messages), tuple(self.edges), tuple(self.rings))

    def _add_stage(self, stage: int) -> None:
        row = []
        for action in self.schedule.period(stage):
            node = len(self.actions)
            self.actions.append((stage, action, self._cycles(stage, action)))
            row.append(node)
        self.rows.append(row)

    def _cycles(self, stage: int, action: Action) -> int:
        chunk = self.plan.floorplan.stage_chunks(stage)[action.chunk]
        table = self.plan.times.table(action.kind)
        steps = {FORWARD: chunk.forward, BACKWARD: chunk.backward}.get(action.kind, chunk.update)
        return sum(self.plan.floorplan.step_cycles(step, table) for step in steps)

    def _resource_edges(self, row: list[int]) -> None:
        """A stage does one action at a time; its last of a period comes before the first of the next."""
        ring = [Edge(before, after, self.actions[before][2], 0) for before, after in itertools.pairwise(row)]
        ring.append(Edge(row[-1], row[0], self.actions[row[-1]][2], 1))
        self.rings.append(tuple(ring))
        self.edges += ring

    def _messages(self, virtual: int, kind: str) -> Numbered:
        """Node and micro-batch of the period's actions of one kind at a virtual stage, in the order of its row."""
        chunk = self.plan.floorplan.chunks[virtual]
        mine = ((node, self.actions[node][1]) for node in self.rows[chunk.stage])
        return [(node, a.micro_batch) for node, a in mine if (a.kind, a.chunk) == (kind, chunk.index)]

    def _link_edges(self, index: int) -> None:
        plan, times = self.plan.floorplan.links[index], self.plan.links[index]
        produced = self._messages(plan.source, plan.kind)
        # What carries a message on: the end of its action, then its acceptance, then the start of its transmission.
        carried = [(node, self.actions[node][2]) for node, _ in produced]
        if times.capacity is not None:
            carried = self._accepted(index, times.capacity, produced, self._messages(plan.target, plan.kind))
        if times.occupancy:
            carried = self._transmitted(index, times.occupancy, carried)
        self._arrivals(produced, carried, self._messages(plan.target, plan.kind), times.latency)

    def _accepted(self, index: int, capacity: int, produced: Numbered, consumed: Numbered) -> list[tuple[int, int]]:
        """A message is accepted once the message `capacity` before it has been taken; the next action waits for that.

        Messages and takings are counted over the whole run: a period's first message has as many before it as its
        smallest micro-batch (or, in a table, mini-batch) says.
        """
        nodes = self._add_messages(index)
        ahead = min(k for _, k in produced) - min(k for _, k in consumed)
        for place, ((source, _), node) in enumerate(zip(produced, nodes, strict=True)):
            self.edges.append(Edge(source, node, self.actions[source][2], 0))
            periods, freed = divmod(ahead + place - capacity, self.size)
            self.edges.append(Edge(consumed[freed][0], node, 0, -periods))
            row = self.rows[self.actions[source][0]]
            following = row.index(source) + 1
            wraps = following == len(row)
            self.edges.append(Edge(node, row[0] if wraps else row[following], 0, int(wraps)))
        return [(node, 0) for node in nodes]

    def _transmitted(self, index: int, occupancy: int, carried: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Messages leave one after another, in the order in which they were made."""
        nodes = self._add_messages(index)
        for place, ((source, delay), node) in enumerate(zip(carried, nodes, strict=True)):
            self.edges.append(Edge(source, node, delay, 0))
            self.edges.append(Edge(nodes[place - 1], node, occupancy, int(place == 0)))
        return [(node, occupancy) for node in nodes]

    def _arrivals(
        self,
        produced: list[tuple[int, int]],
        carried: list[tuple[int, int]],
        consumed: list[tuple[int, int]],
        cycles: int,
    ) -> None:
        """Messages reach the actions of their own micro-batch `cycles` after what carries them."""
        takers = {k % self.size: (node, k) for node, k in consumed}
        for (_, sent), (source, delay) in zip(produced, carried, strict=True):
            target, taken = takers[sent % self.size]
            self.edges.append(Edge(source, target, delay + cycles, (sent - taken) // self.size))

    def _add_messages(self, index: int) -> range:
        """New nodes, one for every message of a period on a link."""
        self.messages += [index] * self.size
        nodes = len(self.actions) + len(self.messages)
        return range(nodes - self.size, nodes)

    def _loss_edges(self) -> None:
        last = self.plan.floorplan.chunks[-1].virtual
        forwards = self._messages(last, FORWARD)
        carried = [(node, self.actions[node][2]) for node, _ in forwards]
        self._arrivals(forwards, carried, self._messages(last, BACKWARD), self.plan.loss_cycles)
