"""What an executor needs to know beside the weights."""

from __future__ import annotations

from dataclasses import dataclass

from aimcsim.hardware.arrays import ONE_ARRAY, ArraysPlan
from aimcsim.pipeline.actions import BACKWARD, FORWARD, TRANSFER_READ, TRANSFER_WRITE, UPDATE
from aimcsim.training.learning_rate import LearningRate
from aimcsim.training.program import Program


@dataclass(frozen=True)
class TrainingPlan:
    """What an executor needs beside the weights. `mini_batch`: micro-batches one step of U applies (1, or B).

    `error_scale` multiplies the error of every sample: 1 for reduction sum, 1 / (samples averaged over) for mean.
    `counted`: kinds of operation whose counts decide how long they take.
    """

    program: Program
    loss: str
    micro_batch: int
    stages: int
    learning_rate: LearningRate
    error_scale: float
    mini_batch: int = 1
    gradient_apart: bool = False
    cycle_seconds: float | None = None
    arrays: ArraysPlan = ONE_ARRAY
    counted: frozenset[str] = frozenset({FORWARD, BACKWARD, UPDATE, TRANSFER_READ, TRANSFER_WRITE})

    def rate(self, micro_batch: int) -> float:
        """Learning rate of a micro-batch: that of its first sample."""
        return self.learning_rate.at(micro_batch * self.micro_batch)

    def applied_by(self, last: int) -> range:
        """Numbers of the micro-batches that the U of micro-batch `last` applies."""
        return range(last - self.mini_batch + 1, last + 1)
