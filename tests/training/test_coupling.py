"""Time and numbers meet: staleness is what the run did, evaluation only looks, and a diverging run ends as one."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from aimcsim.pipeline.machine import Machine
from aimcsim.simulation import simulate
from aimcsim.trace.metrics import MetricsRecorder
from aimcsim.trace.oplog import NoOpLog
from aimcsim.training.session import open_session
from tests.pipeline.machines import disorder
from tests.training.plain_network import plain_loop
from tests.training.scenarios import ANALOG, DIGITAL, MODEL, Run, digits, run, same_weights


def on_stages(schedule: str, times: list[tuple[int, int, int]], **rest: Any) -> Run:
    """A run with the given F, B and U cycles of each stage."""
    names = ("forward", "backward", "update")
    triples = [dict(zip(names, triple, strict=True)) for triple in times]
    pipeline = {"schedule": schedule, "stages": len(times), "micro_batch": 2, **rest.pop("pipeline", {})}
    return run(digits(pipeline, hardware={"timing": {"stages": triples}}, **rest))


def versions_read(found: Run, stage: int, op: str = "F") -> list[int]:
    rows = [row for row in found.rows if (row.stage, row.op) == (stage, op)]
    layer = rows[0].tile
    return [row.version_read for row in sorted(rows, key=lambda row: row.micro_batch) if row.tile == layer]


EVEN = [(1, 1, 1)] * 4
SLOW_THIRD = [(1, 1, 1), (1, 1, 1), (3, 4, 2), (1, 1, 1)]


# ---------------------------------------------------------------------------- time decides, or the order


@pytest.mark.parametrize("algorithm", [ANALOG, DIGITAL])
def test_under_a_policy_the_time_of_one_stage_changes_what_all_read_and_so_the_losses(algorithm: str) -> None:
    even = on_stages("async-greedy", EVEN, algorithm=algorithm)
    slow = on_stages("async-greedy", SLOW_THIRD, algorithm=algorithm)
    assert any(versions_read(even, m) != versions_read(slow, m) for m in (1, 2))
    assert even.losses != slow.losses
    assert not same_weights(even.weights, slow.weights)
    # Until the first stale read differs, so do no losses: the coupling is through the arrays alone.
    changed = min(k for m in (1, 2, 3, 4) for k in range(16) if versions_read(even, m)[k] != versions_read(slow, m)[k])
    assert all(even.losses[k] == slow.losses[k] for k in range(changed))
    assert even.losses[changed] != slow.losses[changed]


@pytest.mark.parametrize("schedule", ["async", "gpipe", "serial"])
def test_in_a_fixed_order_only_the_cycles_change_and_every_loss_stays(schedule: str) -> None:
    pipeline = {"micro_batches": 4}
    even = on_stages(schedule, EVEN, pipeline=pipeline, evaluate_every=8)
    slow = on_stages(schedule, SLOW_THIRD, pipeline=pipeline, evaluate_every=8)
    assert even.result.summary["makespan_cycles"] < slow.result.summary["makespan_cycles"]
    assert even.losses == slow.losses
    assert same_weights(even.weights, slow.weights)
    for one, other in zip(even.metrics, slow.metrics, strict=True):
        assert one | {"cycle": 0} == other | {"cycle": 0}
    assert [row["cycle"] for row in even.metrics] != [row["cycle"] for row in slow.metrics]
    assert all(versions_read(even, m) == versions_read(slow, m) for m in (1, 2, 3, 4))


@pytest.mark.parametrize(("limit", "factor"), [("M-m+1", 1), ("2(M-m)+1", 2), (1, 0)])
def test_in_the_fixed_order_the_staleness_of_a_trained_run_follows_from_the_limit(limit: Any, factor: int) -> None:
    found = on_stages("async", SLOW_THIRD, pipeline={"max_in_flight": limit})
    for m in (1, 2, 3, 4):
        stale = factor * (4 - m)
        # A serial run has applied n updates before forward n; the fill of the pipeline is less stale.
        assert [n - read for n, read in enumerate(versions_read(found, m))] == [min(n, stale) for n in range(16)]
        assert versions_read(found, m, "B") == list(range(16))
        staleness = found.result.summary["staleness"][str(m)]
        assert (staleness["forward_max"], staleness["backward_max"]) == (stale, 0)
        assert staleness["forward_mean"] == sum(min(n, stale) for n in range(16)) / 16


def test_stale_reads_cost_something_and_none_is_serial() -> None:
    serial = on_stages("serial", EVEN)
    fresh = on_stages("async", EVEN, pipeline={"max_in_flight": 1})
    stale = on_stages("async", EVEN)
    assert fresh.losses == serial.losses
    assert same_weights(fresh.weights, serial.weights)
    assert stale.losses != serial.losses


@pytest.mark.parametrize("schedule", ["pipedream", "pipedream-2bw"])
def test_digital_copies_make_forward_and_backward_read_one_version(schedule: str) -> None:
    found = on_stages(schedule, EVEN, algorithm=DIGITAL, pipeline={"micro_batches": 4})
    for m in (1, 2, 3, 4):
        assert versions_read(found, m, "F") == versions_read(found, m, "B")
    lag = [max(0, n - 3) for n in range(16)] if schedule == "pipedream" else [max(0, n // 4 - 1) for n in range(16)]
    assert versions_read(found, 1) == lag


# ---------------------------------------------------------------------------- time that passes


def test_the_simulated_seconds_since_it_was_last_touched_reach_every_array() -> None:
    timing = {"clock_ns": 5.0, "forward_ns": 12.0, "backward_ns": 7.0, "update_ns": 3.0, "pulse_ns": 1.0}
    scenario = digits({"schedule": "async", "stages": 4, "micro_batch": 2}, hardware={"timing": timing})
    session = open_session(scenario)
    heard: dict[int, list[float]] = {}
    for unit, weights in session.executor.weights.items():
        heard[unit] = []
        weights.elapse = lambda seconds, role, told=heard[unit]: told.append(seconds)  # type: ignore[method-assign]
    starts: dict[int, list[int]] = {unit: [] for unit in heard}
    log = NoOpLog()
    log.append = lambda unit, kind, k, start, *rest: starts[unit].append(start)  # type: ignore[method-assign, assignment]
    assembly = session.assembly
    Machine(assembly.plan, MetricsRecorder(assembly.floorplan, assembly.schedule, log), session.executor).run()
    for unit, times in heard.items():
        assert len(times) == 3 * 16
        # In order of their starts; 5 ns a cycle; 1e-20 s is far below a cycle and above the rounding of 1e-6 s.
        cycles = np.diff([0, *sorted(starts[unit])])
        assert np.abs(np.array(times) - cycles * 5e-9).max() < 1e-20


# ---------------------------------------------------------------------------- evaluation


@pytest.mark.parametrize("schedule", ["async", "async-greedy", "one-f-one-b"])
def test_evaluation_is_an_observer_that_changes_neither_losses_nor_weights_nor_cycles(schedule: str) -> None:
    pipeline = {"schedule": schedule, "stages": 4, "micro_batch": 2, "micro_batches": 2}
    often, seldom = (run(digits(pipeline, evaluate_every=every)) for every in (1, 32))
    assert len(often.metrics) == 9
    assert len(seldom.metrics) == 2
    assert often.losses == seldom.losses
    assert often.rows == seldom.rows
    assert same_weights(often.weights, seldom.weights)
    # What they both look at they see alike: noise is keyed by the number of samples, not by the count of looks.
    for column in ("samples", "cycle", "test_loss", "test_accuracy"):
        assert often.metrics[-1][column] == seldom.metrics[-1][column]
        assert often.metrics[0][column] == seldom.metrics[0][column]


def test_evaluation_has_noise_of_its_own_and_none_where_it_is_perfect() -> None:
    scenario = digits({"schedule": "serial"}, learning_rate=0.0, evaluate_every=4)
    noisy = [row["test_loss"] for row in run(scenario).metrics]
    assert len(set(noisy)) == len(noisy), "the weights stand still, the noise does not"
    perfect = scenario.model_copy(update={"evaluation": scenario.evaluation.model_copy(update={"io": "perfect"})})
    assert len({row["test_loss"] for row in run(perfect).metrics}) == 1


def test_row_0_is_the_initial_state_and_the_last_comes_after_the_drain() -> None:
    found = on_stages("async", SLOW_THIRD, evaluate_every=8)
    first, *_, last = found.metrics
    assert (first["samples"], first["cycle"], first["train_loss"]) == (0, 0, None)
    assert (last["samples"], last["cycle"]) == (32, found.result.summary["makespan_cycles"])
    assert all(a["cycle"] < b["cycle"] for a, b in pairwise(found.metrics))


@pytest.mark.parametrize(
    ("every", "micro_batches", "samples"),
    [
        (1, 1, [2 * n for n in range(17)]),
        (5, 1, [0, 6, 12, 18, 24, 30, 32]),
        (5, 4, [0, 8, 16, 24, 32]),
        (9, 4, [0, 16, 32]),
    ],
)
def test_evaluate_every_is_rounded_up_to_whole_mini_batches(every: int, micro_batches: int, samples: list[int]) -> None:
    for schedule in ("async", "gpipe"):
        pipeline = {"schedule": schedule, "stages": 2, "micro_batch": 2, "micro_batches": micro_batches}
        metrics = run(digits(pipeline, evaluate_every=every)).metrics
        assert [row["samples"] for row in metrics] == samples
        assert [row["epoch"] for row in metrics] == [n / 20 for n in samples]


def test_without_evaluate_every_a_row_comes_each_epoch() -> None:
    metrics = run(digits({"schedule": "async", "micro_batch": 4}, train=20, samples=None, epochs=3)).metrics
    assert [(row["samples"], row["epoch"]) for row in metrics] == [(0, 0.0), (20, 1.0), (40, 2.0), (60, 3.0)]


def test_the_target_is_reached_at_the_first_evaluated_row_at_or_past_it() -> None:
    settings: dict[str, Any] = {"samples": 600, "train": 300, "test": 200, "evaluate_every": 60, "algorithm": DIGITAL}
    model = {"input": [64], "layers": [{"name": "a", "type": "dense", "outputs": 10}]}
    pipeline = {"schedule": "async"}
    found = run(digits(pipeline, model=model, reduction="sum", **settings))
    best = max(row["test_accuracy"] for row in found.metrics)
    assert 0.5 < best < 1
    for target, row in ((best, next(r for r in found.metrics if r["test_accuracy"] == best)), (1.0, None)):
        summary = run(digits(pipeline, model=model, reduction="sum", target_accuracy=target, **settings)).result.summary
        assert summary["target_accuracy"] == target
        assert summary["cycles_to_target"] == (row["cycle"] if row else None)
        assert summary["samples_to_target"] == (row["samples"] if row else None)
    assert found.result.summary["cycles_to_target"] is None


# ---------------------------------------------------------------------------- samples and steps


def test_samples_are_rounded_down_to_whole_mini_batches_and_the_summary_says_so() -> None:
    for schedule in ("async", "gpipe", "serial"):
        pipeline = {"schedule": schedule, "stages": 2, "micro_batch": 2, "micro_batches": 3}
        summary = run(digits(pipeline, samples=29)).result.summary
        assert summary["samples"] == 24
        assert summary["notes"] == ["samples: 29 rounded down to 24, whole mini-batches"]
        assert run(digits(pipeline, samples=24)).result.summary["notes"] == []


@pytest.mark.parametrize(("schedule", "count"), [("serial", 8), ("one-f-one-b", 8), ("async", 2), ("async-greedy", 2)])
def test_a_mean_over_the_samples_of_an_update_is_the_sum_at_a_rate_so_many_times_smaller(
    schedule: str, count: int
) -> None:
    # 8 = mini-batch of 4 · 2, 2 = micro-batch: powers of two, so the scaling is exact in floats and bits must agree.
    pipeline = {"schedule": schedule, "stages": 4, "micro_batch": 2, "micro_batches": 4}
    mean = run(digits(pipeline, algorithm=DIGITAL, reduction="mean", learning_rate=0.5))
    total = run(digits(pipeline, algorithm=DIGITAL, reduction="sum", learning_rate=0.5 / count))
    assert mean.losses == total.losses
    assert same_weights(mean.weights, total.weights)
    assert mean.result.summary["step_per_sample"] == total.result.summary["step_per_sample"] == 0.5 / count


def test_with_a_sum_every_schedule_takes_the_same_step_per_sample() -> None:
    for schedule in ("serial", "gpipe", "async", "async-greedy", "interleaved"):
        pipeline = {"schedule": schedule, "stages": 2, "micro_batch": 2, "micro_batches": 4}
        summary = run(digits(pipeline, reduction="sum", learning_rate=0.25)).result.summary
        assert summary["step_per_sample"] == 0.25


@pytest.mark.parametrize("algorithm", [ANALOG, DIGITAL])
def test_the_learning_rate_decays_by_the_number_of_the_sample_not_by_the_clock(algorithm: str) -> None:
    decay = {"initial": 0.4, "factor": 0.3, "every_epochs": 1}
    pipeline = {"schedule": "one-f-one-b", "stages": 4, "micro_batch": 2, "micro_batches": 2}
    # 20 training samples: mini-batches of 4 meet the epoch's end exactly; two decays in 44 samples.
    scenario = digits(pipeline, algorithm=algorithm, learning_rate=decay, samples=44)
    found = run(scenario)
    plain, losses = plain_loop(scenario, 2)
    assert [found.losses[k] for k in range(22)] == [loss / 2 for loss in losses]
    assert same_weights(found.weights, plain.final_weights())
    constant = run(digits(pipeline, algorithm=algorithm, learning_rate=0.4, samples=44))
    differing = [k for k in range(22) if constant.losses[k] != found.losses[k]]
    assert differing[0] == 12, "micro-batch 10 is the first of epoch 1, 12 the first to read what it wrote"


# ---------------------------------------------------------------------------- divergence

EXPLODING = {
    "input": [64],
    "loss": "squared",
    "layers": [
        {"name": "fc1", "type": "dense", "outputs": 9},
        {"name": "act", "type": "relu"},
        {"name": "fc2", "type": "dense", "outputs": 9},
        {"name": "fc3", "type": "dense", "outputs": 10},
    ],
}
IDEAL = {"device": "ideal", "io": {"is_perfect": True}}


@pytest.mark.parametrize("algorithm", [ANALOG, DIGITAL])
@pytest.mark.parametrize("schedule", ["serial", "async", "async-greedy", "one-f-one-b"])
@pytest.mark.parametrize("rate", [3.0, 30.0, 1e4, 1e12])
def test_a_loss_that_is_not_finite_stops_the_run_as_diverged_with_cycle_and_samples(
    monkeypatch: pytest.MonkeyPatch, schedule: str, algorithm: str, rate: float
) -> None:
    pipeline = {"schedule": schedule, "stages": 3, "micro_batch": 2, "micro_batches": 2}
    hardware = IDEAL | {"timing": {"forward": 1}}
    scenario = digits(
        pipeline, algorithm=algorithm, model=EXPLODING, hardware=hardware, learning_rate=rate, samples=120
    )
    found = run(scenario)
    summary = found.result.summary
    assert summary["status"] == "diverged"
    bad = [k for k, loss in found.losses.items() if not np.isfinite(loss)]
    assert bad == [max(found.losses)], "the first such loss is the last of the run"
    assert summary["diverged"]["samples"] == 2 * (bad[0] + 1)
    ended = [row.end for row in found.rows if row[1:4] == (3, "F", bad[0])]
    assert summary["diverged"]["cycle"] == max(ended)
    assert max(row.end for row in found.rows) <= max(ended)
    # All that happened in that cycle is in the log, whatever came off the event queue first.
    for seed in range(3):
        with monkeypatch.context() as patch:
            disorder(patch, seed)
            assert run(scenario).rows == found.rows


def test_a_run_that_does_not_diverge_says_so() -> None:
    summary = simulate(digits({"schedule": "async"}, model=MODEL)).summary
    assert (summary["status"], summary["diverged"]) == ("completed", None)


def test_a_training_run_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    simulate(digits({"schedule": "async", "stages": 4}, samples=8))
    assert capsys.readouterr() == ("", "")
