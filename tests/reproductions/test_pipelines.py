"""Pipelines of one to eight stages keep to their closed forms; the fits behind the page find what was put in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import aimcsim
from aimcsim.shipped import shipped_root
from tests.reproductions import asynchrony, choosing, pipelines
from tests.reproductions.samples_to_eps import fit, power, samples_to_eps

#: Of the runs without numbers.
SAMPLES = 160


def timed(settings: dict[str, Any]) -> dict[str, Any]:
    """Summary of the eight layers with these settings, without numbers."""
    root = shipped_root()
    assert root is not None
    base = root / "scenarios/reproductions/base/pipeline-digits.yaml"
    length = {"training.epochs": None, "training.samples": SAMPLES}
    return aimcsim.simulate(aimcsim.load_scenario(str(base), settings | length), train=False).summary


@pytest.mark.parametrize("stages", [1, 2, 4, 8])
@pytest.mark.parametrize(("schedule", "flush"), [("serial", 1), ("one-f-one-b", 8), ("async", 1)])
def test_makespan_and_density_equal_the_closed_forms(schedule: str, flush: int, stages: int) -> None:
    summary = timed({"pipeline.schedule": schedule, "pipeline.stages": stages, "pipeline.micro_batches": flush})
    cycles, density = pipelines.closed_form(schedule, stages, flush, SAMPLES)
    assert summary["makespan_cycles"] == cycles
    assert summary["computation_density"] == pytest.approx(density, abs=1e-12)


def test_the_closed_forms_are_those_of_pipelines_that_count_forward_and_backward_alone() -> None:
    """With one layer a stage: 2 (K + M - 1) cycles async, 2 (M + B - 1) a mini-batch in sync, 2 M a sample serially."""
    assert pipelines.closed_form("async", 8, 1, 1000)[0] == 2 * (1000 + 7)
    assert pipelines.closed_form("one-f-one-b", 8, 8, 1000) == (125 * 2 * 15, pytest.approx(8 / 15))
    assert pipelines.closed_form("serial", 8, 1, 1000) == (16000, 1 / 8)


@pytest.mark.parametrize("stages", [1, 2, 4, 8])
@pytest.mark.parametrize(("algorithm", "transfer"), [("analog-sgd", 0), ("tiki-taka", 2), ("residual-learning-v2", 2)])
def test_transfers_lengthen_an_asynchronous_pipeline_by_their_cycles(
    stages: int, algorithm: str, transfer: int
) -> None:
    summary = timed(
        {
            "pipeline.stages": stages,
            "pipeline.micro_batch": 4,
            "hardware.timing.update": 1,
            "training.algorithm": algorithm,
        }
    )
    assert summary["makespan_cycles"] == asynchrony.asynchronous_cycles(stages, SAMPLES, transfer)


def test_a_fit_gives_back_the_terms_that_were_put_in() -> None:
    eps = np.array([0.8, 0.4, 0.2, 0.1])
    assert fit(eps, 120 * eps**-2 + 30 / eps) == pytest.approx([120, 30, 0], abs=1e-6)
    assert fit(eps, 50 / eps + 7) == pytest.approx([0, 50, 7], abs=1e-6)
    assert power(eps, 3 * eps**-1.5) == pytest.approx(1.5)


def test_samples_to_eps_are_where_the_mean_of_the_curve_so_far_crosses_eps() -> None:
    # f = 2 - s/100 over s in 0 .. 100: its mean so far is 2 - s/200, which is 1.8 at s = 40.
    metrics = [{"samples": s, "test_loss": 2 - s / 100} for s in range(0, 101, 20)]
    row = {"training.learning_rate": 0.018, "samples": 100, "makespan_cycles": 1000}
    found = samples_to_eps(row, metrics)
    assert found["eps"] == pytest.approx(1.8)
    assert found["samples_to_eps"] == pytest.approx(40)
    assert found["cycles_to_eps"] == pytest.approx(400)
    assert np.isnan(samples_to_eps(row | {"training.learning_rate": 0.01}, metrics)["samples_to_eps"])


def test_the_guide_takes_the_better_setting_of_an_algorithm_by_the_mean_over_seeds() -> None:
    rows = [
        {
            "training.algorithm": "analog-sgd",
            "training.learning_rate": rate,
            "hardware.device.dw_min": 0.05,
            "hardware.device.c_lin": 0.1,
            "test_accuracy": accuracy,
        }
        for rate, accuracy in ((0.003, 0.9), (0.003, 0.5), (0.01, 0.8), (0.01, 0.7))
    ]
    assert choosing.best_cells(rows) == {("analog-sgd", 40, 0.1): (0.8, 0.7)}
