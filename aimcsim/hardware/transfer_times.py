"""How many cycles the two halves of a transfer take on each array."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

from aimcsim.hardware.arrays import Transfer
from aimcsim.hardware.floorplan import Floorplan, Unit
from aimcsim.hardware.timing import Times, whole_cycles
from aimcsim.pipeline.actions import TRANSFER_READ

#: Exact cycles of one product and of one rank-one update of a unit; per action, of an action.
UnitTimes = Callable[[Unit], tuple[Fraction, Fraction]]


class TransferTimes:
    """A read takes one forward product a line, a write one rank-one update a line, with its pulses and digital work.

    Where times count per action, a transfer's read takes a forward and its write an update, whatever its lines. Sums
    are exact and rounded up once an operation; both halves may take 0 cycles.
    """

    def __init__(self, floorplan: Floorplan, times: Times, unit_times: UnitTimes) -> None:
        transfers = floorplan.plan.transfers
        pulse, per_action = times.pulse, times.per_action
        exact = [unit_times(unit) if unit.shard is not None else (Fraction(0), Fraction(0)) for unit in floorplan.units]
        lines = [[_lines(unit, t.lines_of) for unit in floorplan.units] for t in transfers]
        work = [[line_operations(unit, t) * _lines(unit, t.lines_of) for unit in floorplan.units] for t in transfers]
        self.products_repeated = False

        @lru_cache(maxsize=1 << 14)
        def cycles(kind: str, transfer: int, unit: int, count: int | None) -> int:
            product, update = exact[unit]
            number = 1 if per_action else lines[transfer][unit]
            if kind == TRANSFER_READ:
                repeated = 0 if per_action or count is None else count
                return whole_cycles(product * (number + repeated))
            slots = transfers[transfer].slots * lines[transfer][unit] if count is None else count
            return whole_cycles(update * number + pulse * slots + times.digital * work[transfer][unit])

        # Fractions are slow and few transfers differ: remember the sums.
        self._cycles = cycles
        self._may_repeat = not per_action

    def cycles(self, kind: str, transfer: int, unit: int, count: int | None) -> int:
        """Cycles of one half; `count` is what the executor counted: repeated products, or slots (None: nominal)."""
        if count and kind == TRANSFER_READ and self._may_repeat:
            self.products_repeated = True
        return self._cycles(kind, transfer, unit, count)


def _lines(unit: Unit, lines_of: Callable[[int], int]) -> int:
    return 0 if unit.shard is None else lines_of(unit.shard.in_size)


def line_operations(unit: Unit, transfer: Transfer) -> int:
    """Digital operations of one line of a transfer that writes `unit`."""
    return 0 if unit.shard is None else transfer.work.of(unit.shard.in_size, unit.shard.out_size)
