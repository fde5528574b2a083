"""Counts and energy through a fast-forward, and through checkpoints at any cycle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.checkpoint.runs import small
from tests.checkpoint.test_going_on import equal_in_pieces
from tests.pipeline.machines import scenario_of
from tests.pipeline.test_fast_forward_summary import same_but_for_the_gaps
from tests.training.scenarios import HARDWARE

COSTS = {"forward_pj": 3.0, "backward_pj": 2.0, "update_pj": 5.0, "pulse_pj": 0.5, "link_pj": 0.25, "idle_mw": 0.125}


@pytest.mark.parametrize("schedule", ["serial", "gpipe", "interleaved", "async", "async-greedy"])
def test_a_jump_counts_all_that_it_passes_over(schedule: str, tmp_path: Path) -> None:
    extra: dict[str, Any] = {"max_in_flight": 4} if schedule == "async-greedy" else {}
    scenario = scenario_of(
        model={"chain": 3},
        hardware={
            "timing": {"forward": 2, "backward": 4, "update": 2, "per": "action", "clock_ns": 10},
            "energy": COSTS,
        },
        pipeline={"stages": 3, "schedule": schedule, "micro_batches": 3, **extra},
        training={"samples": 600},
    )
    found = same_but_for_the_gaps(scenario, tmp_path).summary
    lines = {line["what"]: line["count"] for line in found["energy"]["lines"]}
    chunks = found["stages"] * found["chunks"]
    assert (lines["forward products"], lines["backward products"]) == (600 * chunks, 600 * chunks)
    assert lines["bytes over links"] == 2 * 600 * (chunks - 1)
    assert sum(own["actions"]["F"]["count"] for own in found["stage_actions"].values()) == 600 * chunks


@pytest.mark.parametrize(
    ("family", "algorithm"),
    [
        ("async", "analog-sgd"),
        ("greedy", {"name": "tiki-taka", "transfer_every": 2}),
        ("one-f-one-b", {"name": "agad", "threshold": 0.01}),
    ],
)
def test_a_resumed_run_ends_with_the_counts_and_rows_of_a_whole_one(family: str, algorithm: Any) -> None:
    hardware = {**HARDWARE, "timing": {**HARDWARE["timing"], "clock_ns": 100}, "energy": COSTS}
    scenario = small(family, hardware=hardware, algorithm=algorithm)
    equal_in_pieces(scenario, [0.15, 0.5, 0.8])
