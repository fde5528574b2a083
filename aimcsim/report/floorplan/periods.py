"""The period of a scenario without running it: from its event graph, or by simulating its time, without numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from aimcsim.assembly import Assembly, assemble
from aimcsim.errors import Deadlock
from aimcsim.pipeline.cycle_ratio import maximum_cycle_ratio
from aimcsim.pipeline.event_graph import event_graph
from aimcsim.pipeline.machine import Machine
from aimcsim.pipeline.schedules.base import FixedOrder
from aimcsim.report.floorplan.figures import busiest, stage_figures
from aimcsim.scenario.spec import Scenario
from aimcsim.trace.bottleneck import needs_log
from aimcsim.trace.metrics import MetricsRecorder
from aimcsim.trace.oplog import NoOpLog

EXACT, SIMULATED, AT_LEAST = "exact", "simulated", "at least"

#: Micro-batches that are simulated at least, in all and for each stage, and stage actions at most: beyond it the period
#: is a bound.
MICRO_BATCHES, A_STAGE = 200, 16
MOST_ACTIONS = 20_000


@dataclass(frozen=True)
class Period:
    """Cycles a micro-batch. `how`: EXACT in the steady state with nominal times, SIMULATED with what was simulated, or
    AT_LEAST: no period is shorter.
    """

    cycles: Fraction
    how: str


def period_of(assembly: Assembly) -> Period:
    """Period with nominal times. Of a policy, and with transfers, it is that of the middle half of a simulation."""
    stages = stage_figures(assembly)
    bound = Period(Fraction(busiest(stages).busy), AT_LEAST)
    if needs_log(assembly, trained=False):
        return _simulated(assembly) or bound
    assert isinstance(assembly.schedule, FixedOrder)
    try:
        ratio, _ = maximum_cycle_ratio(event_graph(assembly.plan))
    except Deadlock:
        return bound
    return Period(ratio / assembly.schedule.period_micro_batches, EXACT)


def _simulated(assembly: Assembly) -> Period | None:
    """The period of so many mini-batches that their middle half holds whole rounds of transfers; None where they would
    be too many, or come to a deadlock.
    """
    chunks, size = len(assembly.floorplan.chunks), assembly.scenario.pipeline.micro_batches
    plan = assembly.floorplan.plan
    due = range(len(plan.transfers)) if plan.nominal is None else plan.nominal
    round_ = math.lcm(*(plan.transfers[number].every for number in due))
    wanted = max(4, -(-max(MICRO_BATCHES, A_STAGE * chunks) // size))
    mini_batches = -(-wanted // (2 * round_)) * 2 * round_
    if mini_batches * size * chunks * 3 > MOST_ACTIONS:
        return None
    short = assemble(assembly.scenario.model_copy(update={"training": long_enough(assembly.scenario, mini_batches)}))
    recorder = MetricsRecorder(short.floorplan, short.schedule, NoOpLog())
    try:
        Machine(short.plan, recorder).run()
    except Deadlock:
        return None
    cycles = recorder.period.cycles
    what = f"{SIMULATED}: the middle half of {short.schedule.shape.total} micro-batches"
    return None if cycles is None else Period(cycles, what)


def long_enough(scenario: Scenario, mini_batches: int = 4096) -> Any:
    """`training` of so many mini-batches, whatever the data set."""
    size = scenario.pipeline.micro_batch * scenario.pipeline.micro_batches
    return scenario.training.model_copy(update={"samples": mini_batches * size, "epochs": None})
