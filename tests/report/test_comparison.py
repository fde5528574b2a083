"""Figures of a comparison against values worked out by hand, for runs made up for the purpose."""

from __future__ import annotations

from typing import Any

from aimcsim.report.comparison import Column, Difference, compare
from aimcsim.report.reference import is_same_run, reference_of
from aimcsim.report.run_reader import MetricsRow, Run, RunSummary
from aimcsim.scenario.load import scenario_from_data
from aimcsim.scenario.spec import Scenario

NETWORK = {
    "input": [64],
    "layers": [{"name": "a", "type": "dense", "outputs": 8}, {"name": "b", "type": "dense", "outputs": 10}],
}


def scenario(**pipeline: Any) -> Scenario:
    data = {
        "name": "x",
        "model": NETWORK,
        "data": {"name": "digits", "train": 100},
        "pipeline": {"stages": 2, "micro_batch": 2, "micro_batches": 8} | pipeline,
        "training": {"epochs": 3},
    }
    return scenario_from_data(data)[0]


def run(
    schedule: str, cycles_per_sample: float, rows: list[tuple[int, int, float]], status: str = "completed", **more: Any
) -> Run:
    samples = 200
    figures = {
        "name": schedule, "seed": 0, "schedule": schedule, "algorithm": "analog-sgd", "stages": 2, "micro_batch": 2,
        "micro_batches": 8, "samples": samples, "makespan_cycles": int(samples * cycles_per_sample),
        "period_cycles": None, "cycles_per_sample": cycles_per_sample, "computation_density": 0.5, "utilisation": {},
        "staleness": {}, "peak_in_flight": {}, "status": status, "bottleneck": None, "step_per_sample": 0.1,
        "target_accuracy": None, "cycles_to_target": None, "samples_to_target": None,
    }  # fmt: skip
    kept = tuple(
        MetricsRow(samples=n, cycle=cycle, train_loss=None, test_loss=loss, test_accuracy=None)
        for n, cycle, loss in rows
    )
    return Run(more.get("scenario", scenario()), RunSummary.model_validate(figures), kept)


SERIAL = run("serial", 4, [(0, 0, 2.3), (100, 400, 1.0), (200, 800, 0.5)])
ASYNC = run("async", 1, [(0, 0, 2.3), (50, 50, 1.7), (100, 100, 1.1), (150, 150, 0.8), (200, 200, 0.6)])
SHORT = run("gpipe", 2, [(0, 0, 2.3), (50, 100, 1.6), (100, 200, 1.2), (150, 300, 0.9)])


def figures(*runs: Run) -> tuple[dict[str, Any], ...]:
    return compare([Column(str(number), each) for number, each in enumerate(runs)]).figures


def test_equal_samples_are_the_largest_count_that_all_were_evaluated_at() -> None:
    found = compare([Column("s", SERIAL), Column("a", ASYNC), Column("g", SHORT)])
    assert found.equal_samples == 100
    assert [each["at_equal_samples"]["test_loss"] for each in found.figures] == [1.0, 1.1, 1.2]


def test_equal_cycles_take_the_last_row_before_the_shortest_run_ends() -> None:
    found = compare([Column("s", SERIAL), Column("a", ASYNC), Column("g", SHORT)])
    assert found.equal_cycles == 200
    assert [each["at_equal_cycles"]["samples"] for each in found.figures] == [0, 200, 100]
    assert [each["at_equal_cycles"]["test_loss"] for each in found.figures] == [2.3, 0.6, 1.2]


def test_speed_ups_are_ratios_of_cycles_per_sample() -> None:
    assert [each["speed_up_over_first"] for each in figures(ASYNC, SERIAL, SHORT)] == [1, 0.25, 0.5]
    assert [each["speed_up_over_serial"] for each in figures(ASYNC, SERIAL, SHORT)] == [4, 1, 2]
    assert [each["speed_up_over_serial"] for each in figures(ASYNC, SHORT)] == [None, None]


def test_a_run_that_diverged_has_no_speed_and_does_not_decide_what_is_equal() -> None:
    diverged = run("async-greedy", 0.1, [(0, 0, 2.3)], status="diverged")
    found = compare([Column("s", SERIAL), Column("a", ASYNC), Column("d", diverged)])
    assert (found.equal_samples, found.equal_cycles) == (200, 200)
    last = found.figures[-1]
    assert (last["speed_up_over_first"], last["cycles_per_sample"], last["at_equal_samples"]) == (None, None, None)
    assert last["at_equal_cycles"]["samples"] == 0


def test_runs_without_numbers_have_times_alone() -> None:
    found = compare([Column("a", run("serial", 4, [])), Column("b", run("async", 1, []))])
    assert (found.equal_samples, found.equal_cycles) == (None, None)
    assert [each["at_equal_cycles"] for each in found.figures] == [None, None]
    assert [each["speed_up_over_serial"] for each in found.figures] == [1, 4]


def test_differences_other_than_name_and_schedule_are_found_and_the_reference_s_are_expected() -> None:
    columns = [
        Column("a", run("async", 1, [], scenario=scenario(schedule="async"))),
        Column("b", run("serial", 4, [], scenario=scenario(schedule="serial", micro_batch=4))),
        Column("reference", run("serial", 4, [], scenario=scenario(schedule="serial", micro_batches=1)), True),
    ]
    assert list(compare(columns).differences) == [Difference("pipeline.micro_batch", {"a": 2, "b": 4})]
    assert compare([columns[0], columns[2]]).differences == ()


def test_the_reference_is_serial_with_as_many_samples_evaluated_at_the_same_places() -> None:
    # 3 epochs of 100 are 300 samples, 18 whole mini-batches of 16: 288. An epoch's 100 round up to 7 mini-batches.
    reference = reference_of(scenario(schedule="async", max_in_flight=2))
    assert reference is not None
    assert reference.pipeline.schedule == "serial"
    assert (reference.pipeline.micro_batches, reference.pipeline.micro_batch) == (1, 2)
    assert (reference.training.samples, reference.training.evaluate_every) == (288, 112)
    assert reference.training.epochs is None


def test_a_run_that_is_the_reference_is_recognised() -> None:
    reference = reference_of(scenario(schedule="async", micro_batches=1))
    assert reference is not None
    assert is_same_run(scenario(schedule="serial", micro_batches=1), reference)
    assert not is_same_run(scenario(schedule="serial", micro_batches=8), reference)
    assert not is_same_run(scenario(schedule="async", micro_batches=1), reference)
    assert not is_same_run(scenario(schedule="serial", micro_batches=1, micro_batch=4), reference)


def test_there_is_no_reference_without_training() -> None:
    chain, _ = scenario_from_data({"name": "c", "model": {"chain": 2}, "training": {"samples": 4}})
    assert reference_of(chain) is None
