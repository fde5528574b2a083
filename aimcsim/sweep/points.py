"""The points of a study: each is a scenario, named by its content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from aimcsim.errors import FieldError, FieldErrors, Problem, ScenarioError
from aimcsim.loading import put_together
from aimcsim.scenario.marks import Marks, problems_from_field_errors
from aimcsim.scenario.overrides import Override
from aimcsim.scenario.spec import Scenario
from aimcsim.sweep.axes import Setting, label, overrides_of, settings_of
from aimcsim.sweep.contents import FileContents
from aimcsim.sweep.reading import StudyFile
from aimcsim.sweep.spec import StudySpec, SweepSpec

S = TypeVar("S", bound=StudySpec)

#: Characters of a point's name, in hexadecimal: 64 bits of the hash.
ID_DIGITS = 16


@dataclass(frozen=True)
class Point:
    """One scenario of a study. `id` is a hash of all that decides its result; `settings` are its values of the axes."""

    id: str
    settings: dict[str, Any]
    scenario: Scenario

    @property
    def label(self) -> str:
        """The settings in one line."""
        return label(self.settings)


def point_id(scenario: Scenario, train: bool, contents: FileContents) -> str:
    """Hash of the resolved scenario without its name, of the contents of the files that it names, and of whether it
    trains: equal for equal results.
    """
    found: dict[str, Any] = {"train": train, "scenario": scenario.model_dump(mode="json", exclude={"name"})}
    if files := contents.of(scenario):
        found["files"] = files
    text = json.dumps(found, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=ID_DIGITS // 2).hexdigest()


class PointMaker:
    """Makes the points of one study, and checks each as `aimcsim validate` would."""

    def __init__(self, file: StudyFile[S]) -> None:
        self._file = file
        self._name = file.spec.name[:100]
        self._fitting: set[str] = set()
        self._contents = FileContents()

    def make(self, settings: dict[str, Any], overrides: list[Override]) -> Point:
        """The point with these settings. Raises ScenarioError."""
        train = self._file.spec.train
        scenario, marks = self._file.scenario(overrides)
        # The parts of a scenario fit together or not whatever the seed: seeds are many, and checking takes time.
        seedless = point_id(scenario.model_copy(update={"seed": 0}), train, self._contents)
        if seedless not in self._fitting:
            put_together(scenario, marks, train=train)
            self._fitting.add(seedless)
        own = point_id(scenario, train, self._contents)
        return Point(own, settings, scenario.model_copy(update={"name": f"{self._name}-{own[:8]}"}))


def sweep_points(file: StudyFile[SweepSpec]) -> list[Point]:
    """Every point of a sweep, checked before anything runs. Raises ScenarioError with all that is wrong with any."""
    maker, report = PointMaker(file), _Report(file.marks)
    points: dict[str, Point] = {}
    for chosen in settings_of(file.spec):
        settings = {each.path: each.value for each in chosen}
        try:
            point = maker.make(settings, overrides_of(chosen, file.marks))
        except ScenarioError as error:
            report.add(settings, error)
            continue
        if point.id in points:
            report.twice(chosen, points[point.id])
        points.setdefault(point.id, point)
        report.checked += 1
    report.raise_any()
    return list(points.values())


class _Report:
    """Problems of many points: those that several share are told once."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self._found: dict[Problem, list[dict[str, Any]]] = {}
        self._twice: list[Problem] = []
        self.checked = 0

    def add(self, settings: dict[str, Any], error: ScenarioError) -> None:
        for problem in error.problems:
            self._found.setdefault(replace(problem, got=_Shown(problem.got)), []).append(settings)
        self.checked += 1

    def twice(self, chosen: Sequence[Setting], first: Point) -> None:
        place = chosen[-1].place
        error = FieldError(place, f"gives the same scenario twice: {first.label}")
        self._twice += problems_from_field_errors(FieldErrors([error]), self._marks).problems

    def raise_any(self) -> None:
        """Raises ScenarioError. A problem of a field that is no axis says which points have it, unless all have."""
        problems = list(self._twice)
        for problem, points in self._found.items():
            of_an_axis = any(f"{problem.path}.".startswith(f"{path}.") for path in points[0])
            others = f" and {len(points) - 1} more" if len(points) > 1 else ""
            which = "" if of_an_axis or len(points) >= self.checked else f", at {label(points[0])}{others}"
            problems.append(replace(problem, what=problem.what + which, got=problem.got.value))
        if problems:
            raise ScenarioError(self._marks.sorted(problems))


@dataclass(frozen=True)
class _Shown:
    """An offending value that can be compared whatever it is."""

    value: Any

    def __hash__(self) -> int:
        return hash(repr(self.value))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Shown) and repr(self.value) == repr(other.value)
