"""All figures of time in the summary, recomputed from ops.parquet by their one-line definitions, are equal to it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest

import aimcsim
from aimcsim.result import Result
from aimcsim.scenario.load import scenario_from_data
from tests.oracles import log_metrics
from tests.oracles.log_metrics import TileOperation
from tests.oracles.vocabulary import Timed
from tests.pipeline.random_cases import NAMES, random_schedule, random_triples
from tests.pipeline.timing_machines import chain


def logged(result: Result) -> list[dict[str, Any]]:
    assert result.ops is not None
    return result.ops.to_pylist()


def actions_of(rows: Sequence[dict[str, Any]], chunk_of: dict[str, int]) -> tuple[list[Timed], dict[Timed, int]]:
    """The stage actions that the tile operations make up, and the version each of them read."""
    parts: dict[tuple[int, str, int, int], list[dict[str, Any]]] = {}
    for row in rows:
        parts.setdefault((row["stage"] - 1, row["op"], chunk_of[row["tile"]], row["micro_batch"]), []).append(row)
    log, versions = [], {}
    for key, mine in parts.items():
        action = Timed(*key, min(row["start"] for row in mine), max(row["end"] for row in mine))
        log.append(action)
        (versions[action],) = {row["version_read"] for row in mine}
    return log, versions


def expected_staleness(
    log: Sequence[Timed], versions: dict[Timed, int], stage: int, mini_batch: int, stashed: bool
) -> dict[str, float | int]:
    """Missed updates of a stage's F and B; where weights are stashed, by the version that was read."""
    figures: dict[str, float | int] = {}
    mine = [a for a in log if a.stage == stage]
    for kind, word in (("F", "forward"), ("B", "backward")):
        missed = []
        for action in (a for a in mine if a.kind == kind):
            updates = [u for u in mine if u.kind == "U" and u.chunk == action.chunk]
            if stashed:
                missed.append(log_metrics.missed_by_version(action, versions[action], updates, mini_batch))
            else:
                missed.append(log_metrics.missed_updates(action, updates, mini_batch))
        figures[f"{word}_mean"] = float(Fraction(sum(missed), len(missed)))
        figures[f"{word}_max"] = max(missed)
    return figures


def check_summary(result: Result, chunk_of: dict[str, int], stages: int, mini_batch: int, samples: int) -> None:
    rows, summary = logged(result), result.summary
    log, versions = actions_of(rows, chunk_of)
    run = log_metrics.makespan(log)
    assert summary["makespan_cycles"] == run
    assert summary["computation_density"] == float(log_metrics.density(log, stages))
    assert summary["cycles_per_sample"] == run / samples
    period = log_metrics.period(log, mini_batch)
    assert summary["period_cycles"] == (None if period is None else float(period))
    operations = [
        TileOperation(row["tile"], row["stage"] - 1, row["op"], row["micro_batch"], row["start"], row["end"])
        for row in rows
    ]
    shares = {tile: float(share) for tile, share in log_metrics.utilisation(operations, run).items()}
    assert summary["utilisation"] == shares
    stashed = summary["schedule"] in ("pipedream", "pipedream-2bw")
    for m in range(stages):
        own = summary["staleness"][str(m + 1)]
        assert own == expected_staleness(log, versions, m, mini_batch, stashed)
        assert summary["peak_in_flight"][str(m + 1)] == log_metrics.peak_in_flight(log, m)
        assert summary["peak_activations"][str(m + 1)] == log_metrics.peak_activations(log, m)


def mini_batch_of(name: str, pipeline: dict[str, Any], log_order: Sequence[Any]) -> int:
    """Micro-batches between flushes: 1 where a U comes before a later B of its table."""
    if name in ("async", "pipedream"):
        return 1
    micro_batches = int(pipeline["micro_batches"])
    if name == "table" and pipeline.get("update") != "flush":
        for row in log_order:
            one = [a.kind for a in row if a.micro_batch < micro_batches]
            if "B" in one[one.index("U") :]:
                return 1
    return micro_batches


@pytest.mark.parametrize("name", NAMES)
def test_the_summary_of_a_fixed_order_follows_from_its_op_log(name: str) -> None:
    draws = random.Random(f"metrics {name}")
    for case in range(40):
        M, K = draws.randint(1, 4), draws.randint(1, 5)
        v = draws.randint(1, 3) if name in ("interleaved", "table") else 1
        schedule, orders, pipeline = random_schedule(draws, name, M, K, v)
        samples = K * pipeline["micro_batches"] if "micro_batches" in pipeline else len(orders[0]) // 3
        result = aimcsim.simulate(chain(schedule, M, samples, random_triples(draws, M, v), **pipeline))
        chunk_of = {f"s{q % M + 1}.l{q + 1}.r0c0": q // M for q in range(M * v)}
        try:
            check_summary(result, chunk_of, M, mini_batch_of(name, pipeline, orders), samples)
        except AssertionError as error:
            raise AssertionError(f"case {case}: {schedule} {pipeline}") from error


def test_the_summary_of_the_greedy_policy_follows_from_its_op_log() -> None:
    draws = random.Random(41)
    for _ in range(40):
        M, N = draws.randint(1, 4), draws.randint(1, 20)
        limit = draws.choice([None, "unbounded", draws.randint(1, 5)])
        result = aimcsim.simulate(chain("async-greedy", M, N, random_triples(draws, M), max_in_flight=limit))
        check_summary(result, {f"s{q + 1}.l{q + 1}.r0c0": 0 for q in range(M)}, M, 1, N)


def split_network(schedule: str, samples: int) -> aimcsim.Scenario:
    """Layers of 5-7-6-3 on tiles of 4 x 4: split over rows and columns, with digital sums and activations."""
    layers = [
        {"name": "a", "type": "dense", "outputs": 7},
        {"name": "s", "type": "sigmoid"},
        {"name": "b", "type": "dense", "outputs": 6},
        {"name": "c", "type": "dense", "outputs": 3},
    ]
    data: dict[str, Any] = {
        "name": "split",
        "model": {"input": [5], "layers": layers},
        "hardware": {
            "timing": {"forward": 2, "backward": 3, "update": 1, "sum": 2, "activation": 1, "loss": 2},
            "tile": {"rows": 4, "columns": 4},
            "link": {"latency": 1, "bandwidth": 3.0, "capacity": 2},
        },
        "pipeline": {"stages": [["a", "s"], ["b", "c"]], "schedule": schedule, "micro_batch": 2, "micro_batches": 3},
        "training": {"samples": samples, "algorithm": "digital-sgd"},
    }
    return scenario_from_data(data)[0]


@pytest.mark.parametrize("schedule", ["serial", "gpipe", "one-f-one-b", "async", "async-greedy", "pipedream"])
def test_the_summary_of_split_layers_with_digital_nodes_follows_from_its_op_log(schedule: str) -> None:
    result = aimcsim.simulate(split_network(schedule, 48))
    tiles = {row["tile"] for row in logged(result)}
    assert {"s1.a.r1c1", "s1.a.sum", "s1.s.activation", "s2.b.r1c1", "s2.c.r1c0"} <= tiles
    mini_batch = 1 if schedule in ("async", "async-greedy", "pipedream") else 3
    check_summary(result, dict.fromkeys(tiles, 0), 2, mini_batch, 48)


def test_a_stage_action_of_a_split_layer_takes_its_steps_one_after_another() -> None:
    # Stage 1, two samples: F = MVM 2·2 + sum 2·2 + activation 1·2 = 10 cycles, one message of 2·7 bytes at 3 a cycle
    # takes 5 and arrives 1 later. Stage 2 then starts at 16: b 4 + sum 4 + c 4 + sum 4 = 16, loss 2, and B at 34.
    log, _ = actions_of(rows := logged(aimcsim.simulate(split_network("serial", 6))), {r["tile"]: 0 for r in rows})
    first = {(a.stage, a.kind): (a.start, a.end) for a in log if a.micro_batch == 0}
    assert first[0, "F"] == (0, 10)
    assert first[1, "F"] == (16, 32)
    assert first[1, "B"][0] == 34
