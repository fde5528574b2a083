"""Whole numbers of what a run did, counted while it goes on; memory does not grow with its length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from aimcsim.hardware.floorplan import Floorplan
from aimcsim.pipeline.actions import BACKWARD, FORWARD, TRANSFER, TRANSFER_READ, UPDATE, WEIGHT_GRADIENT

KINDS = (FORWARD, BACKWARD, UPDATE, WEIGHT_GRADIENT, TRANSFER)


class Tally:
    """Counts by unit, transfer and chunk.

    `operations[kind][unit]`: operations that have ended (T: both halves). `extra[kind][unit]`: what an executor has
    counted beside them, products repeated (F, B) or pulse slots (U). `reads`, `writes`: ended halves of transfers,
    `reads_extra`, `writes_extra` the products repeated and slots, each `[transfer][unit]`. `actions[kind][virtual]`
    and `cycles[kind][virtual]`: stage actions of a chunk and their length in all.
    """

    def __init__(self, floorplan: Floorplan) -> None:
        units, transfers, chunks = len(floorplan.units), len(floorplan.plan.transfers), len(floorplan.chunks)
        self.operations = {kind: [0] * units for kind in KINDS}
        self.extra = {kind: [0] * units for kind in (FORWARD, BACKWARD, UPDATE)}
        self.reads, self.reads_extra, self.writes, self.writes_extra = (
            [[0] * units for _ in range(transfers)] for _ in range(4)
        )
        self.actions = {kind: [0] * chunks for kind in KINDS}
        self.cycles = {kind: [0] * chunks for kind in KINDS}

    def counted(self, unit: int, kind: str, transfer: int, count: int) -> None:
        """More of an operation than that it has ended; `count` is -1 where nothing was counted."""
        if transfer < 0:
            self.extra[kind][unit] += count
        elif kind == TRANSFER_READ:
            self.reads[transfer][unit] += 1
            self.reads_extra[transfer][unit] += max(0, count)
        else:
            self.writes[transfer][unit] += 1
            self.writes_extra[transfer][unit] += max(0, count)

    def growing(self) -> tuple[int, ...]:
        """All that grows in a run without numbers and transfers, which alone is fast-forwarded."""
        return tuple(count for counts in self._growing() for count in counts)

    def grow(self, grown: Iterator[int]) -> None:
        """Put in the numbers that `growing` gave, grown since."""
        for counts in self._growing():
            counts[:] = islice(grown, len(counts))

    def _growing(self) -> Sequence[list[int]]:
        return [*self.operations.values(), *self.actions.values(), *self.cycles.values()]

    def state(self) -> dict[str, Any]:
        """All counts so far."""
        return dict(vars(self))

    def load_state(self, state: dict[str, Any]) -> None:
        """Put back what `state` gave. Raises LookupError where a count is missing."""
        for name in vars(self):
            setattr(self, name, state[name])
