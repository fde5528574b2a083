"""The claims of docs/reproductions/mnist-fcn.md, one seed at fewer epochs; the sweeps take far longer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import aimcsim
from aimcsim.data.load import load_dataset
from aimcsim.errors import DataMissing
from aimcsim.scenario.data_spec import DataSpec
from aimcsim.sweep.points import Point, sweep_points
from aimcsim.sweep.reading import read_sweep
from tests.reproductions.mnist_fcn import ALGORITHM, BY_LINE, TAU, name_of
from tests.reproductions.report import Row


def found(sweep: str, epochs: int, wanted: Callable[[Row], bool] = lambda settings: True) -> dict[str, float]:
    """Accuracies of the sweep's first seed after so many epochs, by algorithm (and τ where that varies).

    They are those of the sweep's own curves at that epoch: nothing in a run hangs on its length.
    """
    points = [point for point in sweep_points(read_sweep(sweep)) if point.settings["seed"] == 0]
    points = [point for point in points if wanted(point.settings)]
    skip_without(points[0].scenario.data)
    return {named(point.settings): accuracy(point, epochs) for point in points}


def skip_without(data: DataSpec) -> None:
    """MNIST comes with no package."""
    try:
        load_dataset(data, seed=0)
    except DataMissing as error:
        pytest.skip(str(error))


def named(settings: Row) -> str:
    tau = f" {settings[TAU]:.2f}" if TAU in settings else ""
    return name_of(settings[ALGORITHM]) + tau


def accuracy(point: Point, epochs: int) -> float:
    training = point.scenario.training.model_copy(update={"epochs": epochs})
    summary = aimcsim.simulate(point.scenario.model_copy(update={"training": training})).summary
    assert summary["status"] == "completed"
    reached: float = summary["test_accuracy"]
    return reached


def is_one_factor(settings: Row) -> bool:
    return not settings.get(BY_LINE)


@pytest.mark.long
def test_analog_sgd_is_at_chance_where_tiki_taka_learns_whatever_tau() -> None:
    # Some 4 minutes. The curves at epoch 4: analog SGD 10.3, 10.4, 11.3 %, Tiki-Taka 93.2, 93.7, 93.7, digital 95.7.
    reached = found("analog-sgd-figure-5", 4, is_one_factor)
    tiki_taka = [reached[f"Tiki-Taka {tau}"] for tau in ("0.70", "0.78", "0.80")]
    assert max(reached[f"analog SGD {tau}"] for tau in ("0.70", "0.78", "0.80")) < 0.12
    assert min(tiki_taka) > 0.90
    assert max(tiki_taka) - min(tiki_taka) < 0.03
    assert reached["digital SGD 0.70"] > max(tiki_taka)


@pytest.mark.long
@pytest.mark.parametrize("sweep", ["few-states-fashion-mnist", "few-states-mnist"])
def test_with_few_states_more_tiles_are_better_and_mixed_precision_is_best(sweep: str) -> None:
    # Some 2 minutes each. The curves at epoch 2, Fashion-MNIST: tiles 68.7, 73.7, 75.9 %, Tiki-Taka 64.9, 52.2, mixed
    # precision 83.4; MNIST: tiles 82.2, 86.0, 89.2 %, Tiki-Taka 80.5 and 89.7, mixed precision 95.1.
    reached = found(sweep, 2)
    three, four, six = (reached[f"residual learning, {tiles} tiles"] for tiles in (3, 4, 6))
    assert three + 0.01 < four
    assert four + 0.01 < six
    assert six > reached["Tiki-Taka"] + 0.03
    assert reached["mixed precision"] > six + 0.03


@pytest.mark.long
def test_on_the_power_response_two_arrays_learn_where_analog_sgd_stays_at_chance() -> None:
    # Some 2 minutes. The curves at epoch 2: residual learning 92.2 %, analog SGD 11.3.
    wanted = ("analog SGD", "residual learning")
    reached = found("residual-learning-fcn-power", 2, lambda settings: name_of(settings[ALGORITHM]) in wanted)
    assert reached["analog SGD"] < 0.12
    assert reached["residual learning"] > 0.90
