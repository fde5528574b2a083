"""`aimcsim timeline`: what each tile did when, as text or as an HTML report."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from aimcsim.cli.guard import BadArgument, guarded
from aimcsim.errors import harmless


class TimelineFormat(StrEnum):
    """What a timeline is drawn as."""

    ASCII = "ascii"
    HTML = "html"


def timeline(
    run_dir: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="A folder that `aimcsim run` wrote.")],
    cycles: Annotated[
        str | None,
        typer.Option(
            "--cycles", metavar="A:B", help="From cycle A up to B, either may be left out. Default: the first periods."
        ),
    ] = None,
    tiles: Annotated[
        str, typer.Option("--tiles", metavar="PATTERN", help="Only tiles with such a name, e.g. 's2.*'.")
    ] = "*",
    form: Annotated[TimelineFormat, typer.Option("--format", help="What to draw.")] = TimelineFormat.ASCII,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Write this file. Default: the terminal; html: RUN_DIR/report.html."
        ),
    ] = None,
) -> None:
    """Draw a run: rows of tiles over cycles, in text that can be pasted into an issue, or as a page to explore."""
    with guarded():
        window = None if cycles is None else parse_cycles(cycles)
        if not run_dir.is_dir():
            raise BadArgument(f"{run_dir}: no such run folder")
        if form is TimelineFormat.HTML:
            _html(run_dir, window, tiles, out)
            return
        from aimcsim.cli.consoles import output_console
        from aimcsim.report.run_timeline import EmptyWindow, run_timeline

        console = output_console()
        width = console.width if out is None else max(console.width, 120)
        try:
            lines = run_timeline(run_dir, window, tiles, width)
        except EmptyWindow as error:
            raise BadArgument(str(error)) from None
        if out is not None:
            write_text(out, "\n".join(lines) + "\n")
        elif sys.stdout.isatty():
            from aimcsim.report.timeline_colours import coloured

            for line in coloured(lines):
                console.print(line, soft_wrap=True)
        else:
            typer.echo("\n".join(lines))


def _html(run_dir: Path, window: tuple[int, int | None] | None, tiles: str, out: Path | None) -> None:
    """Write the HTML report, into the run folder unless `out` says otherwise, and say where it is."""
    from aimcsim.report.html.report import run_report
    from aimcsim.report.run_timeline import EmptyWindow
    from aimcsim.trace.run_folder import REPORT

    try:
        text = run_report(run_dir, window, tiles)
    except EmptyWindow as error:
        raise BadArgument(str(error)) from None
    file = run_dir / REPORT if out is None else out
    write_text(file, text)
    typer.echo(f"report: {harmless(str(file), 1024)}")


def parse_cycles(text: str) -> tuple[int, int | None]:
    """`A:B`, `A:`, `:B` or `:` as first cycle and end (None: to the end of the log). Raises BadArgument."""
    match = re.fullmatch(r"([0-9]{0,18}):([0-9]{0,18})", text)
    if match is None:
        raise BadArgument(f"--cycles must read A:B with whole numbers, e.g. 0:100 (got {text})")
    first, end = int(match[1] or 0), int(match[2]) if match[2] else None
    if end is not None and end <= first:
        raise BadArgument(f"--cycles {text} is empty: the second number must be larger than the first")
    return first, end


def write_text(file: Path, text: str) -> None:
    """Write a file whole or not at all."""
    if file.is_dir():
        raise BadArgument(f"{file} is a folder; --out names a file")
    handle, partial = tempfile.mkstemp(prefix=f".{file.name[:100]}.", suffix=".partial", dir=file.parent)
    try:
        with open(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.chmod(partial, 0o644)
        os.replace(partial, file)
    except BaseException:
        os.unlink(partial)
        raise
