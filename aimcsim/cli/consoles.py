"""rich consoles that take no markup: everything they print may have come from a file."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.text import Text

#: Width of tables and timelines that go into a pipe or a file.
PIPE_WIDTH = 120


def output_console(pipe_width: int = PIPE_WIDTH) -> Console:
    """Console of stdout: as wide as the terminal, `pipe_width` where there is none."""
    return Console(width=None if sys.stdout.isatty() else pipe_width, markup=False, highlight=False, emoji=False)


def print_parts(console: Console, parts: Iterable[RenderableType]) -> None:
    """Print tables as wide as the console, and sentences unbroken: paths in them are there to be copied."""
    for part in parts:
        console.print(part, soft_wrap=isinstance(part, Text))


def message_console() -> Console:
    """Console of stderr, for progress and what else is no result."""
    return Console(stderr=True, markup=False, highlight=False, emoji=False)
