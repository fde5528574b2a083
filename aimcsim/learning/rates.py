"""Rates of the two kinds of writes: gradients, and transfers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Rates:
    """`gradient` is absolute, None for the learning rate and its schedule; `transfer` has one rate a transfer.

    With `scaled` those are multiplied by the learning rate of the update's micro-batch.
    """

    gradient: float | None
    transfer: Sequence[float]
    scaled: bool

    def gradient_at(self, learning_rate: float) -> float:
        """Rate at which gradients are written."""
        return learning_rate if self.gradient is None else self.gradient

    def transfer_at(self, transfer: int, learning_rate: float) -> float:
        """Rate at which what a transfer read is written."""
        rate = self.transfer[transfer]
        return rate * learning_rate if self.scaled else rate
