"""Colours of the kinds of operation and of runs, for every picture; on a dark page too.

The palette of Okabe and Ito ("Color Universal Design", 2008), which people with any of the common colour vision
deficiencies can tell apart. Letters stand in the bars all the same: nothing is said by colour alone.
"""

from __future__ import annotations

from aimcsim.report.op_table import KINDS

FORWARD = "#0072B2"  # blue
BACKWARD = "#E69F00"  # orange
UPDATE = "#009E73"  # bluish green
WEIGHT_GRADIENT = "#D55E00"  # vermillion
TRANSFER = "#CC79A7"  # reddish purple
IDLE = "#EDEDED"

#: Colour of each letter of KINDS, and of the text that stands in it.
FILL = dict(zip(KINDS, (FORWARD, BACKWARD, UPDATE, WEIGHT_GRADIENT, TRANSFER), strict=True))
INK = dict(zip(KINDS, ("#FFFFFF", "#1A1A1A", "#1A1A1A", "#1A1A1A", "#1A1A1A"), strict=True))

#: The same on a dark background, lighter; the letters in them are black.
DARK_FILL = dict(zip(KINDS, ("#3D9BDC", "#E8A628", "#1FB58A", "#F0743A", "#D893B9"), strict=True))
DARK_INK = dict.fromkeys(KINDS, "#000000")

#: What each letter stands for.
WORDS = dict(zip(KINDS, ("forward", "backward", "update", "weight gradient", "transfer"), strict=True))

BACKGROUND = "#FFFFFF"
TEXT = "#1A1A1A"
FAINT = "#5F6670"
GRID = "#D5D8DC"

#: Colours of runs in one figure, in this order; the line styles tell apart what colour does not.
RUNS = ("#0072B2", "#D55E00", "#007F5C", "#A8437F", "#8A6D00", "#3A8FBF")
DARK_RUNS = ("#56B4E9", "#F0843C", "#2CC39A", "#DD9DC1", "#F0E442", "#AAB4BD")
RUN_STYLES = ("-", "--", "-.", ":")
