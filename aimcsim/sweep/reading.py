"""Reading of sweep and search files: typed, checked, with the place of every value, and the base they start from."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import pydantic

from aimcsim.errors import FieldError, FieldErrors, ScenarioError
from aimcsim.scenario.explain import Wording, problems_of_validation
from aimcsim.scenario.keys import specs_in
from aimcsim.scenario.load import scenario_from_draft
from aimcsim.scenario.marks import Draft, FieldPath, Marks, problems_from_field_errors
from aimcsim.scenario.overrides import Override
from aimcsim.scenario.spec import Scenario
from aimcsim.scenario.yaml_marks import read_yaml
from aimcsim.shipped import find_scenario, find_sweep
from aimcsim.sweep.checks import check_search, check_sweep
from aimcsim.sweep.spec import SearchSpec, StudySpec, SweepSpec

S = TypeVar("S", bound=StudySpec)

BASE: FieldPath = ("base",)


@dataclass(frozen=True)
class StudyFile(Generic[S]):
    """A sweep or search file; `text` is its content as read, `base` the draft that every point starts from."""

    spec: S
    marks: Marks
    text: bytes
    base: Draft
    base_folder: str

    def scenario(self, overrides: list[Override]) -> tuple[Scenario, Marks]:
        """The base with what `set` and `overrides` change. Raises ScenarioError."""
        always = [
            Override(path, Draft(value, self.marks.part(("set", path))).copy(), self.marks.key(("set", path)))
            for path, value in sorted(self.spec.set.items(), key=lambda each: each[0].count("."))
        ]
        return scenario_from_draft(self.base.copy(), self.base_folder, [*always, *overrides])


def read_sweep(text: str) -> StudyFile[SweepSpec]:
    """The sweep in a file, or a shipped one by name. Raises ScenarioError with all that is wrong with the file."""
    return _read(text, SweepSpec, check_sweep)


def read_search(text: str) -> StudyFile[SearchSpec]:
    """The search in a file, or a shipped one by name. Raises ScenarioError with all that is wrong with the file."""
    return _read(text, SearchSpec, check_search)


def _read(text: str, kind: type[S], check: Callable[[S], list[FieldError]]) -> StudyFile[S]:
    file = os.fspath(find_sweep(text))
    draft = read_yaml(file)
    if not isinstance(draft.data, dict):
        if not draft.is_broken(()):
            draft.fail((), "must be a mapping of keys to values")
        raise _error(draft)
    try:
        spec = kind.model_validate(draft.data)
    except pydantic.ValidationError as error:
        raise _error(draft, error, kind) from None
    if draft.findings:
        raise _error(draft)
    wrong = check(spec)
    if wrong:
        raise problems_from_field_errors(FieldErrors(wrong), draft.marks)
    base, folder = _base(spec, draft, os.path.dirname(file))
    with open(file, "rb") as stream:
        return StudyFile(spec, draft.marks, stream.read(), base, folder)


def _error(draft: Draft, error: pydantic.ValidationError | None = None, kind: type[S] | None = None) -> ScenarioError:
    more = problems_of_validation(error, draft, _wording(kind)) if error is not None and kind is not None else []
    found = draft.error(more)
    assert found is not None
    return found


def _wording(kind: type[StudySpec]) -> Wording:
    """Every part of a location is a key but pydantic's tags, which stand in brackets: paths may be any text."""
    parts = [kind, *(spec for field in kind.model_fields.values() for spec in specs_in(field.annotation))]
    keys = sorted({key for part in parts for key in part.model_fields})

    def suggestion(key: str, location: FieldPath) -> str:
        at_top = not location
        close = difflib.get_close_matches(key, list(kind.model_fields) if at_top else keys, 1)
        path = f"; a path of the scenario stands below grid or set, or in base: {key}" if at_top and "." in key else ""
        return f", did you mean {close[0]}?" if close else path

    return Wording(lambda part: not (part.startswith("(") and part.endswith(")")), suggestion)


def _base(spec: StudySpec, draft: Draft, folder: str) -> tuple[Draft, str]:
    """The draft of the base scenario, and the folder that file names in it are relative to."""
    if not isinstance(spec.base, str):
        return draft.part(BASE), folder
    beside = os.path.normpath(os.path.join(folder, spec.base))
    if not os.path.exists(beside):
        try:
            beside = os.fspath(find_scenario(spec.base))
        except ScenarioError as error:
            what = error.problems[0].what
            raise problems_from_field_errors(FieldErrors([FieldError(BASE, what, spec.base)]), draft.marks) from None
    base = read_yaml(beside)
    if base.findings:
        raise _error(base)
    return base, os.path.dirname(beside)
