"""The axes of a search: what Optuna may choose, and what a choice means for the scenario."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from aimcsim.errors import Problem, ScenarioError
from aimcsim.scenario.marks import FieldPath
from aimcsim.sweep.axes import Setting, overrides_of, text_of
from aimcsim.sweep.points import PointMaker
from aimcsim.sweep.reading import StudyFile
from aimcsim.sweep.spec import IntRange, SearchAxis, SearchSpec

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def distributions(spec: SearchSpec) -> dict[str, BaseDistribution]:
    """What Optuna chooses from, by path. Choices may be mappings and lists, which it does not know: it gets texts."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    found: dict[str, BaseDistribution] = {}
    for path, axis in spec.axes.items():
        if isinstance(axis, list):
            found[path] = CategoricalDistribution([text_of(value) for value in axis])
        elif isinstance(axis, IntRange):
            found[path] = IntDistribution(*_ends(axis), log=axis.log, step=axis.step)
        else:
            low, high = axis.float
            found[path] = FloatDistribution(low, high, log=axis.log)
    return found


def settings_of_trial(spec: SearchSpec, params: Mapping[str, Any]) -> tuple[Setting, ...]:
    """Optuna's choice as settings, in the order of the file."""
    found = []
    for path, axis in spec.axes.items():
        at: FieldPath = ("axes", path)
        if isinstance(axis, list):
            index = [text_of(value) for value in axis].index(params[path])
            found.append(Setting(path, axis[index], (*at, index), at))
        else:
            found.append(Setting(path, params[path], at, at))
    return tuple(found)


def check_axes(file: StudyFile[SearchSpec], maker: PointMaker) -> None:
    """Try the ends of every axis before anything runs. Raises ScenarioError with all that is wrong with single values.

    Values that do not go together are no mistake: such a point is infeasible. But one of those tried must be good.
    """
    wrong: list[Problem] = []
    all_wrong: list[Problem] = []
    any_good = False
    for params in _probes(file.spec):
        chosen = settings_of_trial(file.spec, params)
        try:
            maker.make({}, overrides_of(chosen, file.marks))
            any_good = True
        except ScenarioError as error:
            all_wrong += error.problems
        try:
            file.scenario(overrides_of(chosen, file.marks))
        except ScenarioError as error:
            wrong += [each for each in error.problems if _is_below(each.path, file.spec.axes)]
    problems = wrong or ([] if any_good else all_wrong)
    if problems:
        raise ScenarioError(file.marks.sorted(problems))


def _probes(spec: SearchSpec) -> Iterator[dict[str, Any]]:
    """The first value of every axis, then each other end (or choice) of one axis at a time."""
    ends = {path: _probed(axis) for path, axis in spec.axes.items()}
    first = {path: values[0] for path, values in ends.items()}
    yield first
    for path, values in ends.items():
        for value in values[1:]:
            yield first | {path: value}


def _probed(axis: SearchAxis) -> list[Any]:
    if isinstance(axis, list):
        return [text_of(value) for value in axis]
    return list(_ends(axis) if isinstance(axis, IntRange) else axis.float)


def _ends(axis: IntRange) -> tuple[int, int]:
    """First and last number that the steps reach."""
    low, high = axis.int
    return low, low + (high - low) // axis.step * axis.step


def _is_below(path: str, axes: Mapping[str, Any]) -> bool:
    return any(f"{path}.".startswith(f"{axis}.") for axis in axes)
