"""A run that is killed at random moments, and every time gone on with, leaves the very bytes of one that was not."""

from __future__ import annotations

import multiprocessing
import random
import time
from pathlib import Path
from typing import Any

import pytest

from aimcsim.checkpoint.settings import Checkpoints, Interval
from aimcsim.loading import load_scenario
from aimcsim.scenario.spec import Scenario
from aimcsim.simulation import simulate
from aimcsim.trace import oplog
from tests.checkpoint.runs import FAMILIES, small, whole
from tests.cli.test_checkpoint import left_in

#: Processes are forked from one that has imported everything and runs nothing: a start takes no second then.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.checkpoint.test_killed", "aimcsim.training.session"])


def run_to_the_end(scenario: Scenario, target: Path, every: Interval, rows: int) -> None:
    """What a process does that may be killed: go on where the one before it was killed, and save."""
    oplog.ROW_GROUP = rows
    checkpoint = Checkpoints(target.with_name("run.checkpoint"), every)
    simulate(scenario, target=target, checkpoint=checkpoint, resume=True).save(target)


def killed_until_done(arguments: tuple[Any, ...], delays: list[float]) -> int:
    """Kill the run after each of `delays` seconds, then let it end; returns how often it was killed in time."""
    kills = 0
    for delay in [*delays, None]:
        process = FORKS.Process(target=run_to_the_end, args=arguments)
        process.start()
        process.join(delay)
        kills += process.exitcode is None
        process.kill()
        process.join()
        assert delay is not None or process.exitcode == 0
        process.close()
    return kills


def equal_after_kills(scenario: Scenario, path: Path, kills: int, every: Interval, rows: int = 40) -> None:
    """`kills` at moments drawn evenly from the time that a run takes, so that some come in the midst of a write."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(oplog, "ROW_GROUP", rows)
        whole(scenario).result.save(path / "whole")
    arguments = (scenario, path / "run", every, rows)
    begun = time.perf_counter()
    killed_until_done((scenario, path / "warm" / "run", every, rows), [])
    took = time.perf_counter() - begun
    drawn = random.Random(1)
    done = 0
    while done < kills:
        done += killed_until_done(arguments, [drawn.uniform(0.0, took) for _ in range(min(10, kills - done))])
        assert left_in(path / "run") == left_in(path / "whole")
    assert {entry.name for entry in path.iterdir()} == {"whole", "warm", "run"}


@pytest.mark.parametrize("family", ["async", "one-f-one-b"])
def test_a_run_killed_a_few_times_ends_the_same(family: str, tmp_path: Path) -> None:
    equal_after_kills(small(family, samples=96), tmp_path, 3, Interval(samples=4))


@pytest.mark.long
@pytest.mark.parametrize("family", FAMILIES)
def test_a_run_killed_fifty_times_ends_the_same(family: str, tmp_path: Path) -> None:
    equal_after_kills(small(family, samples=96), tmp_path, 50, Interval(samples=4))


@pytest.mark.long
def test_the_fcn_killed_five_times_ends_the_same(tmp_path: Path) -> None:
    scenario = load_scenario(
        "fcn-fashion-mnist-async",
        {"training.epochs": None, "training.samples": 20_000, "training.evaluate_every": 5000},
    )
    equal_after_kills(scenario, tmp_path, 5, Interval(seconds=0.5), rows=oplog.ROW_GROUP)
