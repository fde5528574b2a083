"""`aimcsim timeline`: what each tile did when, as text, picture or file for a viewer."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aimcsim.cli.guard import BadArgument, guarded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimcsim.cli.timeline_formats import FileFormat, Request
    from aimcsim.report.saved_comparison import SavedRun


def timeline(
    run_dirs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN_DIR...", help="A folder that `aimcsim run` wrote, or several, or a comparison's."),
    ],
    cycles: Annotated[
        str | None,
        typer.Option(
            "--cycles",
            metavar="A:B",
            help="From cycle A up to B, either may be left out. Default: the first periods; in files for a viewer all.",
        ),
    ] = None,
    tiles: Annotated[
        str, typer.Option("--tiles", metavar="PATTERN", help="Only tiles with such a name, e.g. 's2.*'.")
    ] = "*",
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="What to draw: ascii, png, svg, html, perfetto or vcd.")
    ] = "ascii",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="The file to write. Default: one in the run folder; of ascii, the terminal."
        ),
    ] = None,
) -> None:
    """Draw a run: rows of tiles over cycles, as text for an issue or as a file for a viewer of traces."""
    with guarded():
        window = None if cycles is None else parse_cycles(cycles)
        from aimcsim.cli.timeline_formats import FORMATS, TEXT, Request
        from aimcsim.errors import RunFolderError
        from aimcsim.report.run_window import EmptyWindow

        if form != TEXT and form not in FORMATS:
            raise BadArgument(f"--format must be one of {', '.join([TEXT, *FORMATS])} (got {form})")
        try:
            runs = _runs_in(run_dirs)
            if form == TEXT:
                _draw_text(_the_only(runs, form), window, tiles, out)
            else:
                _draw_file(FORMATS[form], Request(runs, window, tiles), out or run_dirs[0] / FORMATS[form].file_name)
        except (EmptyWindow, RunFolderError) as error:
            raise BadArgument(str(error)) from None


def _runs_in(given: Sequence[Path]) -> list[SavedRun]:
    """The runs that the arguments stand for: run folders, or all runs of a comparison's."""
    from aimcsim.report.saved_comparison import labelled, saved_runs
    from aimcsim.trace.run_folder import COMPARISON, is_run_folder

    missing = next((folder for folder in given if not folder.is_dir()), None)
    if missing is not None:
        raise BadArgument(f"{missing}: no such run folder")
    if len(given) == 1 and (given[0] / COMPARISON).is_file():
        return saved_runs(given[0])
    found = [[run.folder for run in saved_runs(each)] if (each / COMPARISON).is_file() else [each] for each in given]
    folders = [folder for some in found for folder in some]
    other = next((folder for folder in folders if not is_run_folder(folder)), None)
    if other is not None:
        raise BadArgument(f"{other} is no run folder of aimcsim")
    return labelled(folders)


def _the_only(runs: Sequence[SavedRun], form: str) -> Path:
    if len(runs) != 1:
        raise BadArgument(f"{form} draws one run, and {len(runs)} were given: name one of them, like {runs[0].folder}")
    return runs[0].folder


def _draw_text(folder: Path, window: tuple[int, int | None] | None, tiles: str, out: Path | None) -> None:
    from aimcsim.cli.consoles import output_console
    from aimcsim.report.run_timeline import run_timeline

    console = output_console()
    lines = run_timeline(folder, window, tiles, console.width if out is None else max(console.width, 120))
    if out is not None:
        from aimcsim.trace.atomic_files import staged_file

        with staged_file(_checked_file(out)) as file:
            file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    elif sys.stdout.isatty():
        from aimcsim.report.timeline_colours import coloured

        for line in coloured(lines):
            console.print(line, soft_wrap=True)
    else:
        typer.echo("\n".join(lines))


def _draw_file(form: FileFormat, request: Request, out: Path) -> None:
    from aimcsim.errors import harmless
    from aimcsim.trace.atomic_files import staged_file

    with staged_file(_checked_file(out)) as file:
        remarks = form.write(request, file)
    for remark in [*remarks, *_gaps(request)]:
        typer.echo(remark, err=True)
    typer.echo(f"timeline: {harmless(str(out), 1024)}")


def _gaps(request: Request) -> list[str]:
    """What of the cycles asked for a fast-forwarded run has no operations of; a default window avoids it."""
    from aimcsim.report.op_window import open_ops
    from aimcsim.report.run_window import remarks_on_gaps

    if request.cycles is None:
        return []
    first, end = request.cycles
    logs = [open_ops(run.folder) for run in request.runs]
    return [remark for log in logs for remark in remarks_on_gaps(log, first, log.end if end is None else end)]


def parse_cycles(text: str) -> tuple[int, int | None]:
    """`A:B`, `A:`, `:B` or `:` as first cycle and end (None: to the end of the log). Raises BadArgument."""
    match = re.fullmatch(r"([0-9]{0,18}):([0-9]{0,18})", text)
    if match is None:
        raise BadArgument(f"--cycles must read A:B with whole numbers, e.g. 0:100 (got {text})")
    first, end = int(match[1] or 0), int(match[2]) if match[2] else None
    if end is not None and end <= first:
        raise BadArgument(f"--cycles {text} is empty: the second number must be larger than the first")
    return first, end


def _checked_file(file: Path) -> Path:
    """`file` as an absolute path. Raises BadArgument where no file can be put there."""
    target = Path(os.path.abspath(file))
    if target.is_dir():
        raise BadArgument(f"{file} is a folder; --out names a file")
    if not target.parent.is_dir():
        raise BadArgument(f"{target.parent} is no folder; give another --out")
    if len(os.fsencode(target.name)) > 200:
        raise BadArgument(f"a name of more than 200 bytes is too long: {target.name}")
    return target
