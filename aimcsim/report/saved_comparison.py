"""Runs that are done as a comparison: those of a comparison's folder in its order, or any others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pydantic

from aimcsim.errors import RunFolderError
from aimcsim.report.comparison import Column, Comparison, compare
from aimcsim.report.run_reader import read_run
from aimcsim.trace.run_folder import COMPARISON, is_run_folder


class SavedRun(NamedTuple):
    """A run folder under the name that it has among others."""

    folder: Path
    label: str
    is_reference: bool = False


class _Entry(pydantic.BaseModel):
    label: str
    reference: bool


class _Entries(pydantic.BaseModel):
    runs: list[_Entry]


def saved_runs(folder: Path) -> list[SavedRun]:
    """The runs in the folder of a comparison, as it orders them. Raises RunFolderError."""
    path = folder / COMPARISON
    try:
        entries = _Entries.model_validate(json.loads(path.read_text(encoding="utf-8"))).runs
    except (ValueError, RecursionError) as error:
        raise RunFolderError(f"{path} cannot be read: it is no comparison of aimcsim") from error
    # A label names a folder beside the file, and nothing else.
    found = [each for each in entries if each.label == Path(each.label).name and is_run_folder(folder / each.label)]
    if not found:
        raise RunFolderError(f"{folder} holds no run of its comparison")
    return [SavedRun(folder / each.label, each.label, each.reference) for each in found]


def labelled(folders: Sequence[Path]) -> list[SavedRun]:
    """Runs under the names of their folders, numbered where two are the same."""
    found: list[SavedRun] = []
    taken: set[str] = set()
    for folder in folders:
        name = folder.resolve().name
        label, number = name, 2
        while label in taken:
            label, number = f"{name}-{number}", number + 1
        taken.add(label)
        found.append(SavedRun(folder, label))
    return found


def comparison_of(runs: Sequence[SavedRun]) -> Comparison:
    """The runs side by side. Raises RunFolderError for one that cannot be read."""
    return compare([Column(run.label, read_run(run.folder), run.is_reference) for run in runs])
