"""Everything a process knows lies in data classes: rebuilt from them in mid-pipeline, a machine simply goes on."""

from __future__ import annotations

import pytest

from aimcsim.assembly import assemble
from aimcsim.scenario.spec import Scenario
from tests.pipeline.machines import (
    ASYNCHRONOUS,
    DIGITAL,
    SYNCHRONOUS,
    chain,
    run_chain,
    run_with_restarts,
    scenario_of,
)
from tests.pipeline.test_ties import SKIPS

TIMES = [(2, 2, 0), (4, 2, 2), (2, 6, 4)]
LINKS = [{}, {"latency": 3}, {"latency": 1, "bandwidth": 0.5, "capacity": 2}, {"capacity": 1}]


def restarted_at_each_cycle_equals_the_run(scenario: Scenario) -> None:
    whole = run_chain(scenario)
    makespan = max(row.end for row in whole.rows)
    assembly = assemble(scenario)
    assert whole.deadlock is None
    for cycle in range(1, makespan, 7):
        assert run_with_restarts(assembly, [cycle]).all == whole.all, cycle
    assert run_with_restarts(assembly, range(1, makespan)).all == whole.all


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("schedule", [*SYNCHRONOUS, *ASYNCHRONOUS, *DIGITAL, "interleaved"])
def test_a_machine_restarted_at_any_cycle_ends_in_the_same_log(schedule: str, link: dict[str, object]) -> None:
    restarted_at_each_cycle_equals_the_run(chain(schedule, TIMES, 9, link=link, micro_batches=3, max_in_flight="M-m+1"))


@pytest.mark.parametrize(
    "timing", [{"forward": 2, "backward": 4, "update": 2, "per": "action"}, {"sum": 1, "activation": 2, "loss": 2}]
)
@pytest.mark.parametrize("schedule", ["async", "async-greedy", "gpipe", "interleaved"])
def test_so_does_one_with_several_layers_a_stage_on_split_arrays(schedule: str, timing: dict[str, object]) -> None:
    stages = 2 if schedule == "interleaved" else 3
    scenario = scenario_of(
        model=SKIPS,
        hardware={
            "timing": timing,
            "tile": {"rows": 32, "columns": 4},
            "link": {"latency": 2, "bandwidth": 8.0, "capacity": 2},
        },
        pipeline={"stages": stages, "schedule": schedule, "micro_batches": 4, "max_in_flight": "M-m+1"},
        training={"samples": 8},
    )
    restarted_at_each_cycle_equals_the_run(scenario)
