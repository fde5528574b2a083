"""The micro-batches in flight: made when their first operation starts, gone when all chunks have applied them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aimcsim.training.learned import LearnedVectors
from aimcsim.training.micro_batch import MicroBatch
from aimcsim.training.program import Program

Floats = NDArray[np.float32]

#: Gives inputs (n, size) and targets of the samples first … first + n - 1 of the endless stream.
Fetch = Callable[[int, int], tuple[Floats, NDArray[Any]]]


class InFlight:
    """Micro-batches by number, of `size` samples each."""

    def __init__(self, program: Program, size: int, learned: LearnedVectors, fetch: Fetch) -> None:
        self._program = program
        self._size = size
        self._learned = learned
        self._fetch = fetch
        self._batches: dict[int, MicroBatch] = {}

    def __getitem__(self, number: int) -> MicroBatch:
        return self._batches[number]

    def enter(self, number: int) -> MicroBatch:
        """The micro-batch with this number, with its samples if it is new."""
        batch = self._batches.get(number)
        if batch is None:
            first = number * self._size
            data, targets = self._fetch(first, self._size)
            batch = self._batches[number] = MicroBatch(self._program, first, data, targets, self._learned)
        return batch

    def applied(self, number: int) -> None:
        """A chunk has applied the micro-batch; after the last one it is forgotten."""
        batch = self._batches[number]
        batch.lines.forget()
        batch.chunks_left -= 1
        if batch.chunks_left == 0:
            del self._batches[number]

    def state(self) -> dict[int, Any]:
        """What each micro-batch has computed so far."""
        return {number: batch.state() for number, batch in self._batches.items()}

    def load_state(self, state: dict[int, Any]) -> None:
        """Put back what `state` gave."""
        for number, computed in state.items():
            self.enter(number).load_state(computed)
