"""Runs that are stopped and gone on with, and all that a run leaves behind, as bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any

from aimcsim.checkpoint.folder import newest_checkpoint
from aimcsim.checkpoint.plain import Packer
from aimcsim.checkpoint.settings import Checkpoints
from aimcsim.errors import RunStopped
from aimcsim.result import Result
from aimcsim.scenario.spec import Scenario
from aimcsim.simulation import RunView, simulate
from tests.pipeline.machines import chain
from tests.training.scenarios import ANALOG, DIGITAL, digits

TABLE = [["0F0", "0F1", "", "0B1", "0B0"], ["", "1F0", "1F1", "1B1", "1B0"]]

#: One pipeline of every family of schedules; 16 micro-batches of 2 samples fit all of them.
FAMILIES: dict[str, dict[str, Any]] = {
    "serial": {"schedule": "serial", "micro_batches": 2},
    "gpipe": {"schedule": "gpipe", "micro_batches": 4},
    "one-f-one-b": {"schedule": "one-f-one-b", "micro_batches": 4},
    "interleaved": {"schedule": "interleaved", "micro_batches": 4, "stages": 2},
    "zero-bubble": {"schedule": "zero-bubble-h1", "micro_batches": 4},
    "2bw": {"schedule": "pipedream-2bw", "micro_batches": 4},
    "stash": {"schedule": "pipedream"},
    "async": {"schedule": "async"},
    "greedy": {"schedule": "async-greedy"},
    "csv": {"schedule": {"table": TABLE}, "micro_batches": 2, "stages": 2},
}
DIGITAL_ONLY = ("zero-bubble", "2bw", "stash")


def small(family: str, **rest: Any) -> Scenario:
    """A run of `family` on the digits that takes a fraction of a second, with an evaluation now and then."""
    given = {"samples": 32, "evaluate_every": 6, "algorithm": DIGITAL if family in DIGITAL_ONLY else ANALOG, **rest}
    return digits({"stages": 4, "micro_batch": 2, **FAMILIES[family]}, **given)


#: Time alone: two stages, an update every 8 cycles.
CHAIN = chain("async", [(2, 4, 2), (4, 2, 2)], 24)


class Finished:
    """A result and the session that it came from, if there was one."""

    def __init__(self, result: Result, view: RunView) -> None:
        self.result = result
        self.view = view

    def left(self, folder: Path) -> dict[str, Any]:
        """The bytes of the run folder, the summary without its wall time, the bits of all arrays and hidden state."""
        self.result.save(folder)
        files: dict[str, Any] = {file.name: file.read_bytes() for file in folder.iterdir()}
        summary = json.loads(files["summary.json"])
        del summary["wall_seconds"]
        files["summary.json"] = summary
        files |= {name: matrix.tobytes() for name, matrix in self.result.weights.items()}
        if self.view.session is not None:
            packer = Packer()
            files["state"] = packer.pack(self.view.session.state())
            files["arrays"] = [(a.dtype, a.shape, a.tobytes()) for a in packer.arrays]
        return files


def whole(scenario: Scenario, **options: Any) -> Finished:
    """The run without checkpoints."""
    views: list[RunView] = []
    return Finished(simulate(scenario, watch=views.append, **options), views[0])


def in_pieces(scenario: Scenario, folder: Path, cycles: Iterable[int], **options: Any) -> Finished:
    """The run, stopped at each of `cycles` and each time gone on with, by new objects, from the file in `folder`."""
    for cycle in cycles:
        finished = piece(scenario, folder, cycle, **options)
        if finished is not None:
            return finished  # it ended before that cycle
    finished = piece(scenario, folder, None, **options)
    assert finished is not None
    return finished


def piece(scenario: Scenario, folder: Path, until: int | None, **options: Any) -> Finished | None:
    """Begin, or go on from the newest checkpoint in `folder`; None where the run has stopped at `until`."""
    settings = Checkpoints(folder)
    views: list[RunView] = []

    def watch(view: RunView) -> None:
        views.append(view)
        if until is not None:
            view.machine.env.process(_stopping_at(until, view, settings))

    try:
        result = simulate(scenario, watch=watch, checkpoint=settings, resume=True, **options)
    except RunStopped:
        return None
    return Finished(result, views[0])


def stopped(path: Path, *cycles: int, scenario: Scenario = CHAIN) -> Path:
    """The newest checkpoint of a run that was stopped at each of `cycles`, in a folder within `path`."""
    for cycle in cycles:
        assert piece(scenario, path / "run.checkpoint", cycle) is None
    newest = newest_checkpoint(path / "run.checkpoint")
    assert newest is not None
    return newest


def beside(view: RunView, *processes: Callable[[RunView], Generator[Any, Any, None]]) -> None:
    """Let something happen in simulated time."""
    for process in processes:
        view.machine.env.process(process(view))


def _stopping_at(cycle: int, view: RunView, settings: Checkpoints) -> Generator[Any, Any, None]:
    # The machine pauses at the beginning of the cycle after this one.
    yield view.machine.env.timeout(max(0, cycle - 1 - view.cycle))
    settings.stop.ask()
    view.machine.pause()
