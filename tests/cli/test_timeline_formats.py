"""What every format does with one action, odd names, windows of nothing, and folders that are broken or not there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from aimcsim.cli.timeline_formats import FORMATS, TEXT
from tests.cli.command import aimcsim_, files_in
from tests.report.small_run import FIRST, save_run

every_format = pytest.mark.parametrize("form", [TEXT, *FORMATS])


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_run(tmp_path_factory.mktemp("small") / "run")


@pytest.fixture
def run(small: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small, tmp_path / "run"))


def drawn(run: Path, form: str, *options: str) -> bytes:
    file = run.parent / "drawn"
    result = aimcsim_("timeline", run, "--format", form, "--out", file, *options)
    assert result.exit_code == 0, result.stderr
    return file.read_bytes()


def refusal(form: str, folder: Path, *options: str | Path) -> str:
    before = files_in(folder) if folder.is_dir() else None
    result = aimcsim_("timeline", folder, "--format", form, *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert (files_in(folder) if folder.is_dir() else None) == before
    (line,) = result.stderr.splitlines()
    return line


@every_format
def test_one_action_is_drawn(run: Path, form: str) -> None:
    ops = pq.read_table(run / "ops.parquet")
    pq.write_table(ops.slice(0, 1), run / "ops.parquet")
    assert drawn(run, form)
    assert drawn(run, form, "--cycles", "0:1", "--tiles", FIRST)


@every_format
def test_a_window_in_which_nothing_happens_on_the_tiles_shown_is_drawn(run: Path, form: str) -> None:
    # The first stage is idle in cycle 2.
    assert drawn(run, form, "--cycles", "2:3", "--tiles", FIRST)


@every_format
def test_names_that_are_hostile_or_long_are_drawn_as_text(run: Path, form: str) -> None:
    hostile = '</script><script>alert(1)</script>"\x1b[31m\x00$x$ $end \ud800'
    summary = json.loads((run / "summary.json").read_text())
    odd = {"name": hostile, "schedule": "s" * 100_000, "status": hostile, "bottleneck": hostile}
    (run / "summary.json").write_text(json.dumps(summary | odd))
    content = drawn(run, form)
    assert b"\x1b" not in content or form in ("png", "perfetto")
    assert b"<script>alert" not in content


@every_format
def test_what_cannot_be_drawn_is_one_line_and_writes_nothing(run: Path, tmp_path: Path, form: str) -> None:
    assert refusal(form, run, "--cycles", "14:20") == "no operation from cycle 14 on: the op log ends at cycle 14"
    assert refusal(form, tmp_path / "nowhere") == f"{tmp_path}/nowhere: no such run folder"
    assert refusal(form, run, "--out", tmp_path / "no/file") == f"{tmp_path}/no is no folder; give another --out"
    assert "is no run folder of aimcsim" in refusal(form, tmp_path)
    content = (run / "ops.parquet").read_bytes()
    (run / "ops.parquet").write_bytes(content[: len(content) // 2])
    assert "cannot be read, it is truncated or no op log" in refusal(form, run)
