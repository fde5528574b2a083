"""A window of a long log is read without the rest of it."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from aimcsim.errors import RunFolderError
from aimcsim.report.run_window import EmptyWindow, first_periods, whole_log
from tests.report.small_run import save_run

MANY = 400


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some 2400 operations in row groups of 100."""
    folder = save_run(tmp_path_factory.mktemp("long") / "run", **{"training.samples": MANY})
    table = pq.read_table(folder / "ops.parquet")
    pq.write_table(table, folder / "ops.parquet", row_group_size=100)
    return folder


def groups(run: Path) -> list[tuple[int, int, int]]:
    """First start, last end and place in the file of each row group."""
    metadata = pq.read_metadata(run / "ops.parquet")
    names = metadata.schema.names
    found = []
    for i in range(metadata.num_row_groups):
        group = metadata.row_group(i)
        start, end = group.column(names.index("start")), group.column(names.index("end"))
        found.append((start.statistics.min, end.statistics.max, group.column(0).dictionary_page_offset))
    return found


def test_row_groups_outside_the_window_are_not_touched(run: Path, tmp_path: Path) -> None:
    # All but the groups that touch the window are overwritten: whoever reads them finds no Parquet.
    first, end = 700, 720
    content = bytearray((run / "ops.parquet").read_bytes())
    places = groups(run)
    footer = pq.read_metadata(run / "ops.parquet").serialized_size
    stops = [offset for _, _, offset in places[1:]] + [len(content) - footer - 8]
    damaged = 0
    for (start, stop, offset), behind in zip(places, stops, strict=True):
        if start > end or stop < first:
            content[offset:behind] = b"\xff" * (behind - offset)
            damaged += 1
    assert damaged >= len(places) - 2
    copy = tmp_path / "run"
    copy.mkdir()
    for file in run.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    (copy / "ops.parquet").write_bytes(content)
    whole, window = (whole_log(each, (first, end), "*", 10**6).table() for each in (run, copy))
    assert len(window) > 10
    for name in ("tile", "kind", "micro_batch", "start", "end_at", "version_read", "version_written"):
        assert (getattr(whole, name) == getattr(window, name)).all()
    with pytest.raises(RunFolderError, match=r"ops\.parquet cannot be read"):
        whole_log(copy, (0, 10), "*", 10**6).table()


def test_without_cycles_as_many_operations_are_shown_as_a_viewer_takes(run: Path) -> None:
    rows = pq.read_metadata(run / "ops.parquet").num_rows
    assert whole_log(run, None, "*", rows).end == groups(run)[-1][1]
    assert whole_log(run, None, "*", rows - 1).end == groups(run)[-2][1]
    assert whole_log(run, None, "*", 350).end == groups(run)[2][1]
    # One group is the least that is shown.
    assert whole_log(run, None, "*", 1).end == groups(run)[0][1]


def test_pictures_show_the_fill_and_a_few_periods(run: Path) -> None:
    window = first_periods(run, None, "*")
    # Stage 1 is done with micro-batch 0 at cycle 6; from then on 4 cycles are a period, and four are shown.
    assert (window.first, window.end) == (0, 6 + 4 * 4)


def test_operations_of_no_length_belong_to_the_window_of_their_cycle(tmp_path: Path) -> None:
    folder = save_run(tmp_path / "run", **{"hardware.timing": {"forward": 1, "backward": 1, "update": 0}})
    log = pq.read_table(folder / "ops.parquet").to_pylist()
    ends = max(row["end"] for row in log)
    for first in range(ends):
        table = whole_log(folder, (first, first + 1), "*", 10**6).table()
        inside = [
            row
            for row in log
            if row["start"] == first
            or row["start"] < first < row["end"]
            or (first + 1 == ends and row["start"] == ends)
        ]
        assert list(table.start) == [row["start"] for row in inside]


def test_windows_that_hold_nothing_are_refused(run: Path) -> None:
    with pytest.raises(EmptyWindow, match="the op log ends at cycle"):
        whole_log(run, (10**6, None), "*", 10**6)
    with pytest.raises(EmptyWindow, match="no tile of this run matches x"):
        first_periods(run, None, "x")
