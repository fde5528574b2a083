"""`python -m tests.reproductions DIR …`: tables and claims of finished sweeps in Markdown; --images DIR draws too."""

from __future__ import annotations

import argparse
from pathlib import Path

from aimcsim.sweep.folder import StudyFolder
from tests.reproductions import (
    analog_sgd,
    asynchrony,
    choosing,
    convolutional,
    mnist_fcn,
    pipelines,
    residual_learning,
    samples_to_eps,
)
from tests.reproductions.report import markdown, rows_of

MODULES = (analog_sgd, residual_learning, mnist_fcn, convolutional, pipelines, samples_to_eps, asynchrony)
EXPERIMENTS = {each.sweep: each for module in MODULES for each in module.EXPERIMENTS}
#: Sweeps that reproduce nothing: docs/choosing.md is drawn from them.
GUIDE = {each.sweep: each for each in choosing.EXPERIMENTS}


def main() -> None:
    """Print what the pages in docs/reproductions hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.reproductions", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR", help="folder of a finished sweep")
    parser.add_argument("--images", type=Path, metavar="DIR", help="draw the pictures there, by the sweep's name")
    given = parser.parse_args()
    for folder in given.folders:
        name = StudyFolder(folder).read_plan().name
        experiment = (EXPERIMENTS | GUIDE)[name]
        print(
            f"## `{name}`\n{experiment.source}\n\n{markdown(experiment.report(rows_of(folder, experiment.derive)))}\n"
        )
        if given.images is not None:
            given.images.mkdir(parents=True, exist_ok=True)
            experiment.picture(folder, given.images / f"{name}.png")


if __name__ == "__main__":
    main()
