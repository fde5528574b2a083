"""Summary and op log of a fast-forwarded run, as `simulate` leaves them, beside those of the whole simulation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import aimcsim
from aimcsim.result import Result
from aimcsim.scenario.load import scenario_from_data
from tests.pipeline.machines import Row, chain, rows_of
from tests.pipeline.test_timing_metrics import split_network

#: What tells of the jumps themselves, and the host's time.
ITS_OWN = {"fast_forward", "notes", "wall_seconds"}
UNEVEN = [(2, 2, 2), (6, 2, 0), (2, 4, 4)]


def run(scenario: aimcsim.Scenario, **trace: Any) -> Result:
    data = scenario.model_dump(mode="json", exclude_none=True) | {"trace": trace}
    return aimcsim.simulate(scenario_from_data(data)[0], train=False)


def skipped_of(result: Result, folder: Path) -> list[tuple[int, int]]:
    """The stretches that the metadata of ops.parquet names."""
    metadata = pq.read_metadata(result.save(folder / "run") / "ops.parquet").metadata
    return [tuple(gap) for gap in json.loads(metadata.get(b"aimcsim.skipped_cycles", b"[]"))]


def touches(row: Row, gaps: list[tuple[int, int]]) -> bool:
    return any(row.start < end and row.end >= first for first, end in gaps)


def same_but_for_the_gaps(scenario: aimcsim.Scenario, folder: Path) -> Result:
    """Compare a jumping run with the whole one; it must have jumped."""
    whole, found = run(scenario, fast_forward="never"), run(scenario, fast_forward="always")
    assert {k: v for k, v in found.summary.items() if k not in ITS_OWN} == {
        k: v for k, v in whole.summary.items() if k not in ITS_OWN
    }
    assert whole.summary["fast_forward"] is None
    figures, gaps = found.summary["fast_forward"], skipped_of(found, folder)
    assert gaps == [tuple(gap) for gap in figures["skipped_cycles"]]
    assert 0 < figures["micro_batches"] < scenario.training.samples / scenario.pipeline.micro_batch
    every = figures["repeats_every"]
    assert figures["cycles"] * every["micro_batches"] == figures["micro_batches"] * every["cycles"]
    rows, all_rows = rows_of(found.ops), rows_of(whole.ops)
    kept = set(rows)
    # Some operations that touch a gap may be there; all others are, and in the same order.
    assert rows == [row for row in all_rows if row in kept]
    assert [row for row in all_rows if not touches(row, gaps)] == [row for row in rows if not touches(row, gaps)]
    return found


@pytest.mark.parametrize("link", [{}, {"latency": 3}, {"latency": 1, "bandwidth": 0.3, "capacity": 3}])
@pytest.mark.parametrize("schedule", ["serial", "gpipe", "one-f-one-b", "interleaved", "async", "pipedream-2bw"])
def test_the_summary_is_that_of_the_whole_run_and_the_log_is_whole_but_for_its_gaps(
    schedule: str, link: dict[str, Any], tmp_path: Path
) -> None:
    found = same_but_for_the_gaps(chain(schedule, UNEVEN, 150, link=link, micro_batches=3), tmp_path)
    assert "critical path" not in found.summary["bottleneck"]
    assert any(note.startswith("fast-forward: ") for note in found.summary["notes"])


@pytest.mark.parametrize("schedule", ["serial", "one-f-one-b", "async", "async-greedy", "pipedream"])
def test_so_they_are_with_layers_split_over_tiles_and_digital_nodes(schedule: str, tmp_path: Path) -> None:
    scenario = split_network(schedule, 1200)
    if schedule == "async-greedy":
        pipeline = scenario.pipeline.model_copy(update={"max_in_flight": 1})
        scenario = scenario.model_copy(update={"pipeline": pipeline})
        # Its middle half is short of 30000 operations: all of it is simulated, and jumps lie before and behind.
    same_but_for_the_gaps(scenario, tmp_path)


def test_the_critical_path_of_a_policy_is_that_of_the_whole_run(tmp_path: Path) -> None:
    # 12 operations a micro-batch: 30000 are 2500 micro-batches, fewer than the middle half of 5500 has.
    scenario = chain("async-greedy", [(1, 1, 1), (2, 1, 4), (1, 3, 0), (1, 1, 1)], 5500, max_in_flight="M-m+1")
    found = same_but_for_the_gaps(scenario, tmp_path)
    assert found.summary["bottleneck"].startswith("critical path, cycles ")
    assert found.ops is not None
    assert 30_000 < found.ops.num_rows < 36_000


def test_so_is_that_of_a_mini_batch_too_long_for_the_event_graph(tmp_path: Path) -> None:
    # 2 stages x 5 kinds x 2001 micro-batches are more than 20000 actions a period.
    found = same_but_for_the_gaps(chain("gpipe", [(1, 2, 1), (2, 1, 0)], 11 * 2001, micro_batches=2001), tmp_path)
    assert found.summary["bottleneck"].startswith("critical path, cycles ")


def test_without_a_log_no_more_is_simulated_than_it_takes() -> None:
    scenario = chain("async", UNEVEN, 20_000)
    whole, found = run(scenario, fast_forward="never", ops="none"), run(scenario, ops="none")
    assert found.ops is None
    assert found.summary["fast_forward"]["micro_batches"] > 19_900
    assert {k: v for k, v in found.summary.items() if k not in ITS_OWN} == {
        k: v for k, v in whole.summary.items() if k not in ITS_OWN
    }


@pytest.mark.parametrize("schedule", ["async", "gpipe"])
@pytest.mark.parametrize("first", [1, 100, 333, 10**6])
def test_the_first_cycles_of_a_log_are_all_there(schedule: str, first: int, tmp_path: Path) -> None:
    scenario = chain(schedule, UNEVEN, 200, micro_batches=4)
    whole, found = (run(scenario, ops=first, fast_forward=how) for how in ("never", "always"))
    assert found.ops == whole.ops
    assert skipped_of(found, tmp_path) == []
    assert (found.summary["fast_forward"] is None) == (first == 10**6)


def test_a_run_whose_whole_log_is_no_burden_is_simulated_whole_unless_it_must_jump() -> None:
    scenario = chain("async", [(1, 1, 0)] * 2, 2000)
    results = {how: run(scenario, fast_forward=how) for how in ("auto", "always", "never")}
    assert {how: result.ops.num_rows == 12_000 for how, result in results.items() if result.ops is not None} == {
        "auto": True,
        "always": False,
        "never": True,
    }


def test_a_long_run_jumps_of_itself_and_says_so() -> None:
    # A million operations are 166667 micro-batches of two stages.
    result = run(chain("async", [(1, 1, 1)] * 2, 10**9))
    assert result.summary["makespan_cycles"] == 2 + 3 * 10**9
    assert result.summary["bottleneck"] == "stage 1 (l1): F 1 + B 1 + U 1 = 3 cycles per micro-batch"
    (note,) = result.summary["notes"]
    assert "of 1000000000 micro-batches repeat what came before them every 3 cycles (1 micro-batch)" in note
    assert "trace.fast_forward: never keeps it whole" in note


def test_a_run_with_numbers_never_jumps() -> None:
    scenario = scenario_from_data(
        {
            "name": "trained",
            "model": {"input": [64], "layers": [{"name": "fc", "type": "dense", "outputs": 10}]},
            "data": {"name": "digits", "train": 200, "test": 20},
            "pipeline": {"schedule": "async"},
            "training": {"algorithm": "digital-sgd", "samples": 200},
            "trace": {"fast_forward": "always"},
        }
    )[0]
    assert aimcsim.simulate(scenario).summary["fast_forward"] is None
    assert aimcsim.simulate(scenario, train=False).summary["fast_forward"]["micro_batches"] > 0
