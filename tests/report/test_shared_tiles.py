"""A tile that several layers share has one row, and every view says which of them it works for."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from aimcsim.report.arrows import version_arrows
from aimcsim.report.html.report import run_report
from aimcsim.report.html.run_data import run_data
from aimcsim.report.html.timeline_part import page_data
from aimcsim.report.op_table import OpTable
from aimcsim.report.op_window import open_ops
from tests.cli.command import aimcsim_, write

#: Stage 1: f1, U 8 cycles. Stage 2: two layers, F 4 + 4, B 6 + 6, U 8 + 8 on one tile.
TEXT = """\
name: shared
model:
  input: [16]
  layers:
    - {name: f1, type: dense, outputs: 30}
    - {name: f2, type: dense, outputs: 20}
    - {name: f3, type: dense, outputs: 10}
hardware: {timing: {forward: 2, backward: 3, update: 4}, placement: {share: [[f2, f3]]}}
pipeline: {stages: [[f1], [f2, f3]], micro_batch: 2, schedule: async}
training: {samples: 12}
"""
TILES = ("s1.f1.r0c0", "s2.f2+f3.r0c0")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shared")
    result = aimcsim_("run", write(folder, TEXT), "--no-train", "--out", folder / "run")
    assert result.exit_code == 0, result.output
    return folder / "run"


def table(run: Path) -> OpTable:
    log = open_ops(run)
    return log.table(0, log.end, TILES)


def test_the_text_has_one_row_with_the_operations_of_both(run: Path) -> None:
    shown = aimcsim_("timeline", run, "--cycles", "0:40").output.splitlines()
    assert [line.split()[0] for line in shown[1:3]] == list(TILES)
    # F of f2 and f3 at 4 and 8, B of f3 and f2 at 12 and 18, U of f2 and f3 at 24 and 32.
    log = pq.read_table(run / "ops.parquet")
    assert log.column_names[-1] == "layer"
    rows = log.to_pylist()
    of_first = [row for row in rows if row["tile"] == TILES[1] and row["micro_batch"] == 0]
    found = sorted((row["start"], row["op"], row["layer"]) for row in of_first)
    assert found == [(4, "F", "f2"), (8, "F", "f3"), (12, "B", "f3"), (18, "B", "f2"), (24, "U", "f2"), (32, "U", "f3")]


def test_an_update_leads_to_the_next_forward_of_its_own_layer(run: Path) -> None:
    ops = table(run)
    arrows = version_arrows(ops)
    assert len(arrows.source) > 10
    assert ops.tile[arrows.source].tolist() == ops.tile[arrows.target].tolist()
    assert ops.layer[arrows.source].tolist() == ops.layer[arrows.target].tolist()
    assert ops.micro_batch[arrows.target].tolist() == [
        # Staleness of stage 1 of two is 1, of stage 2 it is 0.
        micro_batch + (2 if ops.tiles[tile] == TILES[0] else 1)
        for micro_batch, tile in zip(ops.micro_batch[arrows.source], ops.tile[arrows.source], strict=True)
    ]


def test_a_trace_names_the_layer_on_a_shared_tile_alone(run: Path, tmp_path: Path) -> None:
    assert aimcsim_("timeline", run, "--format", "perfetto", "--out", tmp_path / "t.json.gz").exit_code == 0
    events = json.loads(gzip.decompress((tmp_path / "t.json.gz").read_bytes()))["traceEvents"]
    names = {event["args"]["name"]: event["tid"] for event in events if event.get("name") == "thread_name"}
    slices = [(event["tid"], event["name"]) for event in events if event["ph"] == "X"]
    assert (names[TILES[0]], "F 1") in slices
    assert {name for thread, name in slices if thread == names[TILES[1]] and name[2] == "1"} == {
        f"{kind} 1 {layer}" for kind in "FBU" for layer in ("f2", "f3")
    }


def test_a_trace_gives_every_layer_on_a_shared_tile_its_own_energy(tmp_path: Path) -> None:
    priced = TEXT.replace("share: [[f2, f3]]}}", "share: [[f2, f3]]}, energy: {input_pj: 0.5, conversion_pj: 1.25}}")
    done = aimcsim_("run", write(tmp_path, priced), "--no-train", "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert (
        aimcsim_("timeline", tmp_path / "run", "--format", "perfetto", "--out", tmp_path / "t.json.gz").exit_code == 0
    )
    events = json.loads(gzip.decompress((tmp_path / "t.json.gz").read_bytes()))["traceEvents"]
    found = {event["name"]: event["args"]["energy_j"] for event in events if event["ph"] == "X"}
    # Two samples: half a picojoule an input line and 1.25 an output line that is read, forward of 30 -> 20 -> 10.
    assert found["F 1 f2"] == 2 * (0.5 * 30 + 1.25 * 20) / 1e12
    assert found["F 1 f3"] == 2 * (0.5 * 20 + 1.25 * 10) / 1e12
    assert found["B 1 f3"] == 2 * (0.5 * 10 + 1.25 * 20) / 1e12


def test_a_dump_has_a_bit_for_each_layer_of_a_shared_tile(run: Path, tmp_path: Path) -> None:
    assert aimcsim_("timeline", run, "--format", "vcd", "--out", tmp_path / "t.vcd").exit_code == 0
    lines = (tmp_path / "t.vcd").read_text().splitlines()
    names = {line.split()[-2]: line.split()[-3] for line in lines if line.startswith("$var wire")}
    assert names.keys() == {"busy", "busy_f2", "busy_f3"}
    # One of them is 1 wherever the tile is busy: cycles at 1, from the changes of each.
    at_one, on = dict.fromkeys(names.values(), 0), dict.fromkeys(names.values(), 0)
    clock = 0
    for line in lines:
        if line.startswith("#"):
            for each, value in on.items():
                at_one[each] += (int(line[1:]) - clock) * value
            clock = int(line[1:])
        elif line[:1] in "01" and line[1:] in on:
            on[line[1:]] = int(line[0])
    assert at_one[names["busy_f2"]] == at_one[names["busy_f3"]] == 6 * (4 + 6 + 8)
    assert at_one[names["busy"]] == 6 * 2 * (4 + 6 + 8)


def test_a_page_says_the_layer_of_operations_on_a_shared_tile(run: Path) -> None:
    data = run_data(run)
    page: dict[str, Any] = page_data([data])["runs"][0]["timeline"]
    assert "f2" in page["layers"]
    assert "layer" in page["columns"]
    assert TILES[1] in run_report(run)
    assert data.timeline is not None
    ops = data.timeline.ops
    assert set(np.flatnonzero(ops.shares)) == set(np.flatnonzero(ops.tile == 1))


def test_a_log_without_layers_names_those_of_its_tiles(run: Path, tmp_path: Path) -> None:
    older = pq.read_table(run / "ops.parquet").drop_columns(["layer"])
    pq.write_table(older, tmp_path / "ops.parquet")
    log = open_ops(tmp_path)
    ops = log.table(0, log.end, TILES)
    assert {ops.layers[place] for place in ops.layer} == {"f1", "f2+f3"}
    assert not ops.shares.any()


def test_explain_and_validate_count_the_tiles_that_there_are(run: Path, tmp_path: Path) -> None:
    assert "3 array layers, 2 tiles" in aimcsim_("validate", write(tmp_path, TEXT)).output
    shown = aimcsim_("explain", run).output
    assert "s2.f2+f3.r0c0 16" in " ".join(shown.split())
