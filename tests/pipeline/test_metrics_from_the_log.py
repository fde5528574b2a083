"""Every figure of time in the summary, recomputed from the op log by code of its own."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import pytest

from aimcsim.result import Result
from aimcsim.simulation import simulate
from tests.pipeline.machines import ASYNCHRONOUS, DIGITAL, SYNCHRONOUS, Row, chain, rows_of, scenario_of

PER_MINI_BATCH = ("pipedream-2bw", "zero-bubble-h1")


class Span(NamedTuple):
    """One stage action put together from its operations."""

    stage: int
    chunk: int
    op: str
    micro_batch: int
    start: int
    end: int
    version_read: int


def spans_of(rows: list[Row]) -> list[Span]:
    """Stage actions. There is one layer a chunk, so the layers of a stage, by name, are its chunks."""
    groups: dict[tuple[int, str, str, int], list[Row]] = {}
    layers: dict[int, list[str]] = {}
    for row in rows:
        layer = row.tile.split(".")[1]
        groups.setdefault((row.stage, layer, row.op, row.micro_batch), []).append(row)
        if layer not in layers.setdefault(row.stage, []):
            layers[row.stage].append(layer)
    return [
        Span(
            stage,
            sorted(layers[stage]).index(layer),
            op,
            micro_batch,
            min(r.start for r in group),
            max(r.end for r in group),
            group[0].version_read,
        )
        for (stage, layer, op, micro_batch), group in groups.items()
    ]


def peak(spans: list[Span], opening: str, closing: str, closed_by: int) -> int:
    """Most actions `opening` without their `closing`, one of which may stand for `closed_by` micro-batches."""
    # At one cycle what ends does so before anything starts.
    events = sorted(
        [(s.start, 1, 1) for s in spans if s.op == opening] + [(s.end, 0, -closed_by) for s in spans if s.op == closing]
    )
    level = highest = 0
    for _, _, change in events:
        level += change
        highest = max(highest, level)
    assert level == 0
    return highest


def check(result: Result, schedule: str, mini_batch: int) -> None:
    """`mini_batch`: micro-batches between flushes, 1 where there is none."""
    rows, summary = rows_of(result.ops), result.summary
    spans = spans_of(rows)
    stages = summary["stages"]
    makespan = max(row.end for row in rows) - min(row.start for row in rows)
    assert summary["makespan_cycles"] == makespan
    assert summary["cycles_per_sample"] == makespan / summary["samples"]
    busy = sum(span.end - span.start for span in spans)
    assert summary["computation_density"] == float(Fraction(busy, stages * makespan))
    for tile in {row.tile for row in rows}:
        cycles = sum(row.end - row.start for row in rows if row.tile == tile)
        assert summary["utilisation"][tile] == cycles / makespan
    assert set(summary["utilisation"]) == {row.tile for row in rows}
    steps = 1 if schedule in PER_MINI_BATCH else mini_batch
    closing = "W" if schedule == "zero-bubble-h1" else "B"
    for stage in range(1, stages + 1):
        own = [span for span in spans if span.stage == stage]
        for kind, name in (("F", "forward"), ("B", "backward")):
            stale = [s.micro_batch // mini_batch * steps - s.version_read for s in own if s.op == kind]
            assert summary["staleness"][str(stage)][f"{name}_max"] == max(stale)
            assert summary["staleness"][str(stage)][f"{name}_mean"] == sum(stale) / len(stale)
        closed_by = mini_batch if schedule in PER_MINI_BATCH else 1
        assert summary["peak_in_flight"][str(stage)] == peak(own, "F", "U", closed_by)
        assert summary["peak_activations"][str(stage)] == peak(own, "F", closing, 1)
    # The middle half of the run, from mini-batch K/4 to 3K/4, between their first commits at the first stage.
    commits = sorted((s.micro_batch, s.end) for s in spans if (s.stage, s.chunk, s.op) == (1, 0, "U"))
    first: dict[int, int] = {}
    for micro_batch, end in commits:
        first.setdefault(micro_batch // mini_batch, end)
    count = len(first)
    begin, end = count // 4, 3 * count // 4
    period = None if begin == end else (first[end] - first[begin]) / ((end - begin) * mini_batch)
    assert summary["period_cycles"] == period
    assert [row.end for row in rows] == sorted(row.end for row in rows)


@pytest.mark.parametrize("schedule", [*SYNCHRONOUS, "interleaved", *ASYNCHRONOUS, *DIGITAL])
@pytest.mark.parametrize(
    "link", [{}, {"latency": 3}, {"latency": 1, "bandwidth": 0.3}], ids=["bare", "latency", "bandwidth"]
)
@pytest.mark.parametrize("times", [[(2, 2, 2)] * 3, [(2, 4, 0), (6, 2, 2), (2, 2, 8)]], ids=["even", "uneven"])
def test_every_figure_of_time_follows_from_the_log(
    schedule: str, link: dict[str, Any], times: list[tuple[int, int, int]]
) -> None:
    flushed = schedule not in ASYNCHRONOUS and schedule != "pipedream"
    result = simulate(chain(schedule, times, 30, link=link, micro_batches=3), train=False)
    check(result, schedule, 3 if flushed else 1)


@pytest.mark.parametrize("schedule", ["async", "async-greedy", "gpipe"])
def test_so_it_does_with_split_layers_and_digital_nodes(schedule: str) -> None:
    names = ("fc1", "fc2", "fc3")
    scenario = scenario_of(
        model={"input": [64], "layers": [{"name": name, "type": "dense", "outputs": 10} for name in names]},
        hardware={
            "timing": {"forward": 2, "backward": 3, "update": 1, "sum": 2, "pulse": 1},
            "tile": {"rows": 20, "columns": 4},
            "link": {"latency": 2, "bandwidth": 3.0},
        },
        pipeline={"stages": 3, "schedule": schedule, "micro_batch": 2, "micro_batches": 4},
        training={"samples": 64},
    )
    check(simulate(scenario, train=False), schedule, 4 if schedule == "gpipe" else 1)


def test_utilisation_is_of_tile_operations_and_density_of_stage_actions() -> None:
    # Two layers in one stage: each array is busy half of a forward, the stage all of it.
    layers = [{"name": name, "type": "dense", "outputs": 10} for name in ("fc1", "fc2")]
    scenario = scenario_of(
        model={"input": [64], "layers": layers},
        hardware={"timing": {"forward": 3, "backward": 3}},
        pipeline={"stages": 1, "schedule": "async"},
        training={"samples": 5},
    )
    summary = simulate(scenario, train=False).summary
    assert summary["computation_density"] == 1.0
    assert summary["utilisation"] == {"s1.fc1.r0c0": 0.5, "s1.fc2.r0c0": 0.5}
