"""What `aimcsim sweep` and `aimcsim search` share: arguments, the end of a study, and its folder shown."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pydantic
import typer

from aimcsim.cli.consoles import message_console, output_console, print_parts
from aimcsim.cli.guard import FAILED, INTERRUPTED, BadArgument
from aimcsim.cli.study_progress import counted, duration, study_progress
from aimcsim.cli.target import check_name_and_place
from aimcsim.errors import harmless
from aimcsim.sweep.axes import label
from aimcsim.sweep.checks import check_plot
from aimcsim.sweep.folder import FRONT, TABLE, StudyFolder
from aimcsim.sweep.ledger import Ledger
from aimcsim.sweep.run import Watch
from aimcsim.sweep.spec import PlotSpec

#: Failures that are shown; the table has all.
MOST_FAILURES = 20


def check_arguments(workers: int | None, scheduler: str | None) -> None:
    """Raises BadArgument."""
    if workers is not None and scheduler is not None:
        raise BadArgument("--workers are processes of this machine, --scheduler is a cluster: give one of them")


def parsed_plots(texts: Sequence[str] | None) -> list[PlotSpec]:
    """`--plot` texts `x=…,y=…[,kind=pareto][,log=xy]`. Raises BadArgument."""
    found = []
    for text in texts or []:
        parts = [part.partition("=") for part in text.split(",")]
        given: dict[str, Any] = {key.strip(): value.strip() for key, _, value in parts}
        if "log" in given:
            given["log"] = list(given["log"])
        try:
            found.append(PlotSpec.model_validate(given))
        except pydantic.ValidationError:
            forms = "x=AXIS,y=VALUE, kind=pareto,x=VALUE,y=VALUE or kind=curves,x=COLUMN,y=COLUMN; "
            forms += "log=x, y or xy may follow"
            raise BadArgument(f"--plot must read {forms} (got {text})") from None
    return found


def checked_plots(plots: Sequence[PlotSpec], axes: Sequence[str]) -> Sequence[PlotSpec]:
    """The plots, all of which can be drawn of these axes. Raises BadArgument."""
    for plot in plots:
        for error in check_plot(plot, axes):
            raise BadArgument(f"--plot: {error}")
    return plots


def study_folder(out: Path | None, name: str) -> StudyFolder:
    """The folder of the study `name`, which may hold an earlier call of it. Raises RunFolderError."""
    target = Path(os.path.abspath(out or Path("runs") / name))
    check_name_and_place(target)
    folder = StudyFolder(target)
    folder.check_usable(name)
    return folder


@contextmanager
def at_work(ledger: Ledger) -> Iterator[Watch]:
    """Progress for the length of the block; Ctrl-C ends it with what is done and how to go on."""
    console = message_console()
    try:
        with study_progress(console, ledger) as watch:
            yield watch
    except KeyboardInterrupt:
        told = f"interrupted: {counted(ledger.counts())}; the same command goes on from here"
        typer.echo(harmless(told, 1000), err=True)
        raise typer.Exit(INTERRUPTED) from None


def end(ledger: Ledger, plots: Sequence[PlotSpec]) -> None:
    """Draw the figures and show what there is. Raises Exit(1) where a point failed, not where its settings are none."""
    _show(ledger, _drawn(ledger, plots))
    invalid = sum(point.error is not None for point in ledger.plan.points)
    if ledger.counts().failed > invalid:
        raise typer.Exit(FAILED)


def show_folder(path: Path, plots: Sequence[PlotSpec]) -> None:
    """How far the study in a folder is."""
    folder = StudyFolder(Path(os.path.abspath(path)))
    ledger = Ledger(folder, folder.read_plan())
    checked_plots(plots, ledger.plan.axes)
    counts, told = ledger.counts(), "nobody is at work"
    if folder.is_held():
        since = folder.held_since()
        finished, passed = folder.finished_since(since), time.time() - since
        left = duration(passed / finished * counts.left) if finished else "unknown"
        told = f"at work for {duration(passed)}, time to go {left}"
    elif counts.left == 0:
        told = "complete"
    output_console().print(f"{harmless(ledger.plan.name)}: {counted(counts)}; {told}", soft_wrap=True)
    _show(ledger, _drawn(ledger, plots), counts_too=False)


def _drawn(ledger: Ledger, plots: Sequence[PlotSpec]) -> list[Path]:
    if not plots:
        return []
    # matplotlib takes a second to import: only figures need it.
    from aimcsim.sweep.draw import draw_plots

    return draw_plots(plots, ledger.rows(), ledger.plan.axes, ledger.folder.path)


def _show(ledger: Ledger, files: Sequence[Path], counts_too: bool = True) -> None:
    from rich.text import Text

    parts = []
    if counts_too:
        parts.append(Text(f"{harmless(ledger.plan.name)}: {counted(ledger.counts())}"))
    failures = list(ledger.failures())
    for point, failure in failures[:MOST_FAILURES]:
        parts.append(Text(f"failed: {harmless(label(point.settings), 400)}: {harmless(failure.error, 400)}"))
    if len(failures) > MOST_FAILURES:
        parts.append(Text(f"… and {len(failures) - MOST_FAILURES} more, see the table"))
    folder = ledger.folder.path
    if (folder / TABLE).is_file():
        parts.append(Text(f"table: {_relative(folder / TABLE)}"))
    if (folder / FRONT).is_dir():
        number = len(list((folder / FRONT).glob("*.yaml")))
        parts.append(Text(f"Pareto front: {number} scenarios in {_relative(folder / FRONT)}"))
    parts += [Text(f"figure: {_relative(file)}") for file in files]
    print_parts(output_console(), parts)


def _relative(path: Path) -> str:
    """The path as a person at this prompt would write it."""
    here = Path.cwd()
    return harmless(str(path.relative_to(here) if path.is_relative_to(here) else path), 1024)
