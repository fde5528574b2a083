"""`aimcsim validate` and `aimcsim schema`: what a scenario file may hold, and whether one does."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from aimcsim.cli.guard import guarded
from aimcsim.cli.options import ScenarioArgument, SetOption, overrides


def validate(
    scenario: ScenarioArgument,
    set_values: SetOption = None,
    no_train: Annotated[bool, typer.Option("--no-train", help="Check it for `aimcsim run --no-train`.")] = False,
) -> None:
    """Check a scenario without running it: one line if it is good, every mistake if it is not."""
    with guarded():
        from aimcsim.errors import FieldErrors, harmless
        from aimcsim.loading import load

        loaded = load(scenario, overrides(set_values, None), train=not no_train)
        found = loaded.assembly
        floorplan = found.floorplan
        parts = [
            _counted(floorplan.stages, "stage"),
            _counted(sum(layer.is_array for layer in found.network.layers.values()), "array layer"),
            _counted(sum(units[0].is_tile for units in floorplan.by_tile.values()), "tile"),
            f"schedule {found.schedule.name}",
            _counted(found.samples, "sample"),
        ]
        if found.warnings:
            for problem in loaded.explain(FieldErrors(found.warnings)).problems:
                typer.echo(harmless(f"warning: {problem}", 1000), err=True)
        typer.echo(f"ok: {loaded.scenario.name}: {', '.join(parts)}")


def schema() -> None:
    """Print the JSON Schema of scenario files, for the YAML support of an editor."""
    with guarded():
        from aimcsim.scenario.schema import json_schema

        typer.echo(json.dumps(json_schema(), indent=2))


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" + "s" * (count != 1)
