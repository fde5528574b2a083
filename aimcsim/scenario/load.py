"""Reading of a whole scenario: the file, the files it names, the values set from outside, the checks."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pydantic

from aimcsim.errors import FieldErrors
from aimcsim.scenario.checks import check
from aimcsim.scenario.explain import problems_of_validation
from aimcsim.scenario.marks import Draft, FieldPath, Mark, Marks, Spelled, problems_from_field_errors
from aimcsim.scenario.overrides import (
    SET,
    Override,
    OverrideError,
    Overrides,
    apply_override,
    parse_overrides,
    plain_draft,
)
from aimcsim.scenario.spec import Scenario
from aimcsim.scenario.table_file import parse_table
from aimcsim.scenario.text_file import TextError, read_bytes
from aimcsim.scenario.yaml_marks import parse_yaml, read_yaml

#: What stands for a file name where a scenario was given as a mapping.
IN_MEMORY = "<scenario>"

MODEL: FieldPath = ("model",)
SCHEDULE: FieldPath = ("pipeline", "schedule")
WEIGHTS: FieldPath = ("training", "initial_weights")
#: Parts that may be written as a bare name: `device: ideal` means `device: {name: ideal}`.
BARE_NAMES: tuple[FieldPath, ...] = (("hardware", "device"), ("training", "algorithm"))


def read_scenario(path: str | os.PathLike[str], overrides: Overrides | None = None) -> tuple[Scenario, Marks]:
    """The scenario in a file, complete and checked, and where its values stand.

    `model: FILE` and `pipeline.schedule: FILE.csv` are relative to the scenario file and are read in.
    `overrides`: texts `path=value` with values in YAML 1.2, or a mapping of dotted paths to values; file names in them
    are relative to the current folder. Raises ScenarioError with all that is wrong, and nothing else.
    """
    file = os.fspath(path)
    return _from_outside(read_yaml(file), os.path.dirname(file), overrides)


def scenario_from_data(
    data: Mapping[str, Any], overrides: Overrides | None = None, folder: str | os.PathLike[str] = ""
) -> tuple[Scenario, Marks]:
    """As `read_scenario`, of a mapping; file names in it are relative to `folder`. `data` is not changed."""
    return _from_outside(plain_draft(data, IN_MEMORY), os.fspath(folder), overrides)


def _from_outside(draft: Draft, folder: str, overrides: Overrides | None) -> tuple[Scenario, Marks]:
    good, bad = parse_overrides(overrides)
    for text in bad if isinstance(draft.data, dict) else ():
        draft.fail((), "must read path=value", text, Mark(SET))
    return scenario_from_draft(draft, folder, good)


def scenario_from_draft(draft: Draft, folder: str, overrides: Sequence[Override] = ()) -> tuple[Scenario, Marks]:
    """As `read_scenario`, of a draft, which is changed; file names in it are relative to `folder`.

    Those in an override that was written in a file are relative to that file.
    """
    if not isinstance(draft.data, dict):
        if not draft.is_broken(()):
            got = "nothing" if draft.data is None else "a list" if isinstance(draft.data, list) else "a single value"
            draft.fail((), "must be a mapping of keys to values", Spelled(got))
    else:
        _complete(draft, folder, overrides)
        try:
            scenario = Scenario.model_validate(draft.data)
        except pydantic.ValidationError as error:
            _raise_any(draft, error)
        else:
            _raise_any(draft)
            wrong = check(scenario)
            if wrong:
                raise problems_from_field_errors(FieldErrors(wrong), draft.marks)
            return scenario, draft.marks
    _raise_any(draft)
    raise AssertionError("a draft that is no scenario holds at least one finding")


def _raise_any(draft: Draft, error: pydantic.ValidationError | None = None) -> None:
    found = draft.error(problems_of_validation(error, draft) if error else [])
    if found:
        raise found


def _complete(draft: Draft, folder: str, overrides: Sequence[Override]) -> None:
    """Apply `overrides`, write out bare names, and read in the files that the scenario names."""

    def expand(draft: Draft, path: FieldPath) -> None:
        _expand(draft, path, folder)

    for override in overrides:
        try:
            apply_override(draft, override, expand)
        except OverrideError as error:
            draft.fail(tuple(override.path.split(".")), str(error), mark=override.mark)
    for path in (MODEL, SCHEDULE, WEIGHTS, *BARE_NAMES):
        expand(draft, path)


def _expand(draft: Draft, path: FieldPath, folder: str) -> None:
    """Replace the text at `path` by what it stands for, where it stands for something."""
    holder = draft.data
    for part in path[:-1]:
        holder = holder.get(part) if isinstance(holder, dict) else None
    key = str(path[-1])
    if not isinstance(holder, dict) or not isinstance(holder.get(key), str):
        return
    text = holder[key]
    if path == MODEL and text:
        holder[key] = _content(draft, path, text, folder, parse_yaml)
    elif path == SCHEDULE and text.lower().endswith(".csv"):
        holder[key] = _content(draft, path, text, folder, parse_table)
    elif path == WEIGHTS and text:
        # The resolved scenario is written into a run folder and must mean the same file there.
        holder[key] = os.path.abspath(_file(draft, path, text, folder))
    elif path in BARE_NAMES:
        holder[key] = {"name": text}


def _content(draft: Draft, path: FieldPath, text: str, folder: str, parse: Callable[[bytes, str], Draft]) -> Any:
    """The data in the file that `text` at `path` names; None where it holds none."""
    file = _file(draft, path, text, folder)
    try:
        part = parse(read_bytes(file), file)
    except TextError as error:
        draft.fail(path, error.what, text, broken=True)
        return None
    if not isinstance(part.data, dict) and not part.is_broken(()):
        part.fail((), "the file must hold a mapping of keys to values", broken=True)
    draft.graft(path, part)
    return part.data if isinstance(part.data, dict) else None


def _file(draft: Draft, path: FieldPath, text: str, folder: str) -> str:
    """The file that `text` at `path` names, relative to the current folder.

    `text` is relative to the file in which it was written, or to the current folder where it was set from outside.
    """
    written_in = draft.marks.value(path).file
    if written_in != draft.marks.files[0]:
        folder = "" if written_in == SET else os.path.dirname(written_in)
    return text if written_in == SET else os.path.normpath(os.path.join(folder, text))
