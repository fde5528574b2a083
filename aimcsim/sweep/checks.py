"""What cannot go together in a sweep or search file, found before any scenario is made of it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from aimcsim.data.least_squares import OPTIMUM_COLUMNS
from aimcsim.errors import FieldError
from aimcsim.result import METRICS_SCHEMA
from aimcsim.sweep.axes import groups, text_of
from aimcsim.sweep.spec import MOST_POINTS, FloatRange, IntRange, PlotSpec, SearchSpec, StudySpec, SweepSpec
from aimcsim.trace.definitions import DEFINITIONS

Place: TypeAlias = tuple[str | int, ...]

#: Paths that a study itself sets, and who does.
SET_BY_THE_STUDY = {"name": "every point has a name of its own"}


def check_sweep(spec: SweepSpec) -> list[FieldError]:
    """Everything that is wrong across the fields of a sweep."""
    zipped = spec.zip if isinstance(spec.zip, list) else [spec.zip]
    zip_at: list[Place] = [("zip", n) for n in range(len(zipped))] if isinstance(spec.zip, list) else [("zip",)]
    errors: list[FieldError] = []
    places: list[tuple[str, Place]] = [(path, ("grid", path)) for path in spec.grid]
    for own, at in zip(zipped, zip_at, strict=True):
        places += [(path, (*at, path)) for path in own]
        lengths = {path: len(values) for path, values in own.items()}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{path} has {length}" for path, length in lengths.items())
            errors.append(FieldError(at, f"must hold equally many values of every path ({told})"))
    in_points: dict[str, Place] = {}
    for number, settings in enumerate(spec.points):
        in_points |= {path: ("points", number, path) for path in settings}
    places += in_points.items()
    if spec.seeds is not None:
        places.append(("seed", ("seeds",)))
    if not places:
        errors.append(FieldError((), "needs an axis: one of grid, zip, points and seeds"))
    errors += [*_paths(places), *_twice(places), *_study(spec, [path for path, _ in places])]
    if errors:
        return errors
    count = 1
    for group in groups(spec):
        count *= len(group)
    if count > MOST_POINTS:
        errors.append(FieldError((), f"a sweep has at most {MOST_POINTS} points", count))
    return errors


def check_search(spec: SearchSpec) -> list[FieldError]:
    """Everything that is wrong across the fields of a search."""
    places: list[tuple[str, Place]] = [(path, ("axes", path)) for path in spec.axes]
    errors = [*_paths(places), *_study(spec, list(spec.axes))]
    goals: list[tuple[str, Place]] = [
        (name, (key, n)) for key in ("minimise", "maximise") for n, name in enumerate(getattr(spec, key))
    ]
    if not goals:
        errors.append(FieldError((), "needs a goal: minimise or maximise names summary values"))
    for number, (name, at) in enumerate(goals):
        errors += _is_figure(name, at)
        if name in [other for other, _ in goals[:number]]:
            errors.append(FieldError(at, "is a goal already", name))
    for path, axis in spec.axes.items():
        at = ("axes", path)
        if isinstance(axis, list):
            texts = [text_of(value) for value in axis]
            if len(set(texts)) < len(texts):
                errors.append(FieldError(at, "holds a choice twice"))
            continue
        low, high = axis.int if isinstance(axis, IntRange) else axis.float
        if low > high:
            errors.append(FieldError(at, f"must begin with the smaller number (got {low} to {high})"))
        if axis.log and low <= 0:
            errors.append(FieldError(at, "log needs a range above 0", low))
        if isinstance(axis, IntRange) and axis.log and axis.step != 1:
            errors.append(FieldError((*at, "step"), "cannot be given together with log", axis.step))
        if isinstance(axis, FloatRange) and high - low > 1e300:
            errors.append(FieldError(at, "the range is too wide"))
    return errors


def _study(spec: StudySpec, axes: Sequence[str]) -> list[FieldError]:
    places: list[tuple[str, Place]] = [(path, ("set", path)) for path in spec.set]
    errors = [*_paths(places), *(FieldError(at, "is an axis too") for path, at in places if path in axes)]
    for number, plot in enumerate(spec.plots):
        errors += check_plot(plot, axes, ("plots", number))
    return errors


def check_plot(plot: PlotSpec, axes: Sequence[str], at: Place = ()) -> list[FieldError]:
    """What is wrong with a figure of a study with these axes."""
    errors = [] if plot.kind == "curves" else _is_figure(plot.y, (*at, "y"))
    if plot.kind != "pareto" and plot.maximise is not None:
        errors.append(FieldError((*at, "maximise"), "is for kind: pareto only"))
    if plot.kind == "curves":
        errors += [*_is_column(plot.x, (*at, "x")), *_is_column(plot.y, (*at, "y"))]
    elif plot.kind == "pareto":
        errors += _is_figure(plot.x, (*at, "x"))
        for number, name in enumerate(plot.maximise or []):
            if name not in (plot.x, plot.y):
                errors.append(FieldError((*at, "maximise", number), f"must be {plot.x} or {plot.y}", name))
    else:
        errors += _is_axis(plot.x, axes, (*at, "x"))
    for path in plot.where:
        errors += _is_axis(path, axes, (*at, "where", path))
    return errors


def _is_axis(path: str, axes: Sequence[str], at: Place) -> list[FieldError]:
    return [] if path in axes else [FieldError(at, f"must be an axis{_close(path, axes)}", path)]


def _is_figure(name: str, at: Place) -> list[FieldError]:
    known = [*DEFINITIONS]
    first = name.split(".")[0]
    return [] if first in known else [FieldError(at, f"must be a summary value{_close(first, known)}", name)]


def _is_column(name: str, at: Place) -> list[FieldError]:
    known = [*METRICS_SCHEMA.names, *OPTIMUM_COLUMNS]
    return [] if name in known else [FieldError(at, f"must be a column of metrics.csv{_close(name, known)}", name)]


def _close(word: str, words: Sequence[str]) -> str:
    found = difflib.get_close_matches(word, list(words), 1)
    return f", did you mean {found[0]}?" if found else f": {', '.join(words)}" if len(words) < 9 else ""


def _paths(places: Iterable[tuple[str, Place]]) -> list[FieldError]:
    errors = []
    for path, at in places:
        if "" in path.split("."):
            errors.append(FieldError(at, "a path is keys and list indices joined by dots", path))
        elif path in SET_BY_THE_STUDY:
            errors.append(FieldError(at, f"cannot be set: {SET_BY_THE_STUDY[path]}"))
    return errors


def _twice(places: Sequence[tuple[str, Place]]) -> list[FieldError]:
    first: dict[str, Place] = {}
    errors = []
    for path, at in places:
        if path in first:
            errors.append(FieldError(at, f"is an axis already, in {first[path][0]}"))
        first.setdefault(path, at)
    return errors
