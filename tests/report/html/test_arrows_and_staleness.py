"""Arrows and histograms of a run whose log stands in `small.py`, and of the machine's own logs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from aimcsim.pipeline.schedules.asynchronous import Asynchronous
from aimcsim.pipeline.schedules.base import PipelineShape, Settings
from aimcsim.report.arrows import NONE as NO_STALENESS
from aimcsim.report.arrows import staleness
from aimcsim.report.html.histograms import StageHistogram, histograms
from aimcsim.report.html.links import NONE, next_steps, version_links
from aimcsim.report.html.run_data import run_data
from tests.cli.command import aimcsim_, write
from tests.report.html.small import LOG, TILES, name, small_run, table

ONE_CHUNK = np.zeros(2, np.int64)
ASYNC = Asynchronous(PipelineShape(2, 1, 3), Settings())


def pairs(places: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[str]:
    return [f"{name(i)} {name(int(to))}" for i, to in enumerate(places) if to != NONE]


def test_data_goes_forward_to_the_loss_and_back() -> None:
    assert sorted(pairs(next_steps(table()))) == sorted(
        way for k in (0, 1, 2) for way in (f"F{k}@1 F{k}@2", f"F{k}@2 B{k}@2", f"B{k}@2 B{k}@1")
    )


def test_an_update_leads_to_the_first_forward_that_reads_its_version_and_back() -> None:
    # Stage 1 starts F2 right after U0; no forward comes after U1. Stage 2 starts F1 after U0 and F2 after U1.
    found = pairs(version_links(table()))
    assert [pair for pair in found if pair[0] == "U"] == ["U0@1 F2@1", "U0@2 F1@2", "U1@2 F2@2"]
    assert [pair for pair in found if pair[0] == "F"] == ["F2@1 U0@1", "F1@2 U0@2", "F2@2 U1@2"]


def test_the_first_of_several_forwards_that_read_a_version_is_meant() -> None:
    rows = [(0, "U", 0, 0, 1, 0, 1), (0, "F", 5, 1, 2, 1, -1), (0, "F", 6, 2, 3, 1, -1)]
    assert version_links(table(rows)).tolist() == [1, 0, 0]


def test_tiles_that_start_together_are_one_step_that_the_topmost_stands_for() -> None:
    # A layer on tiles 0 and 1, then one on tile 2; the backward in reverse.
    rows = [
        (0, "F", 0, 0, 2, 0, -1), (1, "F", 0, 0, 3, 0, -1), (2, "F", 0, 3, 4, 0, -1),
        (2, "B", 0, 4, 5, 0, -1), (0, "B", 0, 5, 6, 0, -1), (1, "B", 0, 5, 6, 0, -1),
    ]  # fmt: skip
    assert next_steps(table(rows, "abc", (1, 1, 2))).tolist() == [2, 2, 3, 4, NONE, NONE]


def test_an_empty_table_and_one_without_forwards_have_no_arrows() -> None:
    updates = table([(0, "U", 0, 0, 1, 0, 1)])
    assert next_steps(updates).tolist() == version_links(updates).tolist() == [NONE]


def test_staleness_is_counted_against_a_serial_run() -> None:
    # Micro-batch k would have seen k updates. F1 and F2 of stage 1 start when one of them is still missing.
    expected = [0 if (row, kind, k) not in {(0, "F", 1), (0, "F", 2)} else 1 for row, kind, k, *_ in LOG]
    expected = [NO_STALENESS if kind == "U" else value for value, (_, kind, *_) in zip(expected, LOG, strict=True)]
    found = staleness(table(), ONE_CHUNK, ASYNC)
    assert found.tolist() == expected
    assert histograms(table(), found, ONE_CHUNK) == (StageHistogram(1, (1, 2), (3,)), StageHistogram(2, (3,), (3,)))


def test_the_tiles_of_one_action_count_once() -> None:
    rows = [(row, kind, 0, start, start + 1, 0, -1) for kind, start in (("F", 0), ("B", 1)) for row in (0, 1)]
    ops = table(rows, "ab", (1, 1))
    assert histograms(ops, staleness(ops, ONE_CHUNK, ASYNC), ONE_CHUNK) == (StageHistogram(1, (1,), (1,)),)


def test_the_log_of_the_small_run_is_the_one_written_out(tmp_path: Path) -> None:
    timeline = run_data(small_run(tmp_path)).timeline
    assert timeline is not None
    written = table()
    assert timeline.ops.tiles == TILES
    for column in ("tile", "stage", "kind", "micro_batch", "start", "end_at", "version_read", "version_written"):
        assert getattr(timeline.ops, column).tolist() == getattr(written, column).tolist(), column


TIMES = "hardware: {timing: {forward: 2, backward: 2, update: 2}}\n"
CHAIN = TIMES + "name: c\nmodel: {chain: 3}\npipeline: {schedule: %s, micro_batches: 6}\ntraining: {samples: 24}\n"
TABLE = "{table: [[0F0, 0F1, 0B1, 0U1, 0B0, 0U0], [1F0, 1F1, 1B1, 1U1, 1B0, 1U0]]}"


@pytest.mark.parametrize(
    "schedule", ["serial", "gpipe", "one-f-one-b", "interleaved", "async", "async-greedy", "table"]
)
def test_the_histograms_agree_with_what_the_machine_counted_on_line(tmp_path: Path, schedule: str) -> None:
    text = CHAIN % schedule
    if schedule == "table":
        # Every mini-batch applies its updates in descending order.
        text = CHAIN.replace("chain: 3", "chain: 2").replace("micro_batches: 6", "micro_batches: 2") % TABLE
    result = aimcsim_("run", write(tmp_path, text), "--out", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    counted = json.loads((tmp_path / "run/summary.json").read_text())["staleness"]
    timeline = run_data(tmp_path / "run").timeline
    assert timeline is not None
    for own in timeline.histograms:
        for kind, counts in (("forward", own.forward), ("backward", own.backward)):
            mean = sum(value * count for value, count in enumerate(counts)) / sum(counts)
            assert counted[str(own.stage)][f"{kind}_mean"] == pytest.approx(mean, abs=1e-12)
            assert counted[str(own.stage)][f"{kind}_max"] == len(counts) - 1
