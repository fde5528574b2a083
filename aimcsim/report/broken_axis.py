"""Which cycles of a long run a picture shows, and where on an axis with gaps each of them stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: A run is drawn whole where at least this share of it would be drawn anyway.
NEARLY_WHOLE = 2 / 3

#: A gap of fewer cycles than this share of the drawn ones is not worth a break.
WORTH_A_BREAK = 1 / 8

#: Several runs on one axis: most cycles of an opening, in openings of the run that needs the fewest.
MOST_OPENING = 4


class Span(NamedTuple):
    """The cycles from `first` up to `end` (exclusive)."""

    first: int
    end: int

    @property
    def cycles(self) -> int:
        """How many."""
        return self.end - self.first


@dataclass(frozen=True)
class Landmarks:
    """What is worth seeing of a run, in cycles.

    `end` is the last cycle of the log. `fill` is where the fill is over, `steady` where the steady state is shown to
    repeat `shown` cycles long (None: no steady state is known), `drain` where the last micro-batch enters (None: the
    log does not hold the end of the run).
    """

    end: int
    fill: int
    steady: int | None
    shown: int
    drain: int | None


def shared_spans(runs: Sequence[Landmarks]) -> tuple[Span, ...]:
    """The cycles to show of runs on one axis: every fill, the steady state of all, the first and the last drain.

    All cycles where the runs are short, or none has a known period. Further drains would break the axis into crumbs;
    the pictures name each makespan. One run of very long periods does not make the others too small to read: the
    opening is at most MOST_OPENING times what the quickest run asks for.

    >>> shared_spans([Landmarks(end=1000, fill=10, steady=500, shown=8, drain=990)])
    (Span(first=0, end=10), Span(first=500, end=508), Span(first=990, end=1000))
    >>> shared_spans([Landmarks(end=1000, fill=10, steady=10, shown=8, drain=990)])
    (Span(first=0, end=18), Span(first=990, end=1000))
    """
    end = max(marks.end for marks in runs)
    if all(marks.steady is None for marks in runs):
        return (Span(0, end),)
    wanted = [Span(0, max(marks.fill for marks in runs))]
    steady = sorted(Span(marks.steady, marks.steady + marks.shown) for marks in runs if marks.steady is not None)
    wanted += [span for span in steady if span.first <= wanted[0].end]
    later = [span for span in steady if span.first > wanted[0].end]
    if later:
        wanted.append(Span(later[0].first, later[0].first + max(span.cycles for span in later)))
    least = min(marks.fill + marks.shown for marks in runs)
    wanted = [Span(span.first, min(span.end, span.first + MOST_OPENING * least)) for span in wanted]
    drains = [Span(marks.drain, marks.end) for marks in runs if marks.drain is not None]
    drains.sort(key=lambda span: span.end)
    wanted += [*drains[:1], *drains[-1:]]
    return joined(wanted, end)


def joined(wanted: Iterable[Span], end: int) -> tuple[Span, ...]:
    """The spans within 0 and `end`, in order, without small gaps; all cycles where they are nearly all anyway."""
    inside = sorted(Span(max(0, span.first), min(end, span.end)) for span in wanted)
    inside = [span for span in inside if span.cycles > 0]
    slack = sum(span.cycles for span in inside) * WORTH_A_BREAK
    merged: list[Span] = []
    for span in inside:
        if merged and span.first - merged[-1].end <= slack:
            merged[-1] = Span(merged[-1].first, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    if not merged or sum(span.cycles for span in merged) >= NEARLY_WHOLE * end:
        return (Span(0, end),)
    return tuple(merged)


@dataclass(frozen=True)
class BrokenAxis:
    """Spans side by side on one scale, in order, with `gap` cycles' width of nothing between two of them."""

    spans: tuple[Span, ...]
    gap: float

    @property
    def offsets(self) -> tuple[float, ...]:
        """Where each span begins, in cycles' widths from the left."""
        return tuple(accumulate((span.cycles + self.gap for span in self.spans[:-1]), initial=0.0))

    @property
    def length(self) -> float:
        """Width of the whole, in cycles' widths."""
        return self.offsets[-1] + self.spans[-1].cycles

    def place(self, span: int, cycles: NDArray[np.int64]) -> NDArray[np.float64]:
        """Places of `cycles` in the span of that number; those outside stand at its edges."""
        first, end = self.spans[span]
        return np.asarray(np.clip(cycles, first, end) - first, np.float64) + self.offsets[span]


def axis_of(spans: tuple[Span, ...], gap_share: float = 0.03) -> BrokenAxis:
    """An axis whose gaps each take `gap_share` of its length."""
    cycles = sum(span.cycles for span in spans)
    gaps = len(spans) - 1
    return BrokenAxis(spans, gap_share * cycles / (1 - gap_share * gaps))


def round_ticks(first: float, end: float, least: float) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten from `first` up to `end`, at least `least` apart.

    >>> round_ticks(7, 31, 4)
    [10.0, 15.0, 20.0, 25.0, 30.0]
    """
    decade = 10.0 ** np.floor(np.log10(least))
    step = next(digit * decade for digit in (1, 2, 5, 10) if digit * decade >= least * (1 - 1e-9))
    return [float(k * step) for k in range(int(np.ceil(first / step - 1e-9)), int(np.floor(end / step + 1e-9)) + 1)]
