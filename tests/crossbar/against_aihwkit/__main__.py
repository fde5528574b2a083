"""`AIHWKIT_PYTHON=<python> python -m tests.crossbar.against_aihwkit [--tiles 48] [--write docs/…md]`.

Runs every protocol on both sides; prints the page, or writes it and its pictures (into `images/` beside it).
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tests.benchmarks.host import describe_host
from tests.crossbar.against_aihwkit.our_side import their_version
from tests.crossbar.against_aihwkit.pictures import draw_deviates, draw_trajectories
from tests.crossbar.against_aihwkit.report import page
from tests.crossbar.against_aihwkit.tables import measure

PROTOCOLS = ("trajectories", "long trains", "updates", "pulses", "ageing", "noisy products")


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description="aimcsim's crossbar against a running aihwkit")
    parser.add_argument("--tiles", type=int, default=48, help="arrays of every case on either side")
    parser.add_argument("--write", type=Path, help="the page to write; pictures go into images/ beside it")
    given = parser.parse_args()
    python = os.environ.get("AIHWKIT_PYTHON")
    if python is None:
        parser.error("AIHWKIT_PYTHON must be the interpreter of an environment with aihwkit")
    results = [measure(protocol, given.tiles, python) for protocol in PROTOCOLS]
    exact = measure("exact products", 1, python)
    updates = measure("exact updates", 1, python)
    text = page(results, exact, updates, given.tiles, f"{their_version(python)}; {describe_host()}")
    if given.write is None:
        sys.stdout.write(text)
        return
    images = given.write.parent / "images"
    images.mkdir(exist_ok=True)
    given.write.write_text(text, encoding="utf-8")
    draw_trajectories(results[0], images / "aihwkit-trajectories.png")
    draw_deviates(results, images / "aihwkit-deviates.png")


if __name__ == "__main__":
    main()
