"""The seam between time and numbers: what the machine asks of an executor and tells a recorder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from aimcsim.pipeline.actions import Action, Operation


class Executor(Protocol):
    """The numbers. Without one the same machine is a timing-only simulation."""

    def start(self, operation: Operation, cycle: int, elapsed: int) -> int:
        """An array begins `operation` at `cycle`, reading its state as it is now.

        `elapsed`: cycles since the array was last touched (the start of its previous operation, so that the
        elapsed times of an array add up to the simulated time); time-dependent devices act on it.
        Returns the count that decides the duration: the pulse slots of an update or of the writing half of a transfer,
        and of a product or the reading half how many times it had to be repeated, over all samples (bound management).
        """

    def commit(self, operation: Operation, cycle: int) -> None:
        """The operation ends at `cycle`; what it wrote may be seen from now on."""

    def finish(self, stage: int, action: Action, cycle: int) -> None:
        """All operations of a stage action have ended: its outputs exist."""

    def transfers(self, micro_batch: int, updates: int) -> tuple[int, ...]:
        """Transfers after a stage's update number `updates`, that of `micro_batch`; asked where numbers decide."""

    def loss(self, micro_batch: int, cycle: int) -> bool:
        """The last stage's forward of `micro_batch` has ended. Returns False where the loss is not finite."""


class Recorder(Protocol):
    """What watches a run: op log and metrics, accumulated on line."""

    def operation(
        self, unit: int, kind: str, micro_batch: int, start: int, end: int, version_read: int, version_written: int
    ) -> None:
        """A tile operation has ended; `version_written` is -1 where nothing was written."""

    def counted(self, unit: int, kind: str, transfer: int, count: int) -> None:
        """The operation that `operation` has just been told of was half of a transfer (`kind` TRANSFER_READ or _WRITE,
        -1 of `count` where there is no executor), or its executor counted more than nothing.
        """

    def action(self, stage: int, action: Action, start: int, end: int, version_read: int) -> None:
        """A stage action has ended; `version_read` counts the updates of its chunk that it saw."""


@dataclass(frozen=True)
class Jump:
    """A stretch that was not simulated, since it repeats what came before: `periods` times the same.

    One period is `cycles` long and brings `micro_batches`. Of the operations that touch the cycles from `first` to
    `end` (exclusive) some or all have not been told to the recorder.
    """

    first: int
    end: int
    periods: int
    cycles: int
    micro_batches: int


class SkippingRecorder(Recorder, Protocol):
    """A recorder that can be told of periods without hearing of each of their operations."""

    def sums(self) -> tuple[int, ...]:
        """All that grows by the same in every period."""

    def most_periods(self, growth: Sequence[int]) -> int | None:
        """Periods that may be skipped now without missing something that has to be seen; None: any number.

        `growth`: what a period adds to `sums()`.
        """

    def skip(self, jump: Jump, growth: Sequence[int]) -> None:
        """The periods of `jump` have not been simulated; each would have added `growth` to `sums()`."""


class OperationTimes(Protocol):
    """Cycles of operations (see hardware.durations)."""

    depends_on_data: bool

    @property
    def products_repeated(self) -> bool:
        """True once a product was repeated and took longer for it."""

    def table(self, kind: str) -> Sequence[int]:
        """Nominal cycles by unit."""

    def cycles(self, kind: str, unit: int, count: int) -> int:
        """Cycles of one operation, given what its executor counted: pulse slots, or products repeated."""

    def transfer_cycles(self, kind: str, transfer: int, unit: int, count: int | None) -> int:
        """Cycles of one half of a transfer (TRANSFER_READ or _WRITE); nominal without a `count`."""
