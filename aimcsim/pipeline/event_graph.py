"""The event graph of a fixed-order schedule: what each action start waits for, from this period or an earlier one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from aimcsim.pipeline.actions import BACKWARD, FORWARD, Action
from aimcsim.pipeline.machine import MachinePlan
from aimcsim.pipeline.schedules.base import FixedOrder


class Edge(NamedTuple):
    """`target` of a period starts at least `delay` cycles after `source` of the period `lag` before it."""

    source: int
    target: int
    delay: int
    lag: int


@dataclass(frozen=True)
class EventGraph:
    """Nodes are the actions of one period (then link messages); `actions[node]` is (stage, action, cycles).

    A node beyond `actions` is a message on a link. The steady-state period is the maximum over the graph's cycles
    of delay / lag (Karp 1978; Baccelli et al. 1992).
    """

    actions: tuple[tuple[int, Action, int], ...]
    edges: tuple[Edge, ...]
    nodes: int


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
        #: Node and micro-batch (from the period's first) of every F, B … by stage, kind, chunk, micro-batch mod P.
        self.at: dict[tuple[int, str, int, int], tuple[int, int]] = {}
        self.edges: list[Edge] = []
        self.nodes = 0

    def build(self) -> EventGraph:
        for stage in range(self.plan.floorplan.stages):
            self._add_stage(stage)
        self.nodes = len(self.actions)
        for row in self.rows:
            self._resource_edges(row)
        for index in range(len(self.plan.floorplan.links)):
            self._link_edges(index)
        self._loss_edges()
        if self.schedule.waits_for_all_updates:
            for row in self.rows:
                last = row[-1]
                self.edges.append(Edge(last, self.rows[0][0], self.actions[last][2], 1))
        return EventGraph(tuple(self.actions), tuple(self.edges), self.nodes)

    def _add_stage(self, stage: int) -> None:
        row = []
        for action in self.schedule.period(stage):
            node = len(self.actions)
            self.actions.append((stage, action, self._cycles(stage, action)))
            self.at[stage, action.kind, action.chunk, action.micro_batch % self.size] = node, action.micro_batch
            row.append(node)
        self.rows.append(row)

    def _cycles(self, stage: int, action: Action) -> int:
        chunk = self.plan.floorplan.stage_chunks(stage)[action.chunk]
        table = self.plan.times.table(action.kind)
        steps = {FORWARD: chunk.forward, BACKWARD: chunk.backward}.get(action.kind, chunk.update)
        return sum(max(table[unit] for unit in step) for step in steps)

    def _resource_edges(self, row: list[int]) -> None:
        """A stage does one action at a time; its last of a period comes before the first of the next."""
        for before, after in itertools.pairwise(row):
            self.edges.append(Edge(before, after, self.actions[before][2], 0))
        self.edges.append(Edge(row[-1], row[0], self.actions[row[-1]][2], 1))

    def _messages(self, virtual: int, kind: str) -> Iterator[tuple[int, int, int]]:
        """Rank, node and micro-batch of the actions of a virtual stage, by micro-batch mod P."""
        chunk = self.plan.floorplan.chunks[virtual]
        for rank in range(self.size):
            node, micro_batch = self.at[chunk.stage, kind, chunk.index, rank]
            yield rank, node, micro_batch

    def _link_edges(self, index: int) -> None:
        plan, times = self.plan.floorplan.links[index], self.plan.links[index]
        produced = list(self._messages(plan.source, plan.kind))
        consumed = list(self._messages(plan.target, plan.kind))
        first_sent = self.nodes
        if times.occupancy or times.capacity is not None:
            self.nodes += self.size
        for (rank, source, sent), (_, target, taken) in zip(produced, consumed, strict=True):
            cycles = self.actions[source][2]
            lag = (sent - taken) // self.size
            if not times.occupancy and times.capacity is None:
                self.edges.append(Edge(source, target, cycles + times.latency, lag))
                continue
            # The message node is when its transmission starts: after its action, the message before it, and room.
            node = first_sent + rank
            before = first_sent + (rank - 1) % self.size
            # Message nodes count their period by the micro-batch itself, action nodes by their offset.
            offset = (sent - rank) // self.size
            self.edges.append(Edge(source, node, cycles, offset))
            self.edges.append(Edge(before, node, times.occupancy, 1 if rank == 0 else 0))
            self.edges.append(Edge(node, target, times.occupancy + times.latency, (rank - taken) // self.size))
            if times.capacity is not None:
                self._capacity_edges(node, rank, source, offset, times.capacity, consumed)

    def _capacity_edges(
        self, node: int, rank: int, source: int, offset: int, capacity: int, consumed: list[tuple[int, int, int]]
    ) -> None:
        """A message is accepted when the one `capacity` before it has been taken; the producer waits for that."""
        periods, freed = divmod(rank - capacity, self.size)
        _, taker, taken = consumed[freed]
        self.edges.append(Edge(taker, node, 0, -periods + (taken - freed) // self.size))
        stage = self.actions[source][0]
        row = self.rows[stage]
        place = row.index(source)
        following = row[(place + 1) % len(row)]
        self.edges.append(Edge(node, following, 0, -offset + (1 if place + 1 == len(row) else 0)))

    def _loss_edges(self) -> None:
        last = self.plan.floorplan.chunks[-1].virtual
        forwards, backwards = self._messages(last, FORWARD), self._messages(last, BACKWARD)
        for (_, source, sent), (_, target, taken) in zip(forwards, backwards, strict=True):
            delay = self.actions[source][2] + self.plan.loss_cycles
            self.edges.append(Edge(source, target, delay, (sent - taken) // self.size))
