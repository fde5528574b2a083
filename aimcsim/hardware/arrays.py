"""What a learning algorithm asks of the hardware: the arrays that every shard of a layer has, and its transfers.

Plain descriptions, which the floorplan places, the machine runs and the executor computes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class DigitalWork:
    """Digital (FP) operations beside an array: for every input line, and for every weight."""

    per_input: int = 0
    per_weight: int = 0

    def of(self, inputs: int, outputs: int) -> int:
        """Operations beside an array of `inputs` x `outputs`."""
        return self.per_input * inputs + self.per_weight * inputs * outputs


NO_WORK = DigitalWork()
#: Scaling the values that an update drives onto the lines: 2N operations a sample for N input lines (Rasch et al.,
#: Nat. Commun. 15:7133 (2024), Table 1; arXiv 2510.02516, Table 5).
PREPROCESSING = DigitalWork(per_input=2)


@dataclass(frozen=True)
class Role:
    """One thing that a learning algorithm keeps for every shard, with a timeline row of its own.

    A `tile` is an array with its converters; a `buffer` is digital. The first role bears the shard's bare name, others
    are written behind it: `s2.fc2.r0c1` and `s2.fc2.r0c1.P`. `work`: digital operations of F, and as many of B, beside
    each product with the array.
    """

    name: str
    kind: Literal["tile", "buffer"] = "tile"
    work: DigitalWork = NO_WORK


@dataclass(frozen=True)
class Transfer:
    """Due at every update number (counted by the stage, from 1) that `every` divides.

    The array `source` (a role's number; None: nothing is read) is read at `lines` of its input lines (None: all),
    one product each, and `target` is written at the same lines, one rank-one update each, with trains of `slots`
    slots where nothing is counted. `work`: digital operations of one line.
    """

    source: int | None
    target: int
    every: int
    lines: int | None = 1
    slots: int = 0
    work: DigitalWork = NO_WORK

    def lines_of(self, inputs: int) -> int:
        """Lines of an array of `inputs` input lines that one transfer takes."""
        return inputs if self.lines is None else min(self.lines, inputs)


@dataclass(frozen=True)
class ArraysPlan:
    """`read`: roles whose products F and B add up, in this order; `updated`: roles that U changes.

    `transfers` are made in their order. Where `chosen_by_numbers`, the executor says which are due; without one
    `nominal` of them (all, if None) are, at their times. `accumulate`: cycles that a buffer takes for one sample of U.
    `update_work`: digital operations of U for one sample and array that it changes.
    """

    roles: tuple[Role, ...] = (Role("W"),)
    read: tuple[int, ...] = (0,)
    updated: tuple[int, ...] = (0,)
    transfers: tuple[Transfer, ...] = ()
    nominal: tuple[int, ...] | None = None
    chosen_by_numbers: bool = False
    accumulate: int = 0
    update_work: DigitalWork = PREPROCESSING

    def due(self, updates: int) -> tuple[int, ...]:
        """Numbers of the transfers that follow update `updates` of a stage, the chosen ones taken nominally."""
        numbers = range(len(self.transfers)) if self.nominal is None else self.nominal
        return tuple(t for t in numbers if updates % self.transfers[t].every == 0)


#: One array a shard, updated in place; also what digital weights stand on.
ONE_ARRAY = ArraysPlan()
