"""The points of a sweep, run for fewer samples than the sweep has."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import aimcsim
from aimcsim.data.load import load_dataset
from aimcsim.errors import DataMissing
from aimcsim.scenario.data_spec import DataSpec
from aimcsim.sweep.points import Point, sweep_points
from aimcsim.sweep.reading import read_sweep
from tests.reproductions.mnist_fcn import ALGORITHM, TAU, name_of
from tests.reproductions.report import Row


def found(sweep: str, samples: int, wanted: Callable[[Row], bool] = lambda settings: True) -> dict[str, float]:
    """Accuracies of the sweep's first seed after so many samples, by algorithm (and τ where that varies).

    They are those of the sweep's own curves at that place: nothing in a run hangs on its length.
    """
    points = [point for point in sweep_points(read_sweep(sweep)) if point.settings["seed"] == 0]
    points = [point for point in points if wanted(point.settings)]
    skip_without(points[0].scenario.data)
    return {named(point.settings): accuracy(point, samples) for point in points}


def skip_without(data: DataSpec) -> None:
    """MNIST comes with no package."""
    try:
        load_dataset(data, seed=0)
    except DataMissing as error:
        pytest.skip(str(error))


def named(settings: Row) -> str:
    tau = f" {settings[TAU]:.2f}" if TAU in settings else ""
    return name_of(settings[ALGORITHM]) + tau


def accuracy(point: Point, samples: int) -> float:
    training = point.scenario.training.model_copy(update={"epochs": None, "samples": samples})
    summary = aimcsim.simulate(point.scenario.model_copy(update={"training": training})).summary
    assert summary["status"] == "completed"
    reached: float = summary["test_accuracy"]
    return reached
