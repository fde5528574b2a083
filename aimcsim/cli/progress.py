"""The progress bar: a thread of its own looks at the running simulation a few times a second."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from aimcsim.checkpoint.settings import Checkpoints
from aimcsim.cli.signals import stopping
from aimcsim.errors import FieldError, FieldErrors, harmless
from aimcsim.loading import Loaded
from aimcsim.result import Result
from aimcsim.simulation import simulate

if TYPE_CHECKING:
    from aimcsim.simulation import RunView

SECONDS_BETWEEN_LOOKS = 0.2


def simulate_with_progress(
    loaded: Loaded,
    train: bool,
    console: Console,
    target: Path | None = None,
    checkpoint: Checkpoints | None = None,
    resume: bool = False,
    threads: int | None = None,
) -> Result:
    """Run a scenario under a progress bar; without a terminal, a line at the start and one at the end.

    With `checkpoint`, Ctrl-C and SIGTERM stop the run in good order. Raises what `simulate` raises, errors of fields
    with file, line and column.
    """
    name = harmless(loaded.scenario.name)
    try:
        with watching(console, name) as watch, nullcontext() if checkpoint is None else stopping(checkpoint.stop):
            result = simulate(
                loaded.scenario,
                train=train,
                watch=watch,
                target=target,
                checkpoint=checkpoint,
                resume=resume,
                threads=threads,
            )
    except (FieldError, FieldErrors) as error:
        raise loaded.explain(error) from None
    summary = result.summary
    console.print(
        f"{name}: {summary['status']}, {summary['samples']} samples, {summary['makespan_cycles']} cycles "
        f"in {summary['wall_seconds']:.1f} s"
    )
    return result


@contextmanager
def watching(console: Console, name: str) -> Iterator[Callable[[RunView], None]]:
    """Gives the watcher to hand to `simulate`; the bar is gone when the block ends."""
    if not console.is_terminal or console.is_dumb_terminal:
        yield lambda view: console.print(f"{name}: {_start_line(view)}")
        return
    stop = threading.Event()
    threads: list[threading.Thread] = []
    with _bar(console) as bar:

        def watch(view: RunView) -> None:
            thread = threading.Thread(target=_look, args=(view, bar, name, stop), daemon=True)
            threads.append(thread)
            thread.start()

        try:
            yield watch
        finally:
            stop.set()
            for thread in threads:
                thread.join()


def _start_line(view: RunView) -> str:
    schedule, floorplan = view.assembly.schedule, view.assembly.floorplan
    begun = f", {view.samples} of them done" if view.cycle else ""
    return f"{schedule.name}, {floorplan.stages} stages, {view.assembly.samples} samples{begun}"


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        _Figures(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


class _Figures(ProgressColumn):
    """Samples done of all, samples per second, cycle and loss."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        parts = [
            f"{int(task.completed)}/{int(task.total or 0)} samples",
            "" if speed is None else f"{speed:.0f}/s",
            f"cycle {task.fields['cycle']}",
            "" if task.fields["loss"] is None else f"loss {task.fields['loss']:.4f}",
        ]
        return Text("  ".join(part for part in parts if part))


def _look(view: RunView, bar: Progress, name: str, stop: threading.Event) -> None:
    fields: dict[str, Any] = {"cycle": 0, "loss": None}
    task = bar.add_task(name, total=view.assembly.samples, **fields)
    while not stop.is_set():
        bar.update(task, completed=view.samples, cycle=view.cycle, loss=view.loss)
        stop.wait(SECONDS_BETWEEN_LOOKS)
