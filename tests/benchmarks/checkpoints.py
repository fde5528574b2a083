"""Time and size of a checkpoint of the FCN 784-256-128-10 on Fashion-MNIST, their share of the run, time to resume."""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import aimcsim
from aimcsim.checkpoint import Checkpoints, Interval
from aimcsim.checkpoint.folder import newest_checkpoint
from aimcsim.checkpoint.keeper import RunKeeper
from aimcsim.errors import RunStopped
from aimcsim.simulation import RunView, simulate
from tests.benchmarks.host import describe_host

SAMPLES = 60_000
EVERY = 5_000


def main() -> None:
    print(describe_host())
    overrides = {"training.epochs": None, "training.samples": SAMPLES}
    scenario = aimcsim.load_scenario("fcn-fashion-mnist-async", overrides)
    simulate(aimcsim.load_scenario("fcn-fashion-mnist-async", overrides | {"training.samples": 100}))  # compile
    plain = seconds_of_the_run(scenario)
    walls, cpus, sizes = [], [], []
    write = RunKeeper._write

    def timed(keeper: RunKeeper, *parts: Any) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        write(keeper, *parts)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
        newest = newest_checkpoint(keeper._settings.folder)
        assert newest is not None
        sizes.append(newest.stat().st_size)

    RunKeeper._write = timed  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as folder:
        settings = Checkpoints(Path(folder) / "c", Interval(samples=EVERY))
        kept = seconds_of_the_run(scenario, checkpoint=settings)
        print(f"{SAMPLES} samples: {plain:.1f} s of processor time, {kept:.1f} s with {len(walls)} checkpoints")
        print(
            f"a checkpoint: {statistics.median(walls) * 1e3:.0f} ms on the wall (worst {max(walls) * 1e3:.0f}), "
            f"{statistics.median(cpus) * 1e3:.0f} ms of processor time, {statistics.median(sizes) / 1e6:.2f} MB"
        )
        print(
            f"their share: {sum(cpus) / kept:.2%} at one every {EVERY} samples, "
            f"{statistics.median(walls) / 30:.3%} at one every 30 s"
        )
        print(f"reading one and putting it back: {seconds_to_resume(scenario, Path(folder) / 'd') * 1e3:.0f} ms")


def seconds_of_the_run(scenario: Any, **options: Any) -> float:
    """Processor time from the first event to the end."""
    begun: list[float] = []
    simulate(scenario, watch=lambda view: begun.append(time.process_time()), **options)
    return time.process_time() - begun[0]


def seconds_to_resume(scenario: Any, folder: Path) -> float:
    """Time from the opened session to the machine that goes on, on the wall."""
    settings = Checkpoints(folder, Interval(samples=EVERY))

    def stop(view: RunView) -> None:
        settings.stop.ask()

    with contextlib.suppress(RunStopped):
        simulate(scenario, watch=stop, checkpoint=settings)
    opened, put_back = RunKeeper.__init__, RunKeeper.put_back
    took: list[float] = []

    def timed_opening(*arguments: Any) -> None:
        begun = time.perf_counter()
        opened(*arguments)
        took.append(time.perf_counter() - begun)

    def timed_putting_back(*arguments: Any) -> Any:
        begun = time.perf_counter()
        state = put_back(*arguments)
        took.append(time.perf_counter() - begun)
        return state

    RunKeeper.__init__, RunKeeper.put_back = timed_opening, timed_putting_back  # type: ignore[method-assign]
    with contextlib.suppress(RunStopped):
        simulate(scenario, checkpoint=settings, resume=True)
    return sum(took)


if __name__ == "__main__":
    main()
