"""The progress of a sweep or search: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from aimcsim.errors import harmless

if TYPE_CHECKING:
    from rich.console import Console

    from aimcsim.sweep.ledger import Counts, Ledger
    from aimcsim.sweep.run import Watch

#: Seconds between two lines where there is no terminal.
SECONDS_BETWEEN_LINES = 30.0


def counted(counts: Counts) -> str:
    """`12 of 100 points done (1 diverged), 2 failed, 86 left`."""
    diverged = f" ({counts.diverged} diverged)" if counts.diverged else ""
    return f"{counts.done} of {counts.total} points done{diverged}, {counts.failed} failed, {counts.left} left"


def duration(seconds: float) -> str:
    """`1:02:03`, or `2:03` below an hour."""
    whole = max(0, round(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@contextmanager
def study_progress(console: Console, ledger: Ledger) -> Iterator[Watch]:
    """Gives what is to be called whenever a point has ended. The time to go counts what this call has ended."""
    name = harmless(ledger.plan.name)
    if not console.is_terminal or console.is_dumb_terminal:
        console.print(f"{name}: {counted(ledger.counts())}", soft_wrap=True)
        yield _lines(console, name, ledger.counts().left)
        return
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[told]}", markup=False),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    with bar:
        counts = ledger.counts()
        # The bar counts from what was done before, its speed does not: rich measures the changes alone.
        task = bar.add_task(name, total=counts.total, completed=counts.total - counts.left, told=counted(counts))

        def watch(ledger: Ledger) -> None:
            counts = ledger.counts()
            bar.update(task, total=counts.total, completed=counts.total - counts.left, told=counted(counts))

        yield watch


def _lines(console: Console, name: str, left_at_first: int) -> Watch:
    begun = last = time.monotonic()

    def watch(ledger: Ledger) -> None:
        nonlocal last
        now, counts = time.monotonic(), ledger.counts()
        if counts.left and now - last >= SECONDS_BETWEEN_LINES:
            last = now
            ended = max(1, left_at_first - counts.left)
            to_go = duration((now - begun) / ended * counts.left)
            console.print(f"{name}: {counted(counts)}, {to_go} to go", soft_wrap=True)

    return watch
