"""Area of the tiles of a floorplan."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from aimcsim.costs.prices import Price
from aimcsim.hardware.floorplan import Floorplan

UM2_PER_MM2 = 10**6


@dataclass(frozen=True)
class Area:
    """Lines (what, count, unit cost, its unit, mm²), exact."""

    lines: tuple[tuple[str, int, Price, str, Fraction], ...]

    @property
    def mm2(self) -> float | None:
        """Sum of all lines, None where nothing has an area."""
        return float(sum((line[-1] for line in self.lines), Fraction(0))) if self.lines else None

    def figures(self) -> dict[str, Any] | None:
        """`area` of the summary, None where nothing has an area."""
        if not self.lines:
            return None
        return {
            "lines": [
                {
                    "what": what,
                    "count": count,
                    "unit_cost": float(price.value),
                    "unit": unit,
                    "mm2": float(mm2),
                    "source": price.source,
                }
                for what, count, price, unit, mm2 in self.lines
            ]
        }


def area_of(floorplan: Floorplan, prices: dict[str, Price], devices_per_weight: int, sized: bool) -> Area:
    """Every array is as large as the part of the layer on it; `sized`: False for a chain, whose arrays have no size."""
    tiles = [unit for unit in floorplan.units if unit.is_tile]
    lines = []
    if "cell_um2" in prices and sized:
        weights = sum(unit.shard.in_size * unit.shard.out_size for unit in tiles if unit.shard is not None)
        count, price = weights * devices_per_weight, prices["cell_um2"]
        lines.append(("devices", count, price, "um2", price.value * count / UM2_PER_MM2))
    if "tile_mm2" in prices:
        price = prices["tile_mm2"]
        lines.append(("tiles", len(tiles), price, "mm2", price.value * len(tiles)))
    return Area(tuple(lines))
