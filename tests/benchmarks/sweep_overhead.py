"""What a sweep costs beside its runs: 100 small points on 1 and 2 workers against calling `simulate` directly.

    python -m tests.benchmarks.sweep_overhead

Each point is a chain of 4 stages and 400 micro-batches, timing only, op log and run folder included. The workers are
started, and have run a point each, before the clock starts; that start is told by itself.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from aimcsim.simulation import simulate
from aimcsim.sweep.crew import Crew, hired
from aimcsim.sweep.folder import StudyFolder
from aimcsim.sweep.points import Point, sweep_points
from aimcsim.sweep.reading import read_sweep
from aimcsim.sweep.run import opened, planned_sweep, run_points
from tests.benchmarks.host import describe_host

POINTS = 100
SWEEP = """\
name: overhead
base: {name: small, model: {chain: 4}, training: {samples: 400}}
seeds: %d
"""


def points_in(folder: Path, count: int) -> list[Point]:
    file = folder / "overhead.yaml"
    file.write_text(SWEEP % count)
    return sweep_points(read_sweep(str(file)))


def directly(points: list[Point], folder: Path) -> float:
    """Seconds for the points one after another, as a loop of one's own would run them; nothing is saved."""
    begun = time.perf_counter()
    for point in points:
        simulate(point.scenario)
    return time.perf_counter() - begun


def saving(points: list[Point], folder: Path) -> float:
    """The same with run folders."""
    begun = time.perf_counter()
    for point in points:
        simulate(point.scenario, target=folder / point.id).save(folder / point.id)
    return time.perf_counter() - begun


def swept(points: list[Point], folder: Path, crew: Crew) -> float:
    """Seconds from a checked sweep to its complete folder and table."""
    begun = time.perf_counter()
    study = StudyFolder(folder)
    with study.locked():
        file = read_sweep(str(folder.parent / "overhead.yaml"))
        run_points(points, True, opened(study, file.text, planned_sweep(file, points)), crew, lambda _: None)
    return time.perf_counter() - begun


def main() -> None:
    print(describe_host())
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        begun = time.perf_counter()
        points = points_in(top, POINTS)
        print(f"{POINTS} points read and checked in {time.perf_counter() - begun:.2f} s")
        saving(points[:3], top / "warm")
        direct, saved = directly(points, top), saving(points, top / "saved")
        print(
            f"simulate alone: {1e3 * direct / POINTS:.1f} ms a point; with its run folder {1e3 * saved / POINTS:.1f} ms"
        )
        for workers in (0, 1, 2):
            begun = time.perf_counter()
            with hired(workers, None) as crew:
                swept(points_in(top, 1 + 2 * workers), top / f"warm{workers}", crew)
                started = time.perf_counter() - begun
                points, busy = points_in(top, POINTS), time.process_time()
                seconds = swept(points, top / f"sweep{workers}", crew)
                busy = time.process_time() - busy
            per_point = 1e3 * seconds / POINTS
            beside = per_point - 1e3 * saved / POINTS / max(1, workers)
            print(
                f"{workers} workers: start {started:.1f} s, then {per_point:.1f} ms a point, "
                f"{beside:+.1f} ms against simulate and save (shared by the workers); "
                f"{1e3 * busy / POINTS:.1f} ms of processor time a point in this process"
            )


if __name__ == "__main__":
    main()
