"""`aimcsim compare`: run or read several scenarios and print them side by side."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aimcsim.cli.guard import BadArgument, guarded
from aimcsim.cli.options import NoTrainOption, OutOption, SeedOption, SetOption, overrides

if TYPE_CHECKING:
    from rich.console import Console

    from aimcsim.loading import Loaded
    from aimcsim.report.comparison import Column
    from aimcsim.report.run_reader import Run

REFERENCE = "reference"


def compare(
    given: Annotated[
        list[str],
        typer.Argument(metavar="SCENARIO|RUN_DIR...", help="Scenarios to run, and folders of runs that are done."),
    ],
    out: OutOption = None,
    set_values: SetOption = None,
    seed: SeedOption = None,
    no_train: NoTrainOption = False,
    schedules: Annotated[
        str | None,
        typer.Option("--schedules", metavar="A,B,...", help="Run each scenario under each of these schedules."),
    ] = None,
    no_reference: Annotated[
        bool, typer.Option("--no-reference", help="Leave out the serial run that is free of staleness.")
    ] = False,
) -> None:
    """Print runs side by side: cycles, density, staleness, and loss at equal samples and at equal cycles."""
    with guarded():
        from aimcsim.cli.target import checked_target

        names = None if schedules is None else [name.strip() for name in schedules.split(",") if name.strip()]
        parts = _parts(given, overrides(set_values, seed), names, not no_train)
        target = None if out is None else checked_target(out)
        from aimcsim.cli.consoles import message_console, output_console, print_parts
        from aimcsim.report.comparison import compare as put_side_by_side
        from aimcsim.report.comparison_table import comparison_report, width_for

        messages = message_console()
        reference = None if no_train or no_reference else _reference(parts, messages)
        comparison = put_side_by_side(_columns(parts, reference, not no_train, messages))
        if target is not None:
            from aimcsim.errors import harmless
            from aimcsim.report.comparison_folder import save_comparison

            why_no_trace = save_comparison(comparison, target)
            if why_no_trace is not None:
                messages.print(harmless(why_no_trace, 1000), soft_wrap=True)
        console = output_console(width_for(comparison))
        print_parts(console, comparison_report(comparison))
        if target is not None:
            console.print(f"comparison folder: {_shown(target)}", soft_wrap=True)


def _parts(given: list[str], values: list[str], schedules: list[str] | None, train: bool) -> list[Loaded | Run]:
    """Scenarios to run and runs that were read, in the order given."""
    from aimcsim.report.run_reader import read_run
    from aimcsim.trace.run_folder import is_run_folder

    folders = [Path(text) for text in given if Path(text).is_dir()]
    for folder in folders:
        if not is_run_folder(folder):
            raise BadArgument(f"{folder} is no run folder of aimcsim")
        if schedules is not None:
            raise BadArgument(f"{folder} is a run that is done: --schedules takes scenarios only")
    if values and len(folders) == len(given):
        raise BadArgument("--set and --seed change scenarios, and only runs that are done were given")
    if schedules is not None and not schedules:
        raise BadArgument("--schedules names no schedule")
    parts: list[Loaded | Run] = []
    for text in given:
        parts += [read_run(Path(text))] if Path(text).is_dir() else _scenarios(text, values, schedules, train)
    return parts


def _scenarios(text: str, values: list[str], schedules: list[str] | None, train: bool) -> list[Loaded]:
    from aimcsim.loading import load
    from aimcsim.report.reference import suffixed

    if schedules is None:
        return [load(text, values, train=train)]
    found = []
    for schedule in schedules:
        loaded = load(text, [*values, f"pipeline.schedule={schedule}"], train=train)
        suffix = re.sub(r"[^A-Za-z0-9._-]", "_", Path(schedule).stem)[:40]
        name = suffixed(loaded.scenario.name, suffix)
        found.append(dataclasses.replace(loaded, scenario=loaded.scenario.model_copy(update={"name": name})))
    return found


def _reference(parts: list[Loaded | Run], messages: Console) -> Loaded | None:
    """The reference of the first scenario; None where it makes no sense or stands among `parts` already."""
    from aimcsim.assembly import assemble
    from aimcsim.data.stored import nominal_epoch
    from aimcsim.errors import FieldError, FieldErrors, harmless
    from aimcsim.loading import Loaded, load
    from aimcsim.report.reference import is_same_run, reference_of
    from aimcsim.report.run_reader import Run

    first = parts[0]
    if isinstance(first, Run):
        if first.folder is None or first.summary.algorithm is None:
            return None
        first = load(first.folder / "scenario.yaml")
    try:
        reference = reference_of(first.scenario)
    except (FieldError, FieldErrors) as error:
        messages.print(harmless(f"no reference, the first scenario can not run serially: {error}", 1000))
        return None
    if reference is None or any(is_same_run(part.scenario, reference) for part in parts):
        return None
    return Loaded(reference, first.marks, assemble(reference, nominal_epoch(reference.data)))


def _columns(parts: list[Loaded | Run], reference: Loaded | None, train: bool, messages: Console) -> list[Column]:
    """Run what has not run yet. Labels double as names of folders, so they are unique and none is a file's."""
    from aimcsim.cli.progress import simulate_with_progress
    from aimcsim.report.comparison import Column
    from aimcsim.report.run_reader import Run, run_of_result
    from aimcsim.trace.run_folder import COMPARISON_FILES

    taken = set(COMPARISON_FILES) | ({REFERENCE} if reference is not None else set())
    columns = []
    for part in parts:
        label, number = part.scenario.name, 2
        while label in taken:
            label, number = f"{part.scenario.name}-{number}", number + 1
        taken.add(label)
        run = part if isinstance(part, Run) else run_of_result(simulate_with_progress(part, train, messages))
        columns.append(Column(label, run))
    if reference is not None:
        run = run_of_result(simulate_with_progress(reference, train, messages))
        columns.append(Column(REFERENCE, run, is_reference=True))
    return columns


def _shown(path: Path) -> str:
    from aimcsim.errors import harmless

    return harmless(str(path), 1024)
