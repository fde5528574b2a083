"""Rule 2: what ends or arrives at cycle t is seen by what starts at t, whatever the order of the event queue."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pipeline.greedy import greedy_actions
from tests.pipeline.machines import (
    ASYNCHRONOUS,
    DIGITAL,
    SYNCHRONOUS,
    Recording,
    RecordingExecutor,
    chain,
    disorder,
    run_chain,
    scenario_of,
)

UNEVEN = [(2, 1, 0), (1, 2, 3), (1, 1, 1)]


def actions_of(recording: Recording) -> set[tuple[int, str, int, int, int, int]]:
    return {(stage, a.kind, a.micro_batch, start, end, read) for stage, a, start, end, read in recording.actions}


@pytest.mark.parametrize("seed", range(8))
def test_an_error_that_arrives_just_as_a_stage_becomes_free_is_seen_by_its_policy(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    # Stage 2: F0 1..2, B0 2..3. Stage 1: F0, F1, F2 up to 3. At 3 the error of 0 is there: B0, not F3.
    disorder(monkeypatch, seed)
    recording = run_chain(chain("async-greedy", [(1, 1, 0), (1, 1, 0)], 8))
    first = [(a.kind, a.micro_batch, start) for m, a, start, *_ in recording.actions if m == 1]
    assert first[:5] == [("F", 0, 0), ("F", 1, 1), ("F", 2, 2), ("B", 0, 3), ("U", 0, 4)]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(0, 3)), min_size=1, max_size=5),
    st.data(),
    st.integers(1, 12),
    st.integers(0, 2),
)
def test_the_greedy_policy_chooses_after_all_that_its_cycle_brings(
    times: list[tuple[int, int, int]], data: st.DataObject, total: int, latency: int
) -> None:
    limits = data.draw(st.lists(st.integers(1, 6), min_size=len(times), max_size=len(times)))
    scenario = chain("async-greedy", times, total, link={"latency": latency}, max_in_flight=limits)
    expected = greedy_actions(times, limits, total, latency)
    assert actions_of(run_chain(scenario)) == expected
    with pytest.MonkeyPatch.context() as patch:
        disorder(patch, data.draw(st.integers(0, 2**16)))
        assert actions_of(run_chain(scenario)) == expected


@pytest.mark.parametrize("schedule", [*SYNCHRONOUS, *ASYNCHRONOUS, *DIGITAL, "interleaved"])
@pytest.mark.parametrize("link", [{}, {"latency": 1, "bandwidth": 0.5, "capacity": 2}, {"capacity": 1}])
def test_the_order_of_the_event_queue_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, schedule: str, link: dict[str, object]
) -> None:
    times = [(2 * f, 2 * b, 2 * u) for f, b, u in UNEVEN]
    # Greedy stages with full links may come to wait for each other; then they do so in every order.
    scenario = chain(schedule, times, 12, link=link, micro_batches=3, max_in_flight="2(M-m)+1")
    in_order = run_chain(scenario)
    assert in_order.deadlock is None or schedule == "async-greedy"
    for seed in range(4):
        with monkeypatch.context() as patch:
            disorder(patch, seed)
            assert run_chain(scenario).all == in_order.all


SKIP_TO_THE_THIRD = {
    "input": [64],
    "layers": [
        {"name": "a", "type": "dense", "outputs": 6},
        {"name": "b", "type": "dense", "outputs": 6},
        {"name": "c", "type": "dense", "outputs": 6},
        {"name": "c2", "type": "add", "inputs": ["c", "a"]},
        {"name": "d", "type": "dense", "outputs": 10},
    ],
}

SKIPS = {
    "input": [64],
    "layers": [
        {"name": "a", "type": "dense", "outputs": 6},
        {"name": "b", "type": "dense", "outputs": 6},
        {"name": "c", "type": "dense", "outputs": 6},
        {"name": "c2", "type": "add", "inputs": ["c", "a"]},
        {"name": "d", "type": "dense", "outputs": 6},
        {"name": "d2", "type": "add", "inputs": ["d", "a", "b"]},
        {"name": "e", "type": "dense", "outputs": 10},
    ],
}


@pytest.mark.parametrize("schedule", ["async", "async-greedy", "one-f-one-b"])
@pytest.mark.parametrize("capacity", [1, 2, 3])
def test_nor_does_it_with_skip_connections_split_layers_and_full_links(
    monkeypatch: pytest.MonkeyPatch, schedule: str, capacity: int
) -> None:
    for update, forward, digital in ((0, 1, 0), (3, 1, 1), (1, 2, 0)):
        scenario = scenario_of(
            model=SKIPS,
            hardware={
                "timing": {"forward": forward, "update": update, "sum": digital, "activation": digital},
                "tile": {"rows": 4, "columns": 4},
                "link": {"capacity": capacity},
            },
            pipeline={"stages": 5, "schedule": schedule, "max_in_flight": "M-m+1", "micro_batches": 4},
            training={"samples": 12},
        )
        in_order = run_chain(scenario)
        assert in_order.deadlock is None or capacity == 1
        for seed in range(4):
            with monkeypatch.context() as patch:
                disorder(patch, seed)
                assert run_chain(scenario).all == in_order.all


def test_an_executor_is_told_of_a_commit_before_any_start_in_the_same_cycle_on_that_array(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for schedule in (*SYNCHRONOUS, *ASYNCHRONOUS):
        for seed in range(3):
            with monkeypatch.context() as patch:
                disorder(patch, seed)
                executor = RecordingExecutor()
                run_chain(chain(schedule, UNEVEN, 9, micro_batches=3), executor)
            updates = [0] * len(UNEVEN)
            busy = [False] * len(UNEVEN)
            for what, operation, *_ in executor.calls:
                assert operation is not None
                if what == "start":
                    assert not busy[operation.unit]
                    assert operation.version_read == updates[operation.unit]
                elif operation.kind == "U":
                    updates[operation.unit] += 1
                busy[operation.unit] = what == "start"


#: Cases in which a stage's choice frees room on a link, so that a message reaches another stage that is about to
#: choose in the same cycle. Found by a search over random times, limits and queue orders.
CASCADES = [
    ([(2, 2, 2), (3, 2, 0), (1, 2, 0), (2, 2, 1)], [4, 4, 4, 2]),
    ([(1, 3, 1), (3, 2, 0), (1, 1, 0), (1, 1, 1)], [4, 4, 2, 1]),
    ([(3, 2, 1), (1, 3, 1), (3, 1, 2), (3, 2, 0)], [3, 4, 4, 3]),
]


@pytest.mark.parametrize(("times", "limits"), CASCADES)
def test_policies_that_choose_in_one_cycle_do_so_in_the_order_of_their_stages(
    monkeypatch: pytest.MonkeyPatch, times: list[tuple[int, int, int]], limits: list[int]
) -> None:
    names = ("forward", "backward", "update")
    scenario = scenario_of(
        model=SKIP_TO_THE_THIRD,
        hardware={
            "timing": {"stages": [dict(zip(names, triple, strict=True)) for triple in times]},
            "link": {"capacity": 1},
        },
        pipeline={"stages": 4, "schedule": "async-greedy", "max_in_flight": limits},
        training={"samples": 12},
    )
    in_order = run_chain(scenario)
    assert in_order.deadlock is None
    for seed in range(12):
        with monkeypatch.context() as patch:
            disorder(patch, seed)
            assert run_chain(scenario).all == in_order.all
