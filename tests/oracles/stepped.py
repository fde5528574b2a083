"""A time-stepped machine: it looks at every cycle in turn, t = 0, 1, 2, …; the second opinion on `list_scheduler`.

At each cycle everything that ends or arrives at t is taken in first, then actions of length 0 are done, then idle
stages start something. A rule (`Choose`) says what an idle stage starts; whether it may is looked up here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.oracles.vocabulary import Action, Deadlock, Links, Orders, Timed, Times, destinations, in_order, sources


@dataclass
class Wire:
    """One direction of one edge; a message is its micro-batch. `moving` holds (micro-batch, arrival)."""

    links: Links
    refused: list[int] = field(default_factory=list)
    moving: list[tuple[int, int]] = field(default_factory=list)
    arrived: set[int] = field(default_factory=set)
    free_at: int = 0

    def advance(self, now: int) -> bool:
        """Accept what there is room for and deliver what is due; True if anything changed."""
        changed = False
        room = self.links.capacity
        while self.refused and (room is None or len(self.moving) + len(self.arrived) < room):
            leave = max(now, self.free_at)
            self.free_at = leave + self.links.occupancy
            self.moving.append((self.refused.pop(0), self.free_at + self.links.latency))
            changed = True
        due = [message for message in self.moving if message[1] <= now]
        for message in due:
            self.moving.remove(message)
            self.arrived.add(message[0])
        return changed or bool(due)


class Machine:
    """Stages, wires and what has been done at cycle `now`. `gate` is B of the serial gate, or None."""

    def __init__(self, stages: int, times: Times, links: Links, gate: int | None) -> None:
        self.stages, self.times, self.links, self.gate = stages, times, links, gate
        self.now = 0
        self.virtual = len(times.tf)
        self.edges = links.edges(self.virtual)
        arcs = [("F", i, j) for i, j in self.edges] + [("B", j, i) for i, j in self.edges]
        self.wires = {arc: Wire(links) for arc in arcs}
        self.outgoing: list[list[Wire]] = [[] for _ in range(stages)]
        for (_, source, _), wire in self.wires.items():
            self.outgoing[source % stages].append(wire)
        self.running: list[Timed | None] = [None] * stages
        self.ended: dict[tuple[str, int, int], int] = {}
        self.done: Counter[tuple[int, str]] = Counter()
        self.log: list[Timed] = []

    def may_start(self, stage: int, action: Action) -> bool:
        """Whether `action` can start on `stage` now: the stage idle, its results accepted, its inputs there."""
        q, k = action.chunk * self.stages + stage, action.micro_batch
        if self.running[stage] is not None or any(wire.refused for wire in self.outgoing[stage]):
            return False
        if any(k not in self.wires[action.kind, source, q].arrived for source in sources(action.kind, q, self.edges)):
            return False
        if action.kind == "F":
            return q > 0 or self._gate_open(k)
        wait = self.links.loss_latency if action.kind == "B" and q == self.virtual - 1 else 0
        own = self.ended.get(("F" if action.kind == "B" else "B", q, k))
        return own is not None and own + wait <= self.now

    def _gate_open(self, micro_batch: int) -> bool:
        if not self.gate:
            return True
        before = range(micro_batch // self.gate * self.gate)
        return all(("U", q, k) in self.ended for q in range(self.virtual) for k in before)

    def start(self, stage: int, action: Action) -> None:
        """Take the messages of `action` and begin it; an action of length 0 ends at once."""
        q, k = action.chunk * self.stages + stage, action.micro_batch
        for source in sources(action.kind, q, self.edges):
            self.wires[action.kind, source, q].arrived.remove(k)
        end = self.now + self.times.of(action.kind, q)
        self.running[stage] = Timed(stage, action.kind, action.chunk, k, self.now, end)
        if end == self.now:
            self._finish(stage)

    def _finish(self, stage: int) -> None:
        done = self.running[stage]
        assert done is not None
        self.running[stage] = None
        self.log.append(done)
        self.done[stage, done.kind] += 1
        q = done.chunk * self.stages + stage
        self.ended[done.kind, q, done.micro_batch] = done.end
        for destination in destinations(done.kind, q, self.edges):
            self.wires[done.kind, q, destination].refused.append(done.micro_batch)

    def take_in(self) -> None:
        """Everything that ends or arrives now."""
        for stage, action in enumerate(self.running):
            if action is not None and action.end == self.now:
                self._finish(stage)
        self.move_messages()

    def move_messages(self) -> bool:
        """Let all wires advance; True if anything changed."""
        advanced = [wire.advance(self.now) for wire in self.wires.values()]
        return any(advanced)

    def length(self, stage: int, action: Action) -> int:
        """Cycles that `action` takes on `stage`."""
        return self.times.of(action.kind, action.chunk * self.stages + stage)

    def something_under_way(self) -> bool:
        """Whether a later cycle can bring anything: work in progress, messages on their way, the loss."""
        wait = self.links.loss_latency
        loss = any(self.now < end + wait for (kind, _, _), end in self.ended.items() if kind == "F") if wait else False
        return loss or any(self.running) or any(wire.moving for wire in self.wires.values())


Choose = Callable[[Machine, int], Action | None]


def step_through(machine: Machine, choose: Choose, total: int) -> list[Timed]:
    """Run until `total` actions are done. `choose` names an action that may start, or None. Raises Deadlock."""
    while True:
        machine.take_in()
        for only_instant in (True, False):
            again = True
            while again:
                again = False
                for stage in range(machine.stages):
                    action = choose(machine, stage)
                    if action is not None and (machine.length(stage, action) == 0 or not only_instant):
                        machine.start(stage, action)
                        again = True
                again = machine.move_messages() or again
        if len(machine.log) == total:
            return in_order(machine.log)
        if not machine.something_under_way():
            raise Deadlock(f"nothing can start at cycle {machine.now}, {total - len(machine.log)} actions are left")
        machine.now += 1


def stepped_schedule(orders: Orders, times: Times, links: Links | None = None, gate: int | None = None) -> list[Timed]:
    """The same question as `list_scheduler.list_schedule`, answered cycle by cycle."""
    machine = Machine(len(orders), times, links or Links(), gate)

    def next_of_the_order(machine: Machine, stage: int) -> Action | None:
        done = sum(machine.done[stage, kind] for kind in "FBUW")
        if done == len(orders[stage]):
            return None
        action = orders[stage][done]
        return action if machine.may_start(stage, action) else None

    return step_through(machine, next_of_the_order, sum(map(len, orders)))
