"""What a worker does: one point, from its scenario to its run folder."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aimcsim.errors import RunFolderError
from aimcsim.scenario.spec import Scenario
from aimcsim.simulation import simulate


@dataclass(frozen=True)
class Task:
    """A point on its way to a worker. `folder` is where its run folder goes; `study` holds the folder of the study."""

    id: str
    scenario: Scenario
    train: bool
    folder: str
    study: str


def run_task(task: Task) -> dict[str, Any]:
    """Simulate a point and write its run folder, whole or not at all; the summary comes back.

    One thread: the points run side by side, not the stages of one.

    Raises what `simulate` raises, and RunFolderError where this machine does not see the study's folder.
    """
    if not Path(task.study).is_dir():
        where = f"{task.study} is not to be seen on {socket.gethostname()}"
        raise RunFolderError(f"{where}; a cluster needs --out on a file system that its workers share")
    folder = Path(task.folder)
    result = simulate(task.scenario, train=task.train, target=folder, threads=1)
    result.save(folder)
    return result.summary
