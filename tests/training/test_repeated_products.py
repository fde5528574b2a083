"""Bound management costs time: a product that is repeated takes as long again."""

from __future__ import annotations

from typing import Any

import pytest

import aimcsim
from aimcsim.assembly import assemble
from aimcsim.pipeline.actions import BACKWARD, FORWARD, UPDATE
from tests.training.scenarios import HARDWARE, digits, run

SERIAL = {"schedule": "serial", "micro_batch": 4, "micro_batches": 1}


def hardware(**more: Any) -> dict[str, Any]:
    return {**HARDWARE, "tile": {"rows": 64, "columns": 16}, **more}


@pytest.mark.parametrize(("kind", "cycles"), [(FORWARD, 2), (BACKWARD, 3)])
def test_every_repeated_product_takes_the_time_of_one_more(kind: str, cycles: int) -> None:
    times = assemble(digits(SERIAL, hardware=hardware()), 20).plan.times
    assert [times.cycles(kind, 0, repeated) for repeated in (0, 1, 7)] == [4 * cycles, 5 * cycles, 11 * cycles]
    assert times.cycles(UPDATE, 0, 7) == 4 * 1 + 7 * 1


def test_fractions_of_a_cycle_are_rounded_up_once_with_the_repetitions() -> None:
    timing = {"clock_ns": 10.0, "forward_ns": 7.0, "backward_ns": 3.0}
    times = assemble(digits(SERIAL, hardware=hardware(timing=timing)), 20).plan.times
    # 28 ns and 35 ns forward, 12 ns and 15 ns backward, on a clock of 10 ns.
    assert [times.cycles(FORWARD, 0, repeated) for repeated in (0, 1)] == [3, 4]
    assert [times.cycles(BACKWARD, 0, repeated) for repeated in (0, 1, 3)] == [2, 2, 3]


def test_times_per_action_count_a_micro_batch_whatever_it_needs() -> None:
    timing = {"forward": 2, "backward": 3, "per": "action"}
    times = assemble(digits(SERIAL, hardware=hardware(timing=timing)), 20).plan.times
    assert times.cycles(FORWARD, 0, 7) == 2


def test_a_run_with_narrow_converters_takes_longer_by_whole_products_and_one_with_wide_ones_does_not() -> None:
    lengths = {}
    for bound in (0.2, 1e3):
        rows = run(digits(SERIAL, hardware=hardware(io={"out_bound": bound, "out_noise": 0.0}))).rows
        dense = [row for row in rows if ".fc" in row.tile]
        lengths[bound] = {kind: [row.end - row.start for row in dense if row.op == kind] for kind in "FB"}
    assert set(lengths[1e3]["F"]) == {4 * 2}
    assert {length % 2 for length in lengths[0.2]["F"]} == {0}
    assert min(lengths[0.2]["F"]) >= 8
    assert max(lengths[0.2]["F"]) > 8
    assert set(lengths[0.2]["B"]) == {4 * 3}


def test_the_summary_calls_times_measured_once_a_product_was_repeated() -> None:
    timing = {"forward": 2, "backward": 3}
    durations = {}
    for bound in (0.2, 1e3):
        io = {"out_bound": bound, "out_noise": 0.0}
        scenario = digits(SERIAL, hardware=hardware(timing=timing, io=io))
        durations[bound] = aimcsim.simulate(scenario).summary["durations"]
    assert durations == {0.2: "measured", 1e3: "fixed"}
