"""Running a sweep: whatever its folder does not hold yet."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from aimcsim.sweep.crew import Crew
from aimcsim.sweep.folder import FILE, POINTS, StudyFolder
from aimcsim.sweep.ledger import Ledger
from aimcsim.sweep.plan import Plan, Planned
from aimcsim.sweep.points import Point
from aimcsim.sweep.reading import StudyFile
from aimcsim.sweep.spec import SweepSpec
from aimcsim.sweep.whole_files import write_whole
from aimcsim.sweep.work import Task

#: Called whenever a point has ended; shows the ledger's counts.
Watch = Callable[[Ledger], None]


def planned_sweep(file: StudyFile[SweepSpec], points: Sequence[Point]) -> Plan:
    """What study.json says of a sweep."""
    axes = list(dict.fromkeys(path for point in points for path in point.settings))
    told = [Planned(id=point.id, settings=point.settings) for point in points]
    return Plan(name=file.spec.name, kind="sweep", total=len(points), axes=axes, points=told)


def opened(folder: StudyFolder, file_text: bytes, plan: Plan) -> Ledger:
    """The ledger of a folder that is held: the file and the plan are written, what failed is forgotten."""
    folder.remove_leftovers()
    folder.write_plan(plan)  # first of all: it is what tells the folder from a foreign one
    write_whole(folder.path / FILE, file_text)
    (folder.path / POINTS).mkdir(exist_ok=True)
    ledger = Ledger(folder, plan)
    ledger.forget_failures()
    return ledger


def run_points(points: Iterable[Point], train: bool, ledger: Ledger, crew: Crew, watch: Watch) -> None:
    """Run those of the points that have no result yet; each is recorded when it ends, whatever its end.

    The table is up to date afterwards, also where an error or Ctrl-C ends it.
    """
    study = os.path.abspath(ledger.folder.path)
    missing = {point.id: point for point in points if not ledger.has(point.id)}
    tasks = (Task(id, point.scenario, train, str(Path(study) / POINTS / id), study) for id, point in missing.items())
    try:
        for task, result in crew.run(tasks) if missing else ():
            ledger.record(task.id, result)
            watch(ledger)
    finally:
        ledger.write_table()
