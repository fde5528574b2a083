"""What `aimcsim run` does about checkpoints, and says of those it finds."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from aimcsim.checkpoint.folder import newest_checkpoint
from aimcsim.checkpoint.settings import Interval
from aimcsim.cli.guard import BadArgument
from aimcsim.errors import harmless


def chosen_interval(text: str | None) -> Interval | None:
    """What --checkpoint-every says. Raises BadArgument."""
    try:
        return None if text is None else Interval.parse(text)
    except ValueError as error:
        raise BadArgument(f"--checkpoint-every={harmless(text or '')}: {error}") from error


def say_what_is_there(console: Console, folder: Path, resume: bool) -> None:
    """One line where the user may have expected something else."""
    found = newest_checkpoint(folder)
    shown = harmless(str(folder), 1024)
    if resume:
        line = f"no checkpoint in {shown}: starting at the beginning"
        if found is not None:
            line = f"resuming from {found.name} in {shown}"
    elif found is not None:
        line = f"{shown} holds an unfinished run, which --resume would go on with: starting anew"
    else:
        return
    console.print(line, soft_wrap=True)
