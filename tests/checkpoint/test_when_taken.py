"""When a checkpoint is taken, which ones are kept, and the rows that wait beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aimcsim.checkpoint.folder import CheckpointFolder, newest_checkpoint
from aimcsim.checkpoint.settings import Checkpoints, Interval
from aimcsim.errors import RunStopped
from aimcsim.simulation import simulate
from aimcsim.trace.row_spool import RowSpool
from tests.checkpoint.runs import CHAIN, beside, stopped


def test_a_run_that_begins_anew_leaves_the_old_checkpoints_until_it_has_two_of_its_own(tmp_path: Path) -> None:
    newest = stopped(tmp_path, 20, 40)
    seen: list[set[str]] = []

    def look(view: Any) -> Any:
        while True:
            yield view.machine.env.timeout(1)
            names = {entry.name for entry in newest.parent.iterdir()} - {"lock"}
            if names not in seen[-1:]:
                seen.append(names)

    settings = Checkpoints(newest.parent, Interval(samples=8))
    result = simulate(CHAIN, checkpoint=settings, watch=lambda view: beside(view, look))
    assert seen == [
        {"000001.checkpoint", "000001.rows", "000002.checkpoint", "000003.rows"},
        {"000001.rows", "000002.checkpoint", "000003.checkpoint", "000003.rows"},
        {"000003.checkpoint", "000003.rows", "000004.checkpoint"},
    ]
    result.save(tmp_path / "run")
    assert {entry.name for entry in tmp_path.iterdir()} == {"run"}


def test_a_run_that_fails_before_its_first_checkpoint_leaves_no_folder(tmp_path: Path) -> None:
    def fail(_: Any) -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        simulate(CHAIN, checkpoint=Checkpoints(tmp_path / "c", Interval(samples=1)), watch=fail)
    assert list(tmp_path.iterdir()) == []


def test_resuming_needs_to_know_from_where() -> None:
    with pytest.raises(ValueError, match="where the checkpoints are"):
        simulate(CHAIN, resume=True)


@pytest.mark.parametrize(
    ("text", "interval"),
    [("5000", Interval(samples=5000)), ("30s", Interval(seconds=30.0)), (" 0.5 s", Interval(seconds=0.5))],
)
def test_an_interval_is_of_samples_or_of_seconds(text: str, interval: Interval) -> None:
    assert Interval.parse(text) == interval


@pytest.mark.parametrize("text", ["", "0", "0s", "-1", "5m", "1e3", "nan", "infs", "5000 samples", "٣", "9" * 30])
def test_anything_else_is_no_interval(text: str) -> None:
    with pytest.raises(ValueError, match="samples"):
        Interval.parse(text)


def test_a_checkpoint_is_due_every_so_many_samples_wherever_the_run_was_resumed(tmp_path: Path) -> None:
    taken: list[int] = []
    folder = tmp_path / "c"

    def look(view: Any) -> Any:
        known = newest_checkpoint(folder)
        while True:
            yield view.machine.env.timeout(1)
            if newest_checkpoint(folder) != known:
                known = newest_checkpoint(folder)
                taken.append(view.samples)

    def ask(view: Any) -> Any:
        yield view.machine.env.timeout(80)
        first.stop.ask()

    first = Checkpoints(folder, Interval(samples=5))
    with pytest.raises(RunStopped):
        simulate(CHAIN, checkpoint=first, watch=lambda view: beside(view, look, ask))
    # An update of this chain comes every 8 cycles. The interval is that of the run that was stopped.
    assert taken == [5]
    simulate(CHAIN, checkpoint=Checkpoints(folder), resume=True, watch=lambda view: beside(view, look))
    assert taken == [5, 10, 15, 20]


def test_seconds_are_those_of_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(10**6))
    monkeypatch.setattr("aimcsim.checkpoint.pacing.time.monotonic", lambda: float(next(clock)))
    written: list[int] = []
    write = CheckpointFolder.write
    monkeypatch.setattr(CheckpointFolder, "write", lambda *a: (written.append(1), write(*a))[1])
    simulate(CHAIN, checkpoint=Checkpoints(tmp_path / "c", Interval(seconds=10.0)))
    # The clock is looked at once when the waiting begins and once an action: 24 · 2 · 3 actions, one of 10 pauses.
    assert 10 <= len(written) <= 14


def test_a_spool_gives_back_its_row_groups_and_goes_on_at_its_mark(tmp_path: Path) -> None:
    groups = [np.random.default_rng(n).integers(-(2**62), 2**62, (n, 7)) for n in (1, 5, 300)]
    spool = RowSpool(tmp_path / "rows")
    spool.append(groups[0])
    mark = spool.mark()
    spool.append(groups[2])
    spool.close()
    spool = RowSpool(tmp_path / "rows", mark)
    assert (tmp_path / "rows").stat().st_size == mark.size
    for rows in groups[1:]:
        spool.append(rows)
    assert all(np.array_equal(a, b) for a, b in zip(spool.groups(), groups, strict=True))
    spool.close()
