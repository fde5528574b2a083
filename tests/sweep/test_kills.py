"""Sweeps on real worker processes, and what is left when they or the whole sweep are killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aimcsim.trace.run_folder import is_run_folder
from tests.cli.command import aimcsim_, start
from tests.sweep.studies import study, table, without_wall

MAIN = "from aimcsim.cli import main\nif __name__ == '__main__':\n    main()"

#: Timing only: some 0.3 s a point, long enough to be killed in the middle, and a log beside which a killed worker
#: leaves its process id.
SLOW = """\
name: slow
base: {name: x, model: {chain: 4}, training: {samples: 6000}}
grid: {hardware.timing.update: [0, 1, 2]}
seeds: 2
"""


def eventually(what: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


def finished(out: Path) -> dict[str, int]:
    """Inode of each finished point's folder: another run of the point would be another folder."""
    points = out / "points"
    return {p.name: p.stat().st_ino for p in points.iterdir() if is_run_folder(p)} if points.is_dir() else {}


def workers_at_work(out: Path) -> set[int]:
    """Processes that write a point just now: the folder beside its place carries their number."""
    return {int(path.name.split(".")[2]) for path in (out / "points").glob(".*.partial")}


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_killed_worker_is_replaced_and_a_killed_sweep_goes_on(tmp_path: Path) -> None:
    file, out = study(tmp_path, SLOW), tmp_path / "out"
    with start(MAIN, "sweep", file, "--out", out, "--workers", "2", cwd=tmp_path) as sweep:
        # First a worker, in the middle of a point.
        eventually(lambda: workers_at_work(out))
        victim = workers_at_work(out).pop()
        assert victim != sweep.pid
        os.kill(victim, signal.SIGKILL)
        eventually(lambda: len(finished(out)) >= 2)
        # Then the whole sweep: what it leaves runs no longer.
        helpers = workers_at_work(out) - {victim}
        sweep.kill()
        sweep.communicate(timeout=60)
    eventually(lambda: not any(map(is_running, helpers)))
    before = finished(out)
    assert 2 <= len(before) < 6
    result = aimcsim_("sweep", file, "--out", out, "--workers", "0")
    assert result.exit_code == 0
    assert "slow: 6 of 6 points done, 0 failed, 0 left" in result.stdout
    assert f"slow: {len(before)} of 6 points done" in result.stderr
    after = finished(out)
    assert len(after) == 6
    assert before.items() <= after.items()
    assert not list((out / "points").glob(".*"))
    aimcsim_("sweep", file, "--out", tmp_path / "undisturbed", "--workers", "0")
    assert without_wall(table(out)) == without_wall(table(tmp_path / "undisturbed"))


#: A scheduler with one worker, as a cluster has them.
CLUSTER = """
import time
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        print(cluster.scheduler_address, flush=True)
        time.sleep(600)
"""


@pytest.mark.long
def test_a_sweep_runs_on_an_existing_cluster_and_leaves_it_alone(tmp_path: Path) -> None:
    file = study(tmp_path, SLOW)
    with start(CLUSTER, cwd=tmp_path) as cluster:
        assert cluster.stdout is not None
        address = cluster.stdout.readline().strip()
        for out in ("a", "b"):
            with start(MAIN, "sweep", file, "--out", out, "--scheduler", address, cwd=tmp_path) as sweep:
                stdout, stderr = sweep.communicate(timeout=120)
            assert sweep.returncode == 0, stderr
            assert "slow: 6 of 6 points done" in stdout
        cluster.kill()
        cluster.communicate(timeout=60)
    assert without_wall(table(tmp_path / "a")) == without_wall(table(tmp_path / "b"))


@pytest.mark.long
def test_sweeps_killed_at_many_moments_end_with_the_same_table(tmp_path: Path) -> None:
    file, out = study(tmp_path, SLOW), tmp_path / "out"
    for kill_after in (1.0, 3.0, 4.0, 5.0, 5.5, 6.0, 6.5):
        with start(MAIN, "sweep", file, "--out", out, "--workers", "2", cwd=tmp_path) as sweep:
            time.sleep(kill_after)
            sweep.kill()
            sweep.communicate(timeout=60)
    with start(MAIN, "sweep", file, "--out", out, "--workers", "2", cwd=tmp_path) as sweep:
        _, stderr = sweep.communicate(timeout=120)
    assert sweep.returncode == 0, stderr
    aimcsim_("sweep", file, "--out", tmp_path / "undisturbed", "--workers", "0")
    assert without_wall(table(out)) == without_wall(table(tmp_path / "undisturbed"))


@pytest.mark.long
def test_a_point_that_kills_every_worker_is_recorded_and_the_others_are_done(tmp_path: Path) -> None:
    file, out = study(tmp_path, SLOW), tmp_path / "out"
    # The first point's run folder can not be made without its worker dying: SIGKILL whoever works at seed 0, update 0.
    with start(MAIN, "sweep", file, "--out", out, "--workers", "1", cwd=tmp_path) as sweep:
        eventually(lambda: workers_at_work(out))
        first = next((out / "points").glob(".*.partial")).name.split(".")[1]
        while sweep.poll() is None:
            for path in (out / "points").glob(f".{first}.*.partial"):
                pid = int(path.name.split(".")[2])
                if is_running(pid) and pid != sweep.pid:
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
        stdout, _ = sweep.communicate(timeout=60)
    assert sweep.returncode == 1
    assert "5 of 6 points done, 1 failed, 0 left" in stdout
    (failed,) = (row for row in table(out) if row["status"] == "failed")
    assert failed["point"] == first
    assert failed["error"].startswith("KilledWorker")


@pytest.mark.long
def test_ctrl_c_ends_a_sweep_on_workers_in_one_line(tmp_path: Path) -> None:
    file, out = study(tmp_path, SLOW), tmp_path / "out"
    with start(MAIN, "sweep", file, "--out", out, "--workers", "2", cwd=tmp_path) as sweep:
        eventually(lambda: finished(out))
        sweep.send_signal(signal.SIGINT)
        stdout, stderr = sweep.communicate(timeout=60)
    assert (sweep.returncode, stdout) == (130, "")
    assert stderr.splitlines()[-1].startswith("interrupted: ")
    assert "Traceback" not in stderr
