"""What the convergence of runs looks like as numbers: a curve a run, its crossing of the target, where labels stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aimcsim.report.comparison import DIVERGED
from aimcsim.report.run_reader import MetricsRow, RunSummary

#: Losses up to here are drawn.
LARGEST = 1e300


@dataclass(frozen=True)
class Curve:
    """The evaluations of one run, oldest first; at least one."""

    label: str
    summary: RunSummary
    rows: tuple[MetricsRow, ...]
    is_reference: bool = False

    @property
    def diverged(self) -> bool:
        """True for a run that a loss that is not finite has stopped."""
        return self.summary.status == DIVERGED


@dataclass(frozen=True)
class Quantity:
    """What one axis shows: its `name`, and `of`, its value for a row of a run; None where there is none."""

    name: str
    of: Callable[[MetricsRow, RunSummary], float | None]


SAMPLES = Quantity("samples", lambda row, _: row.samples)
CYCLES = Quantity("cycles", lambda row, _: row.cycle)
SECONDS = Quantity("simulated time", lambda row, run: seconds(row.cycle, run))
TRAIN_LOSS = Quantity("training loss", lambda row, _: row.train_loss)
TEST_LOSS = Quantity("test loss", lambda row, _: row.test_loss)
ACCURACY = Quantity("test accuracy in %", lambda row, _: None if row.test_accuracy is None else 100 * row.test_accuracy)


def seconds(cycle: int, run: RunSummary) -> float | None:
    """Simulated time of a cycle; None where the clock is unknown."""
    return None if run.cycle_ns is None else cycle * run.cycle_ns * 1e-9


def points(curve: Curve, along: Quantity, up: Quantity) -> list[tuple[float, float]]:
    """Where a curve has both quantities, and they are small enough for the arithmetic of axes."""
    found = ((along.of(row, curve.summary), up.of(row, curve.summary)) for row in curve.rows)
    return [(x, y) for x, y in found if x is not None and y is not None and abs(y) < LARGEST]


def can_be_drawn(curve: Curve) -> bool:
    """True for a run that was trained and evaluated."""
    return any(points(curve, SAMPLES, up) for up in (TRAIN_LOSS, TEST_LOSS, ACCURACY))


def quantities(curves: Sequence[Curve]) -> tuple[list[Quantity], list[Quantity]]:
    """What there is to show (along, up): no axis for what no run has."""
    along = [SAMPLES, CYCLES] + [SECONDS] * any(curve.summary.cycle_ns is not None for curve in curves)
    measured = [up for up in (TRAIN_LOSS, TEST_LOSS, ACCURACY) if any(points(curve, SAMPLES, up) for curve in curves)]
    losses = [up for up in (TRAIN_LOSS, TEST_LOSS) if up in measured]
    return along, losses[:1] + [ACCURACY] * (ACCURACY in measured) or losses


def furthest(curves: Sequence[Curve], along: Quantity) -> float:
    """Where the longest of the curves ends; 1 where none has come anywhere."""
    ends = [along.of(row, curve.summary) for curve in curves for row in curve.rows]
    ends += [breaking(curve, along) for curve in curves]
    return max((end for end in ends if end is not None), default=0.0) or 1.0


def crossing(curve: Curve, along: Quantity) -> tuple[float, float] | None:
    """Place and accuracy in % of the first evaluated row at or past the run's target; None where it was not reached."""
    reached = curve.summary.samples_to_target
    row = next((row for row in curve.rows if row.samples == reached), None)
    if row is None:
        return None
    x, y = along.of(row, curve.summary), ACCURACY.of(row, curve.summary)
    return None if x is None or y is None else (x, y)


def breaking(curve: Curve, along: Quantity) -> float | None:
    """Where a run that diverged met its first loss that is not finite; its last row where the summary says nothing."""
    if not curve.diverged:
        return None
    at = curve.summary.diverged
    last = curve.rows[-1]
    if at is None:
        return along.of(last, curve.summary)
    return along.of(last.model_copy(update={"samples": at.samples, "cycle": at.cycle}), curve.summary)


def apart(wanted: Sequence[float], least: float, low: float, high: float) -> list[float]:
    """Places as near as may be to `wanted`, in the same order, `least` apart, between `low` and `high`.

    Where there is not room enough they are closer, evenly.

    >>> apart([5.0, 5.2, 9.0], 1.0, 0.0, 10.0)
    [4.6, 5.6, 9.0]
    """
    if not wanted:
        return []
    least = min(least, (high - low) / max(1, len(wanted) - 1))
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    # Neighbours that would overlap stand together, centred on the mean of what they want.
    groups: list[list[int]] = []
    for i in order:
        groups.append([i])
        while len(groups) > 1 and _first(groups[-1], wanted, least, low, high) < (
            _first(groups[-2], wanted, least, low, high) + least * len(groups[-2]) - 1e-12 * abs(least)
        ):
            later = groups.pop()
            groups[-1] += later
    places = [0.0] * len(wanted)
    for group in groups:
        first = _first(group, wanted, least, low, high)
        for number, i in enumerate(group):
            places[i] = first + number * least
    return places


def _first(group: Sequence[int], wanted: Sequence[float], least: float, low: float, high: float) -> float:
    length = (len(group) - 1) * least
    centre = sum(wanted[i] for i in group) / len(group)
    return min(max(centre - length / 2, low), high - length)
