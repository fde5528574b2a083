"""The picture in the docstring of every schedule is what the machine does."""

from __future__ import annotations

import inspect
import textwrap
from typing import Any

import pytest

from aimcsim.assembly import assemble
from aimcsim.pipeline.actions import Action
from aimcsim.pipeline.machine import Machine
from aimcsim.pipeline.schedules.registry import SCHEDULES
from aimcsim.report.ascii_timeline import picture_of
from aimcsim.scenario.load import scenario_from_data

#: Schedule: stages, micro-batches of a mini-batch, micro-batches of the run, cycles of each action of a stage.
#: A stage of two chunks gives each half of its time, so that all actions drawn take one cycle.
DRAWN = {
    "serial": (3, 4, 4, 1),
    "gpipe": (4, 4, 4, 1),
    "one-f-one-b": (4, 4, 4, 1),
    "interleaved": (4, 4, 4, 2),
    "async": (4, 1, 6, 1),
    "async-greedy": (4, 1, 6, 1),
    "pipedream": (4, 1, 6, 1),
    "pipedream-2bw": (4, 4, 8, 1),
    "zero-bubble-h1": (4, 4, 4, 1),
}


class Actions:
    """A recorder that keeps the stage actions."""

    def __init__(self) -> None:
        self.kept: list[tuple[int, Action, int, int]] = []

    def operation(self, *operation: Any) -> None:
        pass

    def counted(self, *operation: Any) -> None:
        pass

    def action(self, stage: int, action: Action, start: int, end: int, version_read: int) -> None:
        self.kept.append((stage, action, start, end))


def drawn(schedule: str) -> str:
    stages, micro_batches, total, cycles = DRAWN[schedule]
    times = dict.fromkeys(("forward", "backward", "update"), cycles)
    scenario, _ = scenario_from_data(
        {
            "name": "picture",
            "model": {"chain": stages},
            "hardware": {"timing": {"stages": [times] * stages}},
            "pipeline": {"schedule": schedule, "micro_batches": micro_batches},
            "training": {"samples": total},
        }
    )
    recorder = Actions()
    Machine(assemble(scenario).plan, recorder).run()
    return "\n".join(picture_of(recorder.kept))


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_docstring_shows_what_the_schedule_does(schedule: str) -> None:
    assert textwrap.indent(drawn(schedule), "    ") in (inspect.getdoc(SCHEDULES[schedule]) or "")
