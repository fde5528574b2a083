"""Scenarios without numbers and the machine's own log of them, in the words of the oracles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from aimcsim.assembly import assemble
from aimcsim.pipeline.actions import Action
from aimcsim.pipeline.machine import Machine, MachinePlan
from aimcsim.scenario.load import scenario_from_data
from aimcsim.scenario.spec import Scenario
from aimcsim.trace.metrics import MetricsRecorder
from aimcsim.trace.oplog import NoOpLog
from tests.oracles.orders import StageOrder
from tests.oracles.vocabulary import Links, Timed, Times, in_order

Triple = tuple[int, int, int]


def chain(
    schedule: str | dict[str, Any],
    stages: int,
    samples: int,
    times: Triple | Sequence[Triple] = (1, 1, 0),
    *,
    links: Links | None = None,
    **pipeline: Any,
) -> Scenario:
    """A chain of `stages`; `times` are one (forward, backward, update) for all or one a stage.

    Of `links` latency, occupancy (cycles a message, by the bandwidth) and capacity are taken over; a chain's messages
    have one byte.
    """
    triples = [times] * stages if isinstance(times[0], int) else list(times)
    data: dict[str, Any] = {
        "name": "study",
        "model": {"chain": stages},
        "hardware": {"timing": stage_timing(triples), "link": link_data(links or Links())},
        "pipeline": {"stages": stages, "schedule": schedule, **pipeline},
        "training": {"samples": samples},
    }
    return scenario_from_data(data)[0]


def stage_timing(triples: Sequence[Any]) -> dict[str, Any]:
    """`hardware.timing` of one triple a stage."""
    return {"stages": [dict(zip(("forward", "backward", "update"), triple, strict=True)) for triple in triples]}


def link_data(links: Links) -> dict[str, Any]:
    """`hardware.link` for messages of one byte."""
    data: dict[str, Any] = {"latency": links.latency, "capacity": links.capacity}
    if links.occupancy:
        data["bandwidth"] = bandwidth(1, links.occupancy)
    return data


def per_virtual_stage(triples: Sequence[Triple], chunks: int = 1, weight_gradient: bool = False) -> Times:
    """The oracles' times for `triples` of whole stages; where W is apart it takes the update's time and U none."""
    tf, tb, tu = (tuple(t // chunks for t in column) * chunks for column in zip(*triples, strict=True))
    zero = (0,) * len(tu)
    return Times(tf, tb, zero, tu) if weight_gradient else Times(tf, tb, tu, zero)


def bandwidth(size: int, occupancy: int) -> float:
    """Bytes per cycle at which a message of `size` bytes takes `occupancy` cycles, as a decimal a bit too large."""
    return math.ceil(size * 10**6 / occupancy) / 10**6


class Watch(MetricsRecorder):
    """The run's own recorder, which also keeps every stage action."""

    def __init__(self, plan: MachinePlan) -> None:
        super().__init__(plan.floorplan, plan.schedule, NoOpLog())
        self.actions: list[Timed] = []

    def action(self, stage: int, action: Action, start: int, end: int, version_read: int) -> None:
        super().action(stage, action, start, end, version_read)
        self.actions.append(Timed(stage, action.kind, action.chunk, action.micro_batch, start, end))


@dataclass(frozen=True)
class Run:
    """A finished machine with what its recorder has seen."""

    machine: Machine
    watch: Watch

    @property
    def log(self) -> list[Timed]:
        """All actions as the oracles order them."""
        return in_order(self.watch.actions)

    def staleness(self, kind: str) -> list[int]:
        """Largest staleness of each stage's actions of `kind`."""
        return [own.largest for own in self.watch.staleness[kind]]

    @property
    def peak_in_flight(self) -> list[int]:
        return [stage.state.peak_in_flight for stage in self.machine.stages]

    @property
    def peak_activations(self) -> list[int]:
        return [stage.state.peak_activations for stage in self.machine.stages]


def run_machine(scenario: Scenario, loss_latency: int = 0) -> Run:
    """Run the machine of `scenario` without numbers. Raises Deadlock."""
    plan = replace(assemble(scenario).plan, loss_cycles=loss_latency)
    watch = Watch(plan)
    machine = Machine(plan, watch)
    machine.run()
    return Run(machine, watch)


def table_of(orders: Sequence[StageOrder]) -> dict[str, Any]:
    """`pipeline.schedule` that spells out `orders` of one mini-batch."""
    stages = len(orders)
    rows = [[f"{a.chunk * stages + m}{a.kind}{a.micro_batch}" for a in order] for m, order in enumerate(orders)]
    return {"table": rows}
