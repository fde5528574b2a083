"""A digital buffer between P and W, from which whole pulses are sent: what Tiki-Taka v2 and its successors share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aimcsim.hardware.arrays import ArraysPlan
from aimcsim.learning.analog_sgd import AnalogSGD
from aimcsim.learning.base import Floats, State
from aimcsim.learning.rates import Rates
from aimcsim.learning.several_arrays import Lines, SeveralArrays, span


@dataclass(frozen=True)
class Pulsing:
    """A content of `threshold` makes one pulse, of weight `step`; at most `most` at a time (None: any number)."""

    threshold: float
    step: float
    most: int | None = 1

    def whole(self, content: Floats) -> Floats:
        """Whole pulses in `content`, with their sign."""
        pulses: Floats = content / np.float32(self.threshold)
        np.trunc(pulses, out=pulses)
        if self.most is not None:
            # In half of the time of np.clip.
            most = np.float32(self.most)
            np.maximum(pulses, -most, out=pulses)
            np.minimum(pulses, most, out=pulses)
        return pulses

    def worth(self, pulses: Floats) -> Floats:
        """Content that `pulses` stand for."""
        return pulses * np.float32(self.threshold)


class Buffered(SeveralArrays):
    """`gathered` says what a read adds to the buffer's lines, `left` what a pulse leaves there.

    `buffer` is kept as (inputs, outputs), so that the lines of a transfer are rows.
    """

    def __init__(
        self,
        arrays: Sequence[AnalogSGD],
        coefficients: Sequence[float],
        plan: ArraysPlan,
        rates: Rates,
        pulsing: Pulsing,
    ) -> None:
        super().__init__(arrays, coefficients, plan, rates)
        self.pulsing = pulsing
        self.buffer: Floats = np.zeros((self.in_size, self.out_size), np.float32)

    def gathered(self, updates: int, lines: Lines, read: Floats, rate: float) -> Floats:
        """The buffer at `lines` (lines, outputs) after `read` has come in; here H + rate · read."""
        return self.buffer[span(lines)] + np.float32(rate) * read

    def left(self, content: Floats, pulses: Floats) -> Floats:
        """What stays of `content` when `pulses` have been sent; here all but what they stand for."""
        sent = self.pulsing.worth(pulses)
        return np.subtract(content, sent, out=sent)

    def between(
        self, transfer: int, updates: int, lines: Lines, read: Floats, learning_rate: float
    ) -> tuple[Floats, float]:
        """Whole pulses, at a rate that makes each one step of W."""
        content = self.gathered(updates, lines, read, self.rates.transfer_at(transfer, learning_rate))
        pulses = self.pulsing.whole(content)
        self.buffer[span(lines)] = self.left(content, pulses)
        return pulses, self.pulsing.step

    @property
    def buffered(self) -> int:
        """One number a weight."""
        return self.buffer.size

    def state(self) -> State:
        """The arrays' state, and the buffer."""
        return {**super().state(), "buffer": self.buffer.copy()}

    def load_state(self, state: State) -> None:
        """Put back what `state` gave."""
        super().load_state(state)
        self.buffer[...] = state["buffer"]
