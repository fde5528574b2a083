"""Area of the tiles of a floorplan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from aimcsim.costs.prices import Price
from aimcsim.hardware.floorplan import Floorplan, Unit

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
    """The cells of a tile reach up to its last line that is used; `sized`: False for a chain, whose arrays have none.

    Where layers share a tile there are cells at the crossings of their lines too, which hold no weight.
    """
    tiles = [units for units in floorplan.by_tile.values() if units[0].is_tile]
    lines = []
    if "cell_um2" in prices and sized:
        count, price = sum(map(_cells, tiles)) * devices_per_weight, prices["cell_um2"]
        lines.append(("devices", count, price, "um2", price.value * count / UM2_PER_MM2))
    if "tile_mm2" in prices:
        price = prices["tile_mm2"]
        lines.append(("tiles", len(tiles), price, "mm2", price.value * len(tiles)))
    return Area(tuple(lines))


def _cells(units: Sequence[Unit]) -> int:
    """Cells of a tile that holds these arrays."""
    shards = [(unit, unit.shard) for unit in units if unit.shard is not None]
    rows = max((unit.row + shard.in_size for unit, shard in shards), default=0)
    return rows * max((unit.column + shard.out_size for unit, shard in shards), default=0)
