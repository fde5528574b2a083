"""`aimcsim sweep`: many variants of a scenario, run side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aimcsim.cli.guard import BadArgument, guarded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimcsim.sweep.spec import PlotSpec

WorkersOption = Annotated[
    int | None,
    typer.Option("--workers", metavar="N", min=0, max=4096, help="Processes; 0: in this one. Default: one a core."),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option("--scheduler", metavar="ADDRESS", help="Run on an existing dask cluster, e.g. tcp://10.0.0.1:8786."),
]
StudyOutOption = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Folder to write, or to go on in. Default: runs/NAME.")
]


def sweep(
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="[SWEEP]", help="A sweep file, or the name of one that comes with aimcsim.", show_default=False
        ),
    ] = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    out: StudyOutOption = None,
    status: Annotated[
        Path | None,
        typer.Option("--status", metavar="DIR", help="Run nothing: show how far the sweep or search in DIR is."),
    ] = None,
    plot: Annotated[
        list[str] | None,
        typer.Option(
            "--plot",
            metavar="x=AXIS,y=VALUE",
            help="Draw a summary value against an axis; with kind=pareto, against another summary value; "
            "with kind=curves, a column of metrics.csv against another.",
        ),
    ] = None,
) -> None:
    """Run a scenario over grids, lists and seeds; what the folder holds already is not run again."""
    with guarded():
        from aimcsim.cli.study import check_arguments, parsed_plots, show_folder

        plots = parsed_plots(plot)
        if status is not None:
            if file is not None or out is not None or workers is not None or scheduler is not None:
                raise BadArgument("--status DIR goes with --plot only: it runs nothing")
            show_folder(status, plots)
            return
        if file is None:
            raise BadArgument("give a sweep file, or --status DIR")
        check_arguments(workers, scheduler)
        _run(file, workers, scheduler, out, plots)


def _run(file: str, workers: int | None, scheduler: str | None, out: Path | None, plots: Sequence[PlotSpec]) -> None:
    from aimcsim.cli.study import at_work, checked_plots, end, study_folder
    from aimcsim.sweep.crew import crew_on_call
    from aimcsim.sweep.points import sweep_points
    from aimcsim.sweep.reading import read_sweep
    from aimcsim.sweep.run import opened, planned_sweep, run_points

    given = read_sweep(file)
    points = sweep_points(given)
    plan = planned_sweep(given, points)
    drawn = [*given.spec.plots, *checked_plots(plots, plan.axes)]
    folder = study_folder(out, plan.name)
    with folder.locked():
        ledger = opened(folder, given.text, plan)
        with at_work(ledger) as watch, crew_on_call(workers, scheduler) as crew:
            run_points(points, given.spec.train, ledger, crew, watch)
        end(ledger, drawn)
