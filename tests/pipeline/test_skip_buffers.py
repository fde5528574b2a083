"""What waits on skip links, recomputed from the op log; through restarts of the recorder and jumps."""

from __future__ import annotations

from typing import Any

import pytest

from aimcsim.simulation import simulate
from tests.oracles.list_scheduler import list_schedule
from tests.oracles.orders import async_1f1b, gpipe
from tests.oracles.vocabulary import Links, Timed, uneven
from tests.pipeline.machines import rows_of, scenario_of

#: act over the stages of b and c; one array layer a stage.
LAYERS: list[dict[str, Any]] = [
    {"name": "a", "type": "dense", "outputs": 5},
    {"name": "act", "type": "tanh"},
    {"name": "b", "type": "dense", "outputs": 5},
    {"name": "c", "type": "dense", "outputs": 5},
    {"name": "d", "type": "dense", "outputs": 5},
    {"name": "sum", "type": "add", "inputs": ["d", "act"]},
    {"name": "out", "type": "dense", "outputs": 2},
]
TRIPLES = [(1, 2, 1), (3, 1, 0), (2, 5, 2), (1, 1, 1), (4, 1, 0)]


def scenario(schedule: str, samples: int = 24, micro_batch: int = 1, **parts: Any) -> Any:
    stages = [dict(zip(("forward", "backward", "update"), triple, strict=True)) for triple in TRIPLES]
    return scenario_of(
        model={"input": [6], "layers": LAYERS},
        hardware={"timing": {"stages": stages}, **parts.pop("hardware", {})},
        pipeline={"stages": 5, "schedule": schedule, "micro_batch": micro_batch, "micro_batches": 4},
        training={"samples": samples},
        **parts,
    )


def most_waiting(makes: list[int], takes: list[int]) -> int:
    """Largest number that has been made and not taken in any one cycle."""
    last = max([*makes, *takes])
    return max(sum(t <= cycle for t in makes) - sum(t <= cycle for t in takes) for cycle in range(last + 1))


def recomputed(spans: list[Timed]) -> dict[str, int]:
    """F: from stage 1 to stage 4 (from 0: 0 to 3). B: the way back."""

    def times(stage: int, kind: str, edge: str) -> list[int]:
        return [getattr(span, edge) for span in spans if (span.stage, span.kind) == (stage, kind)]

    return {
        "F act": most_waiting(times(0, "F", "end"), times(3, "F", "start")),
        "B act": most_waiting(times(3, "B", "end"), times(0, "B", "start")),
    }


def spans_of(result: Any) -> list[Timed]:
    """There is one array a stage, held for the whole of an action."""
    return [Timed(row.stage - 1, row.op, 0, row.micro_batch, row.start, row.end) for row in rows_of(result.ops)]


@pytest.mark.parametrize("schedule", ["async", "async-greedy", "gpipe", "one-f-one-b", "serial"])
@pytest.mark.parametrize("link", [{}, {"latency": 3}, {"latency": 1, "bandwidth": 2.0, "capacity": 12}])
def test_the_peaks_are_those_of_the_log(schedule: str, link: dict[str, Any]) -> None:
    result = simulate(scenario(schedule, hardware={"link": link}), train=False)
    found = result.summary["buffers"]
    assert {buffer["name"]: buffer["peak_micro_batches"] for buffer in found} == recomputed(spans_of(result))
    assert [(b["from_stage"], b["to_stage"], b["values_per_sample"]) for b in found] == [(1, 4, 5), (4, 1, 5)]


@pytest.mark.parametrize(("schedule", "orders"), [("async", async_1f1b(5, 24)), ("gpipe", gpipe(5, 6, 4))])
def test_the_peaks_are_those_of_a_list_scheduler(schedule: str, orders: Any) -> None:
    log = list_schedule(orders, uneven(*zip(*TRIPLES, strict=True)), Links(skips=((0, 3),)))
    found = simulate(scenario(schedule), train=False).summary["buffers"]
    assert {buffer["name"]: buffer["peak_micro_batches"] for buffer in found} == recomputed(log)


def test_bytes_are_of_whole_micro_batches() -> None:
    found = simulate(scenario("async", 48, 2, hardware={"link": {"value_bytes": 4}}), train=False).summary["buffers"]
    assert all(b["peak_bytes"] == b["peak_micro_batches"] * 2 * 5 * 4 for b in found)


@pytest.mark.parametrize("schedule", ["async", "gpipe"])
def test_a_jump_changes_no_peak(schedule: str) -> None:
    whole, jumped = (
        simulate(scenario(schedule, 4000, trace={"ops": "none", "fast_forward": mode}), train=False).summary
        for mode in ("never", "always")
    )
    assert jumped["fast_forward"] is not None
    assert jumped["buffers"] == whole["buffers"]


def test_a_network_without_skips_has_no_such_buffers() -> None:
    plain = scenario_of(model={"chain": 4}, training={"samples": 8})
    assert simulate(plain, train=False).summary["buffers"] == []
