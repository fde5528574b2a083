"""How far a run is from its optimum, against the closed form of least squares."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import aimcsim
from aimcsim.data.least_squares import OPTIMUM_COLUMNS
from aimcsim.data.load import load_dataset
from aimcsim.result import Result
from tests.pipeline.machines import scenario_of

PROBLEM = {"inputs": 5, "outputs": 3, "input_std": 1.0, "weight_std": 0.5, "noise_std": 0.3}
TILES = {"rows": 3, "columns": 2}
RESIDUAL = {"name": "residual-learning", "gamma": 0.4}


def run(**changes: Any) -> Result:
    scenario: dict[str, Any] = {
        "model": {
            "input": [5],
            "layers": [{"name": "w", "type": "dense", "outputs": 3, "bias": "none", "init_value": 0.25}],
            "loss": "squared",
        },
        "data": {"name": "least-squares", "train": 20, "test": 2, "problem": PROBLEM},
        "hardware": {"device": "ideal", "io": {"is_perfect": True}, "tile": TILES},
        "pipeline": {"stages": 1, "schedule": "serial", "micro_batch": 1},
        "training": {"algorithm": "digital-sgd", "learning_rate": 0.05, "samples": 40, "evaluate_every": 4},
        "trace": {"ops": "none"},
    }
    return aimcsim.simulate(scenario_of(**set_paths(scenario, changes)))


def set_paths(scenario: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A copy with the values at dotted paths replaced."""
    found = copy.deepcopy(scenario)
    for path, value in changes.items():
        *parents, last = path.split(".")
        place: Any = found
        for key in parents:
            place = place[int(key) if isinstance(place, list) else key]
        place[last] = value
    return found


@pytest.mark.parametrize("algorithm", ["digital-sgd", "analog-sgd", RESIDUAL])
def test_the_figures_of_the_last_row_are_those_of_the_final_weights(algorithm: Any) -> None:
    result = run(**{"training.algorithm": algorithm})
    data = load_dataset(result.scenario.data, result.scenario.seed)
    x, y = data.train_x.astype(float), np.asarray(data.train_y, float)
    w, best = result.weights["w"].astype(float), np.linalg.solve(x.T @ x, x.T @ y).T

    def f(weights: Any) -> float:
        return float(0.5 * np.mean([np.sum((weights @ a - b) ** 2) for a, b in zip(x, y, strict=True)]))

    gradient = np.mean([np.outer(w @ a - b, a) for a, b in zip(x, y, strict=True)], axis=0)
    expected = [f(w) - f(best), np.sum(gradient**2), np.sum((w - best) ** 2), np.abs(w).max()]
    found = [result.metrics.to_pylist()[-1][name] for name in OPTIMUM_COLUMNS]
    # Float32 weights of the evaluation and of the end may differ in the last bit of a sum of two arrays.
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_the_summary_holds_their_means_over_the_last_fifth_of_the_samples() -> None:
    result = run()
    rows = [row for row in result.metrics.to_pylist() if row["samples"] > 32]
    assert [row["samples"] for row in rows] == [36, 40]
    assert result.summary["optimum"] == {name: np.mean([row[name] for row in rows]) for name in OPTIMUM_COLUMNS}


@pytest.mark.parametrize(
    "changes",
    [
        {"model.layers.0.bias": "digital"},
        {"model.layers": [{"name": "a", "type": "dense", "outputs": 3, "bias": "none"}, {"name": "t", "type": "tanh"}]},
    ],
)
def test_other_networks_have_no_such_columns(changes: dict[str, Any]) -> None:
    result = run(**changes)
    assert not set(OPTIMUM_COLUMNS) & set(result.metrics.column_names)
    assert "optimum" not in result.summary


def test_a_run_that_overflows_has_no_figures_at_its_end() -> None:
    result = run(**{"training.learning_rate": 1e6, "training.samples": 400})
    assert result.summary["status"] == "diverged"
    assert set(result.metrics.column_names) >= set(OPTIMUM_COLUMNS)


def test_weights_begin_at_the_value_that_is_given() -> None:
    first = run().metrics.to_pylist()[0]
    assert first["largest_weight"] == 0.25
    assert run(**{"model.layers.0.init_value": -2}).metrics.to_pylist()[0]["largest_weight"] == 2.0


def test_fresh_noise_moves_neither_the_problem_nor_its_optimum_but_every_gradient() -> None:
    quiet, noisy = run(), run(**{"data.problem.fresh_noise_std": 0.5})
    assert quiet.metrics.to_pylist()[0] == noisy.metrics.to_pylist()[0]
    assert quiet.metrics.to_pylist()[1] != noisy.metrics.to_pylist()[1]


def test_fresh_noise_does_not_depend_on_how_samples_are_grouped() -> None:
    # reduction sum and a rate so small that weights do not move: the losses are those of the noisy targets alone.
    still = {"data.problem.fresh_noise_std": 0.5, "training.learning_rate": 1e-30, "training.reduction": "sum"}
    one = run(**still, **{"training.evaluate_every": 20})
    four = run(**still, **{"training.evaluate_every": 20, "pipeline.micro_batch": 4})
    losses = [[row["train_loss"] for row in result.metrics.to_pylist()] for result in (one, four)]
    assert losses[0][0] is None
    np.testing.assert_allclose(losses[0][1:], losses[1][1:], rtol=1e-6)
    assert losses[0][1] != losses[0][2]  # the second epoch: the same samples, other noise
