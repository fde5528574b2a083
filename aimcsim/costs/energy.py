"""Energy of a run: counts times unit costs, as lines that say so, and by tile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from aimcsim.costs import work
from aimcsim.costs.prices import Price
from aimcsim.costs.tally import Tally
from aimcsim.hardware.floorplan import Unit

IDLE = "idle tile time (ns)"
LINKS = "bytes over links"

#: What each count is multiplied by, a key of `hardware.energy`; the order of a breakdown.
PRICED_BY = {
    work.FORWARD_PRODUCTS: "forward_pj",
    work.BACKWARD_PRODUCTS: "backward_pj",
    work.LINE_INPUTS: "input_pj",
    work.CONVERSIONS: "conversion_pj",
    work.UPDATES: "update_pj",
    work.SLOTS: "pulse_pj",
    work.READS: "forward_pj",
    work.WRITES: "update_pj",
    work.WRITE_SLOTS: "pulse_pj",
    work.OPERATIONS: "digital_pj",
    LINKS: "link_pj",
    IDLE: "idle_mw",
}
PJ_PER_J = 10**12

#: Counts by name; of IDLE nanoseconds.
Counts = dict[str, int | Fraction]


@dataclass(frozen=True)
class Energy:
    """Energy in picojoules, exact. `lines`: count, unit cost and product by name. `by_tile`: by the name of the tile or
    node, None where nothing that it did has a unit cost."""

    lines: dict[str, tuple[int | Fraction, Price, Fraction]]
    unpriced: dict[str, int | Fraction]
    by_tile: dict[str, Fraction | None]

    @property
    def joules(self) -> float | None:
        """The sum of all lines, None where nothing has a unit cost."""
        return float(self.exact / PJ_PER_J) if self.lines else None

    @property
    def exact(self) -> Fraction:
        """The sum of all lines in picojoules."""
        return sum((product for _, _, product in self.lines.values()), Fraction(0))

    def figures(self) -> dict[str, Any] | None:
        """`energy` of the summary, None where nothing has a unit cost."""
        if not self.lines:
            return None
        return {
            "lines": [
                {
                    "what": name,
                    "count": float(count) if name == IDLE else int(count),
                    "unit_cost": float(price.value),
                    "unit": "mW x ns" if name == IDLE else "pJ",
                    "joules": float(product / PJ_PER_J),
                    "source": price.source,
                }
                for name, (count, price, product) in self.lines.items()
            ],
            "unpriced": {name: float(count) if name == IDLE else int(count) for name, count in self.unpriced.items()},
            "by_tile": {
                name: None if product is None else float(product / PJ_PER_J) for name, product in self.by_tile.items()
            },
        }


@dataclass(frozen=True)
class EnergyModel:
    """Turns counts into energy. `link_bytes[kind][virtual]`: bytes that one action of a chunk sends.

    `clock_ns`: length of a cycle, None where idle power has no price.
    """

    workload: work.Workload
    prices: dict[str, Price]
    link_bytes: Mapping[str, Sequence[int]]
    clock_ns: Fraction | None

    def energy(self, tally: Tally, busy: Sequence[int], cycles: int) -> Energy:
        """Energy after `cycles` in which each unit (by index) was busy for so many of them."""
        if not self.prices:
            return Energy({}, {}, {})
        total: Counts = dict.fromkeys(PRICED_BY, 0)
        by_tile: dict[str, Fraction | None] = {}
        for tile, units in self.workload.floorplan.by_tile.items():
            counts = self._of_tile(units, tally, cycles - sum(busy[unit.index] for unit in units))
            for name, count in counts.items():
                total[name] += count
            by_tile[tile] = self.priced(counts)
        for kind, sizes in self.link_bytes.items():
            total[LINKS] += sum(map(int.__mul__, tally.actions[kind], sizes))
        done = {name: count for name, count in total.items() if count}
        lines = {
            name: (count, self.prices[PRICED_BY[name]], self._cost(name, count))
            for name, count in done.items()
            if PRICED_BY[name] in self.prices
        }
        return Energy(lines, {name: count for name, count in done.items() if name not in lines}, by_tile)

    def priced(self, counts: Mapping[str, int | Fraction]) -> Fraction | None:
        """Picojoules of the counts that have a unit cost; None where none has."""
        costs = [self._cost(name, n) for name, n in counts.items() if n and PRICED_BY[name] in self.prices]
        return sum(costs, Fraction(0)) if costs else None

    def _of_tile(self, units: Sequence[Unit], tally: Tally, idle: int) -> Counts:
        """All that the arrays of one tile have done, or a digital node; `idle`: cycles in which none was at work."""
        counts: Counter[str] = Counter()
        for unit in units:
            counts.update(self.workload.done(unit, tally))
        found: Counts = dict(counts)
        if units[0].is_tile and self.clock_ns is not None:
            found[IDLE] = idle * self.clock_ns
        return found

    def _cost(self, name: str, count: int | Fraction) -> Fraction:
        return self.prices[PRICED_BY[name]].value * count
