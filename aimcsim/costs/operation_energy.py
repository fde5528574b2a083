"""Energy of single operations, from no more than an op log says of them: unit, kind, length, and whether they wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from fractions import Fraction

from aimcsim.assembly import Assembly
from aimcsim.costs.energy import PJ_PER_J
from aimcsim.costs.model import energy_model
from aimcsim.costs.tally import Tally
from aimcsim.hardware.floorplan import Unit
from aimcsim.pipeline.actions import TRANSFER, TRANSFER_READ, TRANSFER_WRITE
from aimcsim.training.counted import counted_kinds

#: More slots or repeated products than any operation has.
MOST = 1 << 40


class OperationEnergy:
    """Energies of the operations of a run; messages between stages and idle tiles are no part of any operation.

    Slots and repeated products are not logged. They are found from an operation's length, where that tells them.
    """

    def __init__(self, assembly: Assembly, trained: bool) -> None:
        """`trained`: an executor has counted slots and products; otherwise they are nominal."""
        self._floorplan = assembly.floorplan
        self._durations = assembly.plan.times
        self._model = energy_model(assembly, trained)
        self._counted = counted_kinds(assembly) if trained else frozenset()
        self._tally = Tally(assembly.floorplan)

    @property
    def is_priced(self) -> bool:
        """Whether anything has a unit cost."""
        return bool(self._model.prices)

    def joules(self, unit: Unit, kind: str, cycles: int, wrote: bool) -> float | None:
        """Energy of an operation of so many `cycles` that `wrote` its array or not.

        None where nothing that it did has a unit cost, and where its length does not tell what it did.
        """
        transfer, half = -1, kind
        if kind == TRANSFER:
            numbers = self._transfers(unit, wrote)
            if len(numbers) != 1:
                return None
            (transfer,), half = numbers, TRANSFER_WRITE if wrote else TRANSFER_READ

        def energy(count: int) -> Fraction | None:
            return self._model.priced(self._done(unit, half, transfer, count))

        def length(count: int) -> int:
            if transfer >= 0:
                return self._durations.transfer_cycles(half, transfer, unit.index, count)
            return self._durations.cycles(half, unit.index, count)

        found = energy(0)
        if half in self._counted and energy(1) != found:
            count = count_of(length, cycles)
            found = None if count is None else energy(count)
        return None if found is None else float(found / PJ_PER_J)

    def _transfers(self, unit: Unit, wrote: bool) -> list[int]:
        """Transfers that a T of this unit may be one half of."""
        ends = ((each.target if wrote else each.source) for each in self._floorplan.plan.transfers)
        return [number for number, role in enumerate(ends) if role == unit.role]

    def _done(self, unit: Unit, half: str, transfer: int, count: int) -> Counter[str]:
        """What a run of this one operation does."""
        tally = self._tally
        if transfer < 0:
            places = [(tally.operations[half], 1), (tally.extra.get(half, []), count)]
        elif half == TRANSFER_READ:
            places = [(tally.reads[transfer], 1), (tally.reads_extra[transfer], count)]
        else:
            places = [(tally.writes[transfer], 1), (tally.writes_extra[transfer], count)]
        for counts, number in places:
            if counts:
                counts[unit.index] = number
        found = self._model.workload.done(unit, tally)
        for counts, _ in places:
            if counts:
                counts[unit.index] = 0
        return found


def count_of(length: Callable[[int], int], cycles: int) -> int | None:
    """The one count with `length(count) == cycles`; `length` never falls. None where none or several have it."""
    low, high = 0, 1
    while length(high) < cycles:
        if high >= MOST:
            return None
        low, high = high, 2 * high
    while low < high:
        middle = (low + high) // 2
        if length(middle) < cycles:
            low = middle + 1
        else:
            high = middle
    return low if length(low) == cycles and length(low + 1) > cycles else None
