"""From the rows of a table to what a figure shows: means over seeds, and Pareto fronts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from aimcsim.sweep.axes import text_of
from aimcsim.sweep.front import pareto_front
from aimcsim.sweep.intervals import MeanInterval, mean_interval
from aimcsim.sweep.spec import PlotSpec

SEED = "seed"
COMPLETED = "completed"

#: Figures of which more is better; of all others less is.
MORE_IS_BETTER = ("test_accuracy", "computation_density", "utilisation")

Row = dict[str, Any]


@dataclass(frozen=True)
class Spot:
    """One place of a curve. `complete` is false where some seeds have no value, so that the mean is one of the rest."""

    x: Any
    y: MeanInterval
    complete: bool


@dataclass(frozen=True)
class Curve:
    """The spots of one combination of the other axes, by rising x where x are numbers."""

    settings: Row
    spots: tuple[Spot, ...]


@dataclass(frozen=True)
class Curves:
    """A figure of means. `left_out` of `points` have no value: they failed, diverged, or the value does not apply."""

    curves: tuple[Curve, ...]
    x_values: tuple[Any, ...]
    points: int
    left_out: int


@dataclass(frozen=True)
class Candidate:
    """One design in a figure of two values, mean over its seeds."""

    settings: Row
    x: MeanInterval
    y: MeanInterval
    on_front: bool


@dataclass(frozen=True)
class Front:
    """A figure of two values. `left_out` of `points` belong to designs that lack a value for some seed."""

    candidates: tuple[Candidate, ...]
    maximise: tuple[bool, bool]
    points: int
    left_out: int


def figure_of(row: Row, name: str) -> float | None:
    """A finite figure of a run that came to its end; None for all else: a run that diverged stopped early, and its
    cycles are no measure."""
    value = row.get(name)
    if row["status"] != COMPLETED or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value


def mean_curves(rows: Sequence[Row], plot: PlotSpec, axes: Sequence[str]) -> Curves:
    """A curve for every combination of the axes other than x and the seed that the rows hold."""
    rows = chosen(rows, plot)
    others = [axis for axis in axes if axis not in (plot.x, SEED)]
    x_values = _in_order(row.get(plot.x) for row in rows)
    curves = []
    for settings, own in grouped(rows, others):
        spots = []
        for x in x_values:
            values = [figure_of(row, plot.y) for row in own if row.get(plot.x) == x]
            known = [value for value in values if value is not None]
            if known:
                spots.append(Spot(x, mean_interval(known), len(known) == len(values)))
        if spots:
            curves.append(Curve(settings, tuple(spots)))
    left_out = sum(figure_of(row, plot.y) is None for row in rows)
    return Curves(tuple(curves), tuple(x_values), len(rows), left_out)


def front_of_two(rows: Sequence[Row], plot: PlotSpec, axes: Sequence[str]) -> Front:
    """Designs, which are points that differ in nothing but the seed, and which of them no other beats."""
    rows = chosen(rows, plot)
    maximise = (_is_more_better(plot, plot.x), _is_more_better(plot, plot.y))
    found: list[tuple[Row, MeanInterval, MeanInterval]] = []
    left_out = 0
    for settings, own in grouped(rows, [axis for axis in axes if axis != SEED]):
        pairs = [(figure_of(row, plot.x), figure_of(row, plot.y)) for row in own]
        xs = [x for x, y in pairs if x is not None and y is not None]
        ys = [y for x, y in pairs if x is not None and y is not None]
        if len(xs) < len(pairs):
            left_out += len(pairs)
            continue
        found.append((settings, mean_interval(xs), mean_interval(ys)))
    front = set(pareto_front([(x.mean, y.mean) for _, x, y in found], maximise))
    candidates = tuple(Candidate(*each, on_front=number in front) for number, each in enumerate(found))
    return Front(candidates, maximise, len(rows), left_out)


def _is_more_better(plot: PlotSpec, name: str) -> bool:
    if plot.maximise is not None:
        return name in plot.maximise
    return name.split(".")[0] in MORE_IS_BETTER


def chosen(rows: Sequence[Row], plot: PlotSpec) -> list[Row]:
    """The rows that a figure's `where` asks for."""
    where = {path: text_of(value) for path, value in plot.where.items()}
    return [row for row in rows if all(text_of(row.get(path)) == value for path, value in where.items())]


def grouped(rows: Iterable[Row], axes: Sequence[str]) -> list[tuple[Row, list[Row]]]:
    """Rows by their values of `axes`, groups in the order of their first rows."""
    groups: dict[tuple[str, ...], tuple[Row, list[Row]]] = {}
    for row in rows:
        settings = {axis: row[axis] for axis in axes if axis in row}
        key = tuple(text_of(row.get(axis)) for axis in axes)
        groups.setdefault(key, (settings, []))[1].append(row)
    return list(groups.values())


def _in_order(values: Iterable[Any]) -> list[Any]:
    """Each value once: numbers by size, all else as they first appear."""
    once = list({text_of(value): value for value in values}.values())
    return sorted(once) if is_numeric(once) else once


def is_numeric(values: Sequence[Any]) -> bool:
    """Whether all values are numbers, so that they can stand on a scale."""
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
