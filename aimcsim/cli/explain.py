"""`aimcsim explain`: why the figures of a run are what they are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aimcsim.cli.guard import BadArgument, guarded


def explain(
    run_dir: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="A folder that `aimcsim run` wrote.")],
) -> None:
    """Trace makespan, density, energy and area of a run back to counts, lengths, unit costs and their sources."""
    with guarded():
        from aimcsim.cli.consoles import output_console, print_parts
        from aimcsim.errors import RunFolderError
        from aimcsim.report.explain_reader import read_explained
        from aimcsim.report.explained import explanation

        try:
            run = read_explained(run_dir)
        except RunFolderError as error:
            raise BadArgument(str(error)) from None
        print_parts(output_console(), explanation(run))
