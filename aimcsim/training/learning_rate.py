"""Learning rate of a sample: constant, or multiplied by a factor every so many epochs."""

from __future__ import annotations

from aimcsim.scenario.training_spec import StepDecay


class LearningRate:
    """`at(sample)` for a constant rate or a `StepDecay`; `epoch` is the size of the training set in samples."""

    def __init__(self, rate: float | StepDecay, epoch: int) -> None:
        if isinstance(rate, StepDecay):
            self._initial, self._factor, self._every = rate.initial, rate.factor, rate.every_epochs * epoch
        else:
            self._initial, self._factor, self._every = rate, 1.0, 0

    def at(self, sample: int) -> float:
        """Rate for the sample with this global number."""
        if not self._every:
            return self._initial
        return float(self._initial * self._factor ** (sample // self._every))
