"""`aimcsim run`: simulate one scenario and write its run folder."""

from __future__ import annotations

from pathlib import Path

from aimcsim.cli.guard import guarded
from aimcsim.cli.options import NoTrainOption, OutOption, ScenarioArgument, SeedOption, SetOption, overrides


def run(
    scenario: ScenarioArgument,
    out: OutOption = None,
    set_values: SetOption = None,
    seed: SeedOption = None,
    no_train: NoTrainOption = False,
) -> None:
    """Simulate a scenario; write scenario, summary, metrics and op log into a folder (default: runs/NAME)."""
    with guarded():
        from aimcsim.loading import load

        loaded = load(scenario, overrides(set_values, seed))
        from aimcsim.cli.target import checked_target

        target = checked_target(out or Path("runs") / loaded.scenario.name)
        from aimcsim.cli.consoles import message_console, output_console, print_parts
        from aimcsim.cli.progress import simulate_with_progress
        from aimcsim.report.run_table import run_report

        result = simulate_with_progress(loaded, not no_train, message_console(), target)
        result.save(target)
        print_parts(output_console(), run_report(result.summary, _relative(target)))


def _relative(folder: Path) -> str:
    """The folder as a person at this prompt would write it."""
    here = Path.cwd()
    return str(folder.relative_to(here)) if folder.is_relative_to(here) else str(folder)
