"""Every action of the machine starts and ends when a scheduler that shares no code with it says, on random cases."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from aimcsim.errors import Deadlock
from aimcsim.scenario.load import scenario_from_data
from aimcsim.scenario.spec import Scenario
from tests.oracles import vocabulary
from tests.oracles.greedy import greedy_schedule
from tests.oracles.list_scheduler import list_schedule
from tests.oracles.vocabulary import Links, Timed
from tests.pipeline.random_cases import NAMES, random_links, random_schedule, random_triples
from tests.pipeline.timing_machines import (
    Triple,
    bandwidth,
    chain,
    link_data,
    per_virtual_stage,
    run_machine,
    stage_timing,
)


def outcome(run: Callable[[], list[Timed]]) -> list[Timed] | str:
    """The log, or the word deadlock."""
    try:
        return run()
    except (Deadlock, vocabulary.Deadlock):
        return "deadlock"


def compare_fixed_orders(draws: random.Random, name: str, cases: int) -> int:
    """Compare `cases` random cases; returns how many of them deadlock."""
    deadlocks = 0
    for case in range(cases):
        M, K = draws.randint(1, 5), draws.randint(1, 3)
        v = draws.randint(1, 3) if name in ("interleaved", "table") else 1
        schedule, orders, pipeline = random_schedule(draws, name, M, K, v)
        triples, links = random_triples(draws, M, v), random_links(draws)
        samples = K * pipeline["micro_batches"] if "micro_batches" in pipeline else len(orders[0]) // 3
        scenario = chain(schedule, M, samples, triples, links=links, **pipeline)
        apart = any(a.kind == "W" for a in orders[0])
        times = per_virtual_stage(triples, v, apart)
        gate = pipeline["micro_batches"] if name == "serial" else None
        expected = outcome(lambda o=orders, t=times, li=links, g=gate: list_schedule(o, t, li, g))  # type: ignore[misc]
        found = outcome(lambda s=scenario, li=links: run_machine(s, li.loss_latency).log)  # type: ignore[misc]
        assert found == expected, f"case {case}: {scenario.pipeline} {triples} {links}"
        deadlocks += expected == "deadlock"
    return deadlocks


@pytest.mark.parametrize("name", NAMES)
def test_a_fixed_order_runs_as_the_list_scheduler_says_or_deadlocks_with_it(name: str) -> None:
    deadlocks = compare_fixed_orders(random.Random(f"fixed {name}"), name, 120)
    assert deadlocks > 0 or name != "table"  # random orders on links of finite capacity: both kinds of case are met


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_a_fixed_order_runs_as_the_list_scheduler_says_in_thousands_of_cases(name: str) -> None:
    compare_fixed_orders(random.Random(f"long {name}"), name, 3000)


def test_a_deadlock_names_the_chain_of_what_waits_for_what() -> None:
    # Latency 2 each way. The second stage starts F0 at 3, B0 at 4, F1 at 5, B1 at 6; the first F0 0, F1 1, F2 3 and
    # F3 at 5, whose result finds F2's on the link. At 7 the result of B1 finds that of B0, just arrived, on the other.
    scenario = chain("async-greedy", 2, 9, (1, 1, 0), links=Links(latency=2, capacity=1), max_in_flight="unbounded")
    with pytest.raises(Deadlock) as raised:
        run_machine(scenario)
    assert str(raised.value) == (
        "deadlock at cycle 7: stage 1 waits for room on the F link from stage 1 to stage 2; "
        "stage 2 waits for room on the B link from stage 2 to stage 1"
    )


def compare_greedy(draws: random.Random, cases: int, most_capacity: int | None) -> int:
    deadlocks = 0
    for case in range(cases):
        M, N = draws.randint(1, 5), draws.randint(1, 14)
        triples = random_triples(draws, M)
        limit: Any = draws.choice([None, "unbounded", "M-m+1", "2(M-m)+1", draws.randint(1, 6), "list"])
        caps: dict[Any, list[int] | None] = {
            None: [4 * M] * M,
            "unbounded": None,
            "M-m+1": [M - m for m in range(M)],
            "2(M-m)+1": [2 * (M - m) - 1 for m in range(M)],
            "list": (listed := [draws.randint(1, 6) for _ in range(M)]),
        }
        links = random_links(draws)
        if most_capacity is None:
            links = Links(links.latency, links.occupancy, None, links.loss_latency)
        wanted = listed if limit == "list" else limit
        scenario = chain("async-greedy", M, N, triples, links=links, max_in_flight=wanted)
        allowed = [limit] * M if isinstance(limit, int) else caps[limit]
        times = per_virtual_stage(triples)
        expected = outcome(lambda n=N, t=times, c=allowed, li=links: greedy_schedule(n, t, c, li))  # type: ignore[misc]
        found = outcome(lambda s=scenario, li=links: run_machine(s, li.loss_latency).log)  # type: ignore[misc]
        assert found == expected, f"case {case}: {limit} {allowed} {triples} {links}"
        deadlocks += expected == "deadlock"
    return deadlocks


def test_greedy_chooses_as_the_time_stepped_policy_says() -> None:
    assert compare_greedy(random.Random(31), 250, None) == 0


def test_greedy_chooses_as_the_time_stepped_policy_says_on_links_of_finite_capacity() -> None:
    assert 0 < compare_greedy(random.Random(32), 250, 3) < 250


# ---------------------------------------------------------------- skip links


WIDTH = 3


def network_with_skips(stages: int, skips: tuple[tuple[int, int], ...]) -> dict[str, Any]:
    """A dense layer a stage, all of one width; an add before it where skip edges end. Every link carries one tensor."""
    layers: list[dict[str, Any]] = []
    for q in range(stages):
        read = [f"d{i}" for i, j in skips if j == q]
        if read:
            layers.append({"name": f"a{q}", "type": "add", "inputs": [f"d{q - 1}", *read]})
        layers.append({"name": f"d{q}", "type": "dense", "outputs": WIDTH})
    return {"input": [WIDTH], "layers": layers}


def with_skips(
    schedule: str | dict[str, Any], triples: list[Triple], samples: int, links: Links, pipeline: dict[str, Any]
) -> Scenario:
    stages = len(triples)
    model = network_with_skips(stages, links.skips)
    groups = [
        [layer["name"] for layer in model["layers"] if layer["name"] in (f"a{q}", f"d{q}")] for q in range(stages)
    ]
    link = link_data(links)
    if links.occupancy:
        link["bandwidth"] = bandwidth(WIDTH, links.occupancy)
    data = {
        "name": "skips",
        "model": model,
        "hardware": {"timing": stage_timing(triples), "link": link},
        "pipeline": {"stages": groups, "schedule": schedule, **pipeline},
        "training": {"samples": samples, "algorithm": "digital-sgd"},
    }
    return scenario_from_data(data)[0]


@pytest.mark.parametrize("name", ["serial", "gpipe", "one-f-one-b", "async", "pipedream-2bw", "zero-bubble-h1"])
def test_skip_links_over_stages_run_as_the_list_scheduler_says(name: str) -> None:
    draws = random.Random(f"skips {name}")
    for case in range(80):
        M, K = draws.randint(2, 5), draws.randint(1, 3)
        schedule, orders, pipeline = random_schedule(draws, name, M, K, 1)
        skips = tuple((i, j) for i in range(M) for j in range(i + 2, M) if draws.random() < 0.5)
        triples, links = random_triples(draws, M), random_links(draws, skips)
        samples = K * pipeline["micro_batches"] if "micro_batches" in pipeline else len(orders[0]) // 3
        times = per_virtual_stage(triples, 1, name == "zero-bubble-h1")
        gate = pipeline["micro_batches"] if name == "serial" else None
        scenario = with_skips(schedule, triples, samples, links, pipeline)
        expected = outcome(lambda o=orders, t=times, li=links, g=gate: list_schedule(o, t, li, g))  # type: ignore[misc]
        found = outcome(lambda s=scenario, li=links: run_machine(s, li.loss_latency).log)  # type: ignore[misc]
        assert found == expected, f"case {case}: {pipeline} {triples} {links}"


def test_greedy_with_skip_links_chooses_as_the_time_stepped_policy_says() -> None:
    draws = random.Random(33)
    for _ in range(100):
        M, N = draws.randint(2, 5), draws.randint(1, 10)
        skips = tuple((i, j) for i in range(M) for j in range(i + 2, M) if draws.random() < 0.5)
        triples, links = random_triples(draws, M), random_links(draws, skips)
        scenario = with_skips("async-greedy", triples, N, links, {"max_in_flight": 4})
        times = per_virtual_stage(triples)
        expected = outcome(lambda n=N, t=times, m=M, li=links: greedy_schedule(n, t, [4] * m, li))  # type: ignore[misc]
        found = outcome(lambda s=scenario, li=links: run_machine(s, li.loss_latency).log)  # type: ignore[misc]
        assert found == expected, f"{triples} {links}"
