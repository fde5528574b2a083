"""How a clock cycle is told in a value change dump, whose time counts 1, 10 or 100 of s, ms, us, ns, ps or fs."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

_UNITS = ("fs", "ps", "ns", "us", "ms", "s")

#: Largest time that is written: what readers hold in 64 bits.
_LARGEST_TIME = 1 << 62


class Clock(NamedTuple):
    """A cycle is `ticks` times `timescale` (as in `100 ps`); `comment` says so in words."""

    ticks: int
    timescale: str
    comment: str


def clock_of(cycle_ns: Sequence[float | None], end: int) -> Clock:
    """The clock of runs with cycles of `cycle_ns` (None: not known) that end at cycle `end`.

    A nanosecond stands for a cycle where no length is known, where the runs differ in it, or where the times would be
    too large.
    """
    known = set(cycle_ns)
    length = known.pop() if len(known) == 1 else None
    if length is not None:
        wanted = Fraction(repr(length)) * 10**6
        femtoseconds = max(1, round(wanted))
        rounded = "" if femtoseconds == wanted else " (rounded to whole femtoseconds)"
        ticks, timescale = _coarsest(femtoseconds)
        if ticks * end < _LARGEST_TIME:
            return Clock(ticks, timescale, f"1 clock cycle is {length:g} ns{rounded}: {ticks} x {timescale}")
    why = "the runs differ in their clocks" if known else "no clock is known"
    return Clock(1, "1 ns", f"{why}: 1 ns of this file stands for 1 clock cycle")


def _coarsest(femtoseconds: int) -> tuple[int, str]:
    """The largest timescale of which `femtoseconds` are a multiple, and how many."""
    scales = [(10**power * 1000**i, f"{10**power} {unit}") for i, unit in enumerate(_UNITS) for power in range(3)]
    length, name = max((length, name) for length, name in scales if femtoseconds % length == 0)
    return femtoseconds // length, name
