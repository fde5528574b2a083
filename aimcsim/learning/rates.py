"""Rates of the two kinds of writes: gradients, and transfers."""

from __future__ import annotations

from collections.abc import Sequence

from aimcsim.learning.base import Floats, State


class Rates:
    """`gradient` is absolute, None for the learning rate and its schedule; `transfer` has one rate a transfer.

    With `scaled` those are multiplied by the learning rate of the update's micro-batch.
    """

    def __init__(self, gradient: float | None, transfer: Sequence[float], scaled: bool) -> None:
        self.gradient = gradient
        self.transfer = tuple(transfer)
        self.scaled = scaled

    def seen(self, x: Floats, d: Floats) -> None:
        """A micro-batch is about to be written; fixed rates take no notice."""

    def gradient_at(self, learning_rate: float) -> float:
        """Rate at which gradients are written."""
        return learning_rate if self.gradient is None else self.gradient

    def foreseen(self, x: Floats, d: Floats, learning_rate: float) -> float:
        """What `gradient_at` will be once this micro-batch has been seen."""
        return self.gradient_at(learning_rate)

    def transfer_at(self, transfer: int, learning_rate: float) -> float:
        """Rate at which what a transfer read is written."""
        rate = self.transfer[transfer]
        return rate * learning_rate if self.scaled else rate

    def state(self) -> State:
        """All that changes: nothing, of fixed rates."""
        return {}

    def load_state(self, state: State) -> None:
        """Put back what `state` gave."""
