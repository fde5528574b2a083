"""`aimcsim run`: simulate one scenario and write its run folder."""

from __future__ import annotations

from pathlib import Path

from aimcsim.cli.guard import guarded
from aimcsim.cli.options import (
    CheckpointOption,
    NoTrainOption,
    OutOption,
    ResumeOption,
    ScenarioArgument,
    SeedOption,
    SetOption,
    ThreadsOption,
    overrides,
)


def run(
    scenario: ScenarioArgument,
    out: OutOption = None,
    set_values: SetOption = None,
    seed: SeedOption = None,
    no_train: NoTrainOption = False,
    threads: ThreadsOption = None,
    checkpoint_every: CheckpointOption = None,
    resume: ResumeOption = False,
) -> None:
    """Simulate a scenario; write scenario, summary, metrics and op log into a folder (default: runs/NAME).

    Checkpoints stand beside that folder in DIR.checkpoint, and go when the run is done.
    """
    with guarded():
        from aimcsim.cli.checkpoints import chosen_interval, say_what_is_there
        from aimcsim.loading import load

        every = chosen_interval(checkpoint_every)
        loaded = load(scenario, overrides(set_values, seed), train=not no_train)
        from aimcsim.cli.target import checked_target

        target = checked_target(out or Path("runs") / loaded.scenario.name)
        from aimcsim.checkpoint.settings import Checkpoints, folder_beside
        from aimcsim.cli.consoles import message_console, output_console, print_parts
        from aimcsim.cli.progress import simulate_with_progress
        from aimcsim.report.run_table import run_report

        folder, console = folder_beside(target), message_console()
        checkpoint = Checkpoints(folder, every) if every is not None or resume else None
        say_what_is_there(console, folder, resume)
        result = simulate_with_progress(loaded, not no_train, console, target, checkpoint, resume, threads)
        result.save(target)
        print_parts(output_console(), run_report(result.summary, _relative(target)))


def _relative(folder: Path) -> str:
    """The folder as a person at this prompt would write it."""
    here = Path.cwd()
    return str(folder.relative_to(here)) if folder.is_relative_to(here) else str(folder)
