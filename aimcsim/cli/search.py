"""`aimcsim search`: look for the designs that no other beats."""

from __future__ import annotations

from typing import Annotated

import typer

from aimcsim.cli.guard import guarded
from aimcsim.cli.sweep import SchedulerOption, StudyOutOption, WorkersOption


def search(
    file: Annotated[
        str, typer.Argument(metavar="SEARCH", help="A search file, or the name of one that comes with aimcsim.")
    ],
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    out: StudyOutOption = None,
) -> None:
    """Search the axes for a Pareto front with NSGA-II; what the folder holds already is not run again."""
    with guarded():
        from aimcsim.cli.study import at_work, check_arguments, end, study_folder
        from aimcsim.sweep.crew import crew_on_call
        from aimcsim.sweep.points import PointMaker
        from aimcsim.sweep.reading import read_search
        from aimcsim.sweep.run import opened
        from aimcsim.sweep.search import front_plots, planned_search, run_search
        from aimcsim.sweep.search_space import check_axes

        check_arguments(workers, scheduler)
        given = read_search(file)
        maker = PointMaker(given)
        check_axes(given, maker)
        folder = study_folder(out, given.spec.name)
        with folder.locked():
            ledger = opened(folder, given.text, planned_search(given.spec))
            with at_work(ledger) as watch, crew_on_call(workers, scheduler) as crew:
                run_search(given, maker, ledger, crew, watch)
            end(ledger, [*front_plots(given.spec), *given.spec.plots])
