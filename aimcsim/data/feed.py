"""What goes into the network: samples taken from the data set, changed and scaled as the scenario says."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aimcsim.data.augmentation import augmented, choices
from aimcsim.data.dataset import Dataset
from aimcsim.data.least_squares import fresh_noise
from aimcsim.scenario.data_spec import DataSpec

Floats = NDArray[np.float32]


class Feed:
    """Samples as rows (n, values). Augmentation is for training, scaling for both parts."""

    def __init__(self, dataset: Dataset, spec: DataSpec, seed: int) -> None:
        self._dataset = dataset
        self._spec = spec
        self._seed = seed
        self._values = prod(dataset.input_shape)
        self._scaling = _scaling(spec, dataset.input_shape)

    def training(self, indices: NDArray[np.int64], first: int) -> Floats:
        """Training samples `indices`, which are number `first` and on of the endless stream."""
        x: Floats = self._dataset.train_x[indices]
        if self._spec.augmentation is not None:
            images = x.reshape(len(x), -1, *self._dataset.input_shape[-2:])
            x = augmented(images, self._spec.augmentation, choices(self._seed, first, len(x)))
        return self._scaled(x.reshape(len(x), self._values))

    def targets(self, indices: NDArray[np.int64], first: int) -> NDArray[Any]:
        """Their labels or targets, with the noise of these visits where the problem has such noise."""
        targets: NDArray[Any] = self._dataset.train_y[indices]
        problem = self._spec.problem
        if problem is None or problem.fresh_noise_std == 0.0:
            return targets
        return targets + fresh_noise(problem, self._seed, first, len(indices))

    def test(self, first: int, count: int) -> Floats:
        """Test samples first … first + count − 1, fewer at the end of the set."""
        x = self._dataset.test_x[first : first + count]
        return self._scaled(x.reshape(len(x), self._values))

    def _scaled(self, x: Floats) -> Floats:
        if self._scaling is None:
            return x
        mean, factor = self._scaling
        return (x - mean) * factor


def _scaling(spec: DataSpec, shape: tuple[int, ...]) -> tuple[Floats, Floats] | None:
    """What is subtracted from every value of a sample (values,), and what it is then multiplied by; None for nothing.

    A list has one number a channel, the first dimension of a sample of three.
    """
    if spec.mean == 0.0 and spec.std == 1.0:
        return None
    mean, std = (np.asarray(number, np.float64) for number in (spec.mean, spec.std))
    return _by_value(mean, shape), _by_value(1.0 / std, shape)


def _by_value(numbers: NDArray[np.float64], shape: tuple[int, ...]) -> Floats:
    channels = numbers.reshape(-1, *(1,) * (len(shape) - 1))
    return np.broadcast_to(channels, shape).astype(np.float32).reshape(-1)
