"""The command line: the only room that prints and exits.

One module a command; what a command needs it imports itself, so that `--help` does not wait for it.

Exit status: 0 (also for a run that diverged), 2 for a bad scenario or argument, 1 for a run that failed,
130 for Ctrl-C and 143 for SIGTERM, with or without a checkpoint.
"""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from aimcsim import __version__
from aimcsim.cli.compare import compare
from aimcsim.cli.explain import explain
from aimcsim.cli.floorplan import floorplan
from aimcsim.cli.import_model import import_model
from aimcsim.cli.listing import list_names
from aimcsim.cli.run import run
from aimcsim.cli.search import search
from aimcsim.cli.sweep import sweep
from aimcsim.cli.timeline import timeline
from aimcsim.cli.validate import schema, validate

# Typer's pretty tracebacks print local variables, and those hold what a file made them hold.
app = typer.Typer(
    name="aimcsim",
    help="Simulate pipelined analog in-memory-computing training: clock cycles together with convergence.",
    epilog="Exit status: 0, also of a run that diverged; 2 for a bad scenario or argument; 1 for a run that failed; "
    "130 for Ctrl-C.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (run, compare, timeline, floorplan, explain, sweep, search, validate, schema):
    app.command()(command)
app.command("list")(list_names)
app.command("import")(import_model)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"aimcsim {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Simulate pipelined analog in-memory-computing training: clock cycles together with convergence."""


def main() -> None:
    """Entry point of `aimcsim`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that lacks a character gets its code, not a traceback.
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="aimcsim")
