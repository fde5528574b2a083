"""Options and arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ScenarioArgument = Annotated[
    str, typer.Argument(metavar="SCENARIO", help="A scenario file, or the name of one that comes with aimcsim.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Set a value of the scenario, e.g. pipeline.schedule=gpipe."),
]
SeedOption = Annotated[int | None, typer.Option("--seed", metavar="N", help="Set the scenario's seed.")]
NoTrainOption = Annotated[bool, typer.Option("--no-train", help="Simulate the time alone, without numbers.")]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Folder to write; a run or comparison there is replaced.")
]

CheckpointOption = Annotated[
    str | None,
    typer.Option(
        "--checkpoint-every",
        metavar="SAMPLES|SECONDS",
        help="Write the run down every so often, e.g. 5000 (samples) or 30s; also at Ctrl-C.",
    ),
]
ResumeOption = Annotated[
    bool, typer.Option("--resume", help="Go on from the last checkpoint; without one, begin at the beginning.")
]
ThreadsOption = Annotated[
    int | None,
    typer.Option(
        "--threads",
        metavar="N",
        min=1,
        max=1024,
        help="Host threads for kernels of stages that are busy together; no bit depends on it. Default: what pays.",
    ),
]


def overrides(set_values: list[str] | None, seed: int | None) -> list[str]:
    """The texts `path=value` that `load` takes; --seed wins over --set seed=."""
    return [*(set_values or []), *([] if seed is None else [f"seed={seed}"])]
