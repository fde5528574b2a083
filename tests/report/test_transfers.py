"""Transfers of learning algorithms that keep several arrays: every view draws a T of the log."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aimcsim.report.html.report import run_report
from aimcsim.report.run_reader import read_summary
from tests.cli.command import aimcsim_
from tests.report.small_run import FIRST, save_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The small run, at whose end the first stage does a transfer of two cycles.

    s1.l1.r0c0  F0 F1 .  B0 U0--- F2 B1 U1--- .  B2 U2--- T2---
    """
    folder = save_run(tmp_path / "run")
    ops = pq.read_table(folder / "ops.parquet")
    row = {
        "tile": FIRST, "stage": 1, "op": "T", "micro_batch": 2, "start": 14, "end": 16, "version_read": 3,
        "version_written": 3,
    }  # fmt: skip
    pq.write_table(pa.Table.from_pylist([*ops.to_pylist(), row], ops.schema), folder / "ops.parquet")
    summary = json.loads((folder / "summary.json").read_text())
    (folder / "summary.json").write_text(json.dumps(summary | {"makespan_cycles": 16}))
    assert read_summary(folder).makespan_cycles == 16
    return folder


def drawn(run: Path, form: str) -> Path:
    file = run.parent / f"out.{form}"
    result = aimcsim_("timeline", run, "--format", form, "--cycles", ":", "--out", file)
    assert result.exit_code == 0, result.stderr
    return file


def test_text_has_the_letter(run: Path) -> None:
    line = next(line for line in drawn(run, "ascii").read_text().splitlines() if line.startswith(FIRST))
    assert line.endswith("B2 U2--- T2---")


def test_a_picture_has_its_colour_in_the_legend(run: Path) -> None:
    text = drawn(run, "svg").read_text()
    assert "T transfer" in text
    assert "W weight gradient" not in text
    # The square of the legend and the bar: reddish purple, as in Okabe and Ito's palette.
    assert text.lower().count("#cc79a7") >= 2


def test_a_trace_has_a_slice_without_staleness_and_no_new_version(run: Path) -> None:
    events = json.loads(gzip.decompress(drawn(run, "perfetto").read_bytes()))["traceEvents"]
    (own,) = [event for event in events if event.get("cat") == "T"]
    assert (own["name"], own["ts"], own["dur"], own["args"]["staleness"]) == ("T 2", 14, 2, None)
    versions = [e["args"]["updates"] for e in events if e["name"] == f"{FIRST} weight version"]
    assert versions == [0, 1, 2, 3]


def test_a_dump_has_its_text_and_then_idleness(run: Path) -> None:
    lines = drawn(run, "vcd").read_text().splitlines()
    (at,) = [i for i, line in enumerate(lines) if line.startswith("sT2 ")]
    times = [line for line in lines[:at] if line.startswith("#")]
    assert times[-1] == "#14"
    assert lines[-1] == "#16" or any(line.startswith("s. ") for line in lines[at:])


def test_a_report_names_it(run: Path) -> None:
    page = run_report(run)
    assert '<i class="chip T"></i>transfer' in page
