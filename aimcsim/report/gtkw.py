"""A save file for GTKWave: a row a tile with its operations, and below each stage its numbers, folded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from vcd.gtkw import GTKWSave

from aimcsim.report.vcd_signals import TEXT, Signal

#: Pixels of the window, of its column of names, of one character, and of GTKWave's unit of zoom.
_WINDOW = (1400, 800)
_NAMES = 220
_CHARACTER = 9
_ZOOM_UNIT = 200


def write_gtkw(found: Sequence[Signal], dump: Path, first: int, cycle: int) -> None:
    """Write the save file of `dump`, of the same name but for its suffix.

    `first` and `cycle`: where the window begins and how long a cycle is, in the unit (not the scale) of the dump.
    """
    save = dump.with_suffix(".gtkw")
    with open(save, "w", encoding="utf-8") as stream:
        gtkw = GTKWSave(stream)
        # GTKWave looks for a dump where it stood as seen from its save file; so both may be moved together.
        gtkw.dumpfile(f"/{dump.name}", abspath=False)
        gtkw.savefile(f"/{save.name}", abspath=False)
        gtkw.timestart(first)
        gtkw.size(*_WINDOW)
        gtkw.signals_width(_NAMES)
        gtkw.sst_expanded(False)
        # A cycle is as wide as a label like F123. GTKWave shows 2 ** -zoom units of time on _ZOOM_UNIT pixels.
        gtkw.zoom_markers(-math.log2(_ZOOM_UNIT / (4.5 * _CHARACTER) * cycle))
        _rows(gtkw, found)


def _rows(gtkw: GTKWSave, found: Sequence[Signal]) -> None:
    for run, own in groupby(found, lambda each: each.scope[0]):
        members = list(own)
        gtkw.blank(run)
        for each in members:
            if each.form == TEXT:
                gtkw.trace(_path(each), alias=each.scope[-1], datafmt="ascii")
        for stage, numbers in groupby(members, lambda each: each.scope[1]):
            with gtkw.group(f"{stage}: numbers", closed=True):
                for each in numbers:
                    if each.form != TEXT:
                        # Of an alias with dots GTKWave shows the last part alone.
                        gtkw.trace(_path(each), alias=" ".join((*each.scope[2:], each.name)), datafmt="dec")


def _path(signal: Signal) -> str:
    return ".".join((*signal.scope, signal.name))
