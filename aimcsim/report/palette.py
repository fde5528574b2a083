"""Colours of the kinds of operation on a light background, for every picture.

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

#: What each letter stands for.
WORDS = dict(zip(KINDS, ("forward", "backward", "update", "weight gradient", "transfer"), strict=True))

BACKGROUND = "#FFFFFF"
TEXT = "#1A1A1A"
FAINT = "#5F6670"
GRID = "#D5D8DC"

#: Colours of runs in one figure, in this order; the line styles tell apart what colour does not.
RUNS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#8A6D00", "#56B4E9")
RUN_STYLES = ("-", "--", "-.", ":")
