"""Runs that are stopped and gone on with, and all that a run leaves behind, as bytes."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

from aimcsim.checkpoint.plain import Packer
from aimcsim.checkpoint.settings import Checkpoints, Interval
from aimcsim.errors import RunStopped
from aimcsim.result import Result
from aimcsim.scenario.spec import Scenario
from aimcsim.simulation import RunView, simulate
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
        settings = Checkpoints(folder)
        try:
            result = _run(scenario, settings, _stopping_at(cycle, settings), options)
        except RunStopped:
            continue
        return result  # it ended before that cycle
    return _run(scenario, Checkpoints(folder, Interval(samples=10**9)), None, options)


def _run(scenario: Scenario, settings: Checkpoints, stopping: Any, options: dict[str, Any]) -> Finished:
    views: list[RunView] = []

    def watch(view: RunView) -> None:
        views.append(view)
        if stopping is not None:
            view.machine.env.process(stopping(view))

    return Finished(simulate(scenario, watch=watch, checkpoint=settings, resume=True, **options), views[0])


def _stopping_at(cycle: int, settings: Checkpoints) -> Any:
    def process(view: RunView) -> Generator[Any, Any, None]:
        # The machine pauses at the beginning of the cycle after this one.
        yield view.machine.env.timeout(max(0, cycle - 1 - view.cycle))
        settings.stop.ask()
        view.machine.pause()

    return process
