"""The folder of a study: what was planned, the run folders of its points, what failed, and the table of all.

    DIR/sweep.yaml            the sweep or search file as it was given
    DIR/study.json            name, kind, and id and settings of every point
    DIR/points/ID/            run folder of a finished point, complete or absent
    DIR/failed/ID.json        error of a point that failed
    DIR/results.parquet       a row a point: settings and summary
    DIR/plots, DIR/front      figures, and the scenarios of a search's Pareto front

Every file is written beside its place and renamed, so that a kill at any moment leaves a folder that the next call
goes on from.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydantic

from aimcsim.errors import RunFolderError, harmless
from aimcsim.sweep.plan import Plan
from aimcsim.sweep.whole_files import write_whole
from aimcsim.trace.run_folder import SUMMARY, is_run_folder

STUDY = "study.json"
FILE = "sweep.yaml"
POINTS = "points"
FAILED = "failed"
TABLE = "results.parquet"
PLOTS = "plots"
FRONT = "front"
JOURNAL = "journal.log"
LOCK = ".lock"


@dataclass(frozen=True)
class Failure:
    """Why a point has no result."""

    error: str
    traceback: str = ""


class StudyFolder:
    """One folder of a study. Raises RunFolderError for a folder that is none, or of another study."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def check_usable(self, name: str) -> None:
        """Nothing stands here, or an earlier call of the study `name`."""
        if not os.path.lexists(self.path):
            return
        if not self.path.is_dir() or self.path.is_symlink():
            raise RunFolderError(f"{self.path} exists and is no folder; give another --out")
        if not (self.path / STUDY).is_file():
            # A call that was killed before it had written its plan has left its lock, and at most half of the plan.
            if any(entry.name != LOCK and not _is_leftover(entry) for entry in self.path.iterdir()):
                raise RunFolderError(f"{self.path} exists and is no sweep of aimcsim; give another --out")
        elif (found := self.read_plan().name) != name:
            raise RunFolderError(f"{self.path} is the sweep {harmless(found)}, not {name}; give another --out")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder; made if it is missing. Raises RunFolderError where another call holds it."""
        self.path.mkdir(parents=True, exist_ok=True)
        with open(self.path / LOCK, "a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RunFolderError(f"{self.path}: another call of aimcsim is at work here") from None
            os.utime(self.path / LOCK)
            yield

    def is_held(self) -> bool:
        """Whether a call of aimcsim is at work in the folder."""
        if not (self.path / LOCK).is_file():
            return False
        with open(self.path / LOCK) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def held_since(self) -> float:
        """When the call began that is at work in the folder, in seconds of the clock of files."""
        return (self.path / LOCK).stat().st_mtime

    def finished_since(self, moment: float) -> int:
        """How many points have got their result since then."""
        summaries = (self.path / POINTS).glob(f"*/{SUMMARY}")
        return sum(file.stat().st_mtime >= moment for file in summaries)

    def write_plan(self, plan: Plan) -> None:
        """Replace study.json."""
        write_whole(self.path / STUDY, plan.model_dump_json(indent=1).encode() + b"\n")

    def read_plan(self) -> Plan:
        """study.json, checked."""
        file = self.path / STUDY
        if not file.is_file():
            raise RunFolderError(f"{self.path} is no folder of a sweep or search")
        try:
            return Plan.model_validate_json(file.read_bytes())
        except pydantic.ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(harmless(str(part)) for part in first["loc"])
            raise RunFolderError(f"{file}: {where}: {first['msg']}") from None

    def point(self, id: str) -> Path:
        """Where the run folder of a point stands once it is finished."""
        return self.path / POINTS / id

    def summary(self, id: str) -> dict[str, Any] | None:
        """The summary of a finished point. None where there is no readable one: such a point has to run (again)."""
        folder = self.point(id)
        if not is_run_folder(folder):
            return None
        try:
            found = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
        except (ValueError, RecursionError):  # cut off when the power failed
            return None
        return found if isinstance(found, dict) else None

    def failure(self, id: str) -> Failure | None:
        """What is known of a point that failed."""
        file = self.path / FAILED / f"{id}.json"
        if not file.is_file():
            return None
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            return Failure(str(found["error"]), str(found["traceback"]))
        except (ValueError, KeyError, TypeError, RecursionError):
            return Failure("failed; its record cannot be read")

    def write_failure(self, id: str, failure: Failure | None) -> None:
        """Note why a point failed, or (None) that it did not."""
        file = self.path / FAILED / f"{id}.json"
        if failure is None:
            file.unlink(missing_ok=True)
            return
        file.parent.mkdir(exist_ok=True)
        write_whole(file, json.dumps({"error": failure.error, "traceback": failure.traceback}, indent=1).encode())

    def replace_front(self, scenarios: Mapping[str, Path]) -> None:
        """Copy the scenario files of a Pareto front, by file name, in place of those of an older front."""
        folder = self.path / FRONT
        folder.mkdir(exist_ok=True)
        for name, source in scenarios.items():
            write_whole(folder / name, source.read_bytes())
        for old in folder.iterdir():
            if old.name not in scenarios and old.suffix == ".yaml":
                old.unlink()

    def remove_leftovers(self) -> None:
        """Remove what killed calls and their workers have left half-written. Only while the folder is held."""
        for place in (self.path, *(self.path / name for name in (POINTS, FAILED, PLOTS, FRONT))):
            for entry in list(place.iterdir()) if place.is_dir() else ():
                if _is_leftover(entry) and entry.is_dir():
                    shutil.rmtree(entry, ignore_errors=True)
                elif _is_leftover(entry):
                    entry.unlink(missing_ok=True)


def _is_leftover(path: Path) -> bool:
    """Whether this is something that was being written beside its place, here or by `staging_folder`."""
    return path.name.startswith(".") and path.name.endswith(".partial")
