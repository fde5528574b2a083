"""Where the rows of a panel stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aimcsim.report.timeline_panel import Panel

#: Inches.
TALLEST_ROW, LEAST_ROW, TALLEST_PICTURE = 0.42, 0.2, 40.0

#: Rows up to which each gets its full height.
FEW_ROWS = 12

#: Share of a row that its bars fill.
FULL = 0.86

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """Where the rows of a panel are, in inches from its top: `tops`, all of one `height`."""

    tops: Floats
    height: float

    @property
    def bar(self) -> float:
        """Height of a bar."""
        return self.height * FULL

    @property
    def bottom(self) -> float:
        """End of the last row."""
        return float(self.tops[-1]) + self.height if len(self.tops) else 0.0


def rows_of(panel: Panel, rows: int) -> Rows:
    """Where the rows of a panel are in a picture of so many; with room between stages of several tiles."""
    count = len(panel.tiles)
    shared = TALLEST_ROW * min(1.0, FEW_ROWS / max(rows, 1))
    height = min(max(shared, LEAST_ROW), TALLEST_PICTURE / max(rows, 1))
    several = len(set(panel.stages)) < count
    breaks = np.diff(np.array(panel.stages, np.int64), prepend=panel.stages[:1]) != 0
    return Rows(np.arange(count) * height + np.cumsum(breaks) * (0.35 * height if several else 0.0), height)
