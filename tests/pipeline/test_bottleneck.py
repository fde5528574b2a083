"""Steady periods are maximum cycle ratios, and the summary's sentence names the cycle that attains them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import pytest

import aimcsim
from aimcsim.assembly import assemble
from aimcsim.errors import Deadlock
from aimcsim.pipeline.cycle_ratio import maximum_cycle_ratio as machine_ratio
from aimcsim.pipeline.event_graph import event_graph
from aimcsim.scenario.load import scenario_from_data
from aimcsim.scenario.spec import Scenario
from tests.oracles import orders as order
from tests.oracles.cycle_ratio import async_event_graph, flush_event_graph, maximum_cycle_ratio
from tests.oracles.vocabulary import Links, Timed
from tests.pipeline.random_cases import random_triples, random_valid_orders
from tests.pipeline.timing_machines import (
    Triple,
    chain,
    per_virtual_stage,
    run_machine,
    stage_timing,
    table_of,
)


def settled_period(commits: Sequence[int]) -> Fraction | None:
    """Cycles per commit once the differences repeat, with whatever number of commits in the repetition."""
    for steps in range(1, len(commits) // 4):
        back = range(len(commits) - 2 * steps - 10, len(commits))
        differences = {commits[n] - commits[n - steps] for n in back}
        if len(differences) == 1:
            return Fraction(differences.pop(), steps)
    return None


def closing_commits(log: Sequence[Timed], every: int) -> list[int]:
    return [a.end for a in log if (a.stage, a.chunk, a.kind) == (0, 0, "U") and (a.micro_batch + 1) % every == 0]


def graph_ratio(scenario: Scenario) -> Fraction:
    """The maximum cycle ratio that the package finds."""
    return machine_ratio(event_graph(assemble(scenario).plan))[0]


def test_the_asynchronous_period_is_the_maximum_cycle_ratio_on_uneven_stages_with_latency() -> None:
    draws = random.Random(51)
    for _ in range(150):
        M, c = draws.randint(1, 6), draws.randint(0, 6)
        triples = random_triples(draws, M)
        limit = draws.choice([None, sorted((draws.randint(1, 2 * M) for _ in range(M)), reverse=True)])
        scenario = chain("async", M, 120, triples, links=Links(latency=c), max_in_flight=limit)
        tf, tb, tu = zip(*triples, strict=True)
        ratio = maximum_cycle_ratio(async_event_graph(tf, tb, tu, c, limit)).ratio
        running = closing_commits(run_machine(scenario).log, 1)[: 120 - 2 * M - 1]  # the drain goes faster
        assert settled_period(running) == ratio
        assert graph_ratio(scenario) == ratio


def flushed_case(draws: random.Random, M: int) -> tuple[Any, list[order.StageOrder], dict[str, Any]]:
    """Words of a synchronous schedule, the orders of one of its mini-batches, its pipeline keys."""
    B, v = draws.randint(1, 5), draws.randint(1, 3)
    known: dict[str, Callable[[int, int, int], list[order.StageOrder]]] = {
        "serial": order.serial,
        "gpipe": order.gpipe,
        "one-f-one-b": order.one_f_one_b,
        "zero-bubble-h1": order.zero_bubble_h1,
    }
    name = draws.choice([*known, "interleaved", "table"])
    if name in known:
        return name, known[name](M, 1, B), {"micro_batches": B}
    if name == "interleaved":
        B = M * draws.randint(1, 2)
        return name, order.interleaved(M, 1, B, v), {"micro_batches": B, "chunks": v}
    plain = random_valid_orders(draws, M, B, v, weight_gradient=False)
    updated = [[a for x in row for a in ((x, x._replace(kind="U")) if x.kind == "B" else (x,))] for row in plain]
    return table_of(updated), updated, {"micro_batches": B, "chunks": v}


def test_the_synchronous_period_is_the_maximum_cycle_ratio_with_lag_in_mini_batches() -> None:
    draws = random.Random(52)
    for _ in range(150):
        M, c = draws.randint(1, 4), draws.randint(0, 5)
        name, orders, pipeline = flushed_case(draws, M)
        B, v = pipeline["micro_batches"], pipeline.get("chunks", 1)
        triples = random_triples(draws, M, v)
        times = per_virtual_stage(triples, v, name == "zero-bubble-h1")
        scenario = chain(name, M, 24 * B, triples, links=Links(latency=c), **pipeline)
        ratio = maximum_cycle_ratio(flush_event_graph(orders, times, c, name == "serial")).ratio
        assert settled_period(closing_commits(run_machine(scenario).log, B)) == ratio
        assert graph_ratio(scenario) == ratio


def test_the_period_on_links_with_bandwidth_and_capacity_is_the_maximum_cycle_ratio() -> None:
    draws = random.Random(53)
    compared = 0
    for _ in range(160):
        M, N = draws.randint(1, 4), 160
        links = Links(draws.randint(0, 4), draws.randint(0, 6), draws.choice([None, 1, 2, 3]))
        limit = draws.choice([None, "2(M-m)+1", draws.randint(1, 4)])
        scenario = chain("async", M, N, random_triples(draws, M), links=links, max_in_flight=limit)
        try:
            log = run_machine(scenario).log
        except Deadlock:
            continue
        compared += 1
        assert settled_period(closing_commits(log, 1)[: N - 2 * M - 5]) == graph_ratio(scenario), f"{limit} {links}"
    assert compared > 120


def test_the_flushed_period_on_links_with_bandwidth_and_capacity_is_the_maximum_cycle_ratio() -> None:
    draws = random.Random(54)
    compared = 0
    for _ in range(120):
        M = draws.randint(1, 4)
        links = Links(draws.randint(0, 4), draws.randint(0, 6), draws.choice([None, 1, 2, 3]))
        name, _, pipeline = flushed_case(draws, M)
        B, v = pipeline["micro_batches"], pipeline.get("chunks", 1)
        scenario = chain(name, M, 24 * B, random_triples(draws, M, v), links=links, **pipeline)
        try:
            log = run_machine(scenario).log
        except Deadlock:
            continue
        compared += 1
        period = settled_period(closing_commits(log, B))
        assert period == graph_ratio(scenario), f"{name} {links} {pipeline}"
    assert compared > 80


def test_the_period_of_pipedream_2bw_is_the_maximum_cycle_ratio_and_at_least_that_of_its_slowest_stage() -> None:
    draws = random.Random(55)
    for _ in range(40):
        M = draws.randint(1, 4)
        B = M + draws.randint(0, 3)
        triples = random_triples(draws, M)
        scenario = chain("pipedream-2bw", M, 40 * B, triples, micro_batches=B)
        ratio = graph_ratio(scenario)
        assert settled_period(closing_commits(run_machine(scenario).log, B)[:-2]) == ratio
        assert ratio >= max(B * (tf + tb) + tu for tf, tb, tu in triples)


# ---------------------------------------------------------------- the sentence


def sentence(schedule: str, triples: Sequence[Triple], samples: int = 40, **rest: Any) -> str:
    found = aimcsim.simulate(chain(schedule, len(triples), samples, triples, **rest)).summary["bottleneck"]
    assert isinstance(found, str)
    return found


def test_the_slowest_stage_of_async_is_named_with_its_actions() -> None:
    # Periods of the stages alone: 2, 6, 2. No other cycle is longer without latency.
    expected = "stage 2 (l2): F 1 + B 1 + U 4 = 6 cycles per micro-batch"
    assert sentence("async", [(1, 1, 0), (1, 1, 4), (1, 1, 0)]) == expected


def test_an_update_without_length_is_left_out_of_the_sum() -> None:
    assert sentence("async", [(1, 1, 0), (2, 3, 0)]) == "stage 2 (l2): F 2 + B 3 = 5 cycles per micro-batch"


def test_a_stage_of_one_layer_among_several_is_named_by_all_its_layers() -> None:
    layers = [{"name": name, "type": "dense", "outputs": 4} for name in ("fc1", "fc2", "out")]
    data: dict[str, Any] = {
        "name": "named",
        "model": {"input": [4], "layers": layers},
        "hardware": {"timing": stage_timing([(1, 2, 3), (1, 1, 1)])},
        "pipeline": {"stages": [["fc1", "fc2"], ["out"]], "schedule": "async"},
        "training": {"samples": 20, "algorithm": "digital-sgd"},
    }
    found = aimcsim.simulate(scenario_from_data(data)[0]).summary["bottleneck"]
    assert found == "stage 1 (fc1+fc2): F 1 + B 2 + U 3 = 6 cycles per micro-batch"


def test_link_latency_makes_the_way_there_and_back_the_bottleneck() -> None:
    # Two micro-batches in flight at stage 1: F 1, link 5, F 1, B 1, link 5, B 1, U 1 hold the first until the third
    # may start: 15 cycles for 2. A stage alone takes 3 a micro-batch.
    found = sentence("async", [(1, 1, 1), (1, 1, 1)], links=Links(latency=5))
    expected = "stage 1 (l1): F 1 → stage 2 (l2): F 1 + B 1 → stage 1 (l1): B 1 + U 1 → links and loss 10"
    assert found == f"{expected} = 15 cycles per 2 micro-batches"


def test_a_synchronous_bottleneck_is_told_per_mini_batch() -> None:
    # GPipe, M = 2, B = 2, stage 2 slow: F0 of stage 1, then F, B of both at stage 2, then B1 and both U of stage 1.
    # 1 + 2·3 + 2·3 + 1 + 2·1 = 16.
    found = sentence("gpipe", [(1, 1, 1), (3, 3, 0)], micro_batches=2)
    expected = "stage 1 (l1): F 1 → stage 2 (l2): 2 F of 3 + 2 B of 3 → stage 1 (l1): B 1 + 2 U of 1"
    assert found == f"{expected} = 16 cycles per mini-batch of 2 micro-batches"


def test_a_link_that_is_too_narrow_is_the_bottleneck() -> None:
    # Every message occupies its link for 9 cycles; there and back takes 22, with four micro-batches on the way.
    found = sentence("async", [(1, 1, 0), (1, 1, 0)], links=Links(occupancy=9), max_in_flight=[4, 1])
    assert found in (
        "F link from stage 1 (l1) to stage 2 (l2): messages 9 = 9 cycles per micro-batch",
        "B link from stage 2 (l2) to stage 1 (l1): messages 9 = 9 cycles per micro-batch",
    )


@pytest.mark.parametrize(
    ("capacity", "latency", "limits", "period"), [(1, 5, [3, 1], 5), (2, 9, [5, 1], Fraction(9, 2))]
)
def test_a_link_with_room_for_few_messages_is_the_bottleneck(
    capacity: int, latency: int, limits: list[int], period: Fraction
) -> None:
    # A message holds its room from its acceptance to its taking, `latency` later: capacity messages each latency.
    # Without the limit: 2 latency + 4 cycles there and back for 3 or 5 micro-batches, 14/3 and 22/5.
    links, times = Links(latency, 0, capacity), [(1, 1, 0), (1, 1, 0)]
    scenario = chain("async", 2, 120, times, links=links, max_in_flight=limits)
    assert graph_ratio(scenario) == settled_period(closing_commits(run_machine(scenario).log, 1)[:100]) == period
    words = aimcsim.simulate(scenario).summary["bottleneck"]
    assert words.split(":")[0] in (
        "F link from stage 1 (l1) to stage 2 (l2)",
        "B link from stage 2 (l2) to stage 1 (l1)",
    )
    assert f"messages {latency} = {latency} cycles per " in words


def test_a_run_that_ends_before_its_links_are_full_has_no_steady_state() -> None:
    # Nine forwards before the first B, a backward link for one message: three micro-batches pass, thirty do not.
    words: dict[str, Any] = {"links": Links(capacity=1), "max_in_flight": [9, 1]}
    found = sentence("async", [(1, 1, 0), (1, 1, 0)], 3, **words)
    assert found == "no steady state: a longer run would deadlock on full links"
    with pytest.raises(Deadlock):
        sentence("async", [(1, 1, 0), (1, 1, 0)], 30, **words)


def test_narrow_links_lengthen_a_mini_batch_by_all_its_messages() -> None:
    # GPipe: F0 1, three messages 27, F2 and B0 of the second stage 2, three messages 27, B2 of the first 1.
    found = sentence("gpipe", [(1, 1, 0), (1, 1, 0)], links=Links(occupancy=9), micro_batches=3, samples=30)
    expected = "stage 1 (l1): F 1 → stage 2 (l2): F 1 + B 1 → stage 1 (l1): B 1 → links and loss 54"
    assert found == f"{expected} = 58 cycles per mini-batch of 3 micro-batches"


def test_a_greedy_run_tells_the_shares_of_its_critical_path() -> None:
    # The second stage is never idle from cycle 1 on and does F 1, B 1, U 4 in turn: 40 micro-batches to cycle 241. The
    # middle half is 60 to 181; its F starts at 1 + 6k, so 20 whole turns from 61 to 181: U 80, F and B 20 of 120.
    found = sentence("async-greedy", [(1, 1, 1), (1, 1, 4)], 40)
    assert found == "critical path, cycles 61 to 181: stage 2 (l2) U 67%, stage 2 (l2) B 17%, stage 2 (l2) F 17%"


def test_a_greedy_path_crosses_links_and_leaves_their_share_open() -> None:
    # One micro-batch at a time: F 2, link 6, F 1, B 2, link 6, B 1, U 2 = 20 cycles, of which 12 are on links; U of
    # the second stage is off the path. 40 micro-batches to 800; the middle half is 200 to 600, whole rounds.
    found = sentence("async-greedy", [(2, 1, 2), (1, 2, 1)], 40, links=Links(latency=6), max_in_flight=1)
    busy = "stage 1 (l1) U 10%, stage 2 (l2) B 10%, stage 1 (l1) F 10%, stage 1 (l1) B 5%, stage 2 (l2) F 5%"
    assert found == f"critical path, cycles 200 to 600: {busy}"


def test_a_greedy_run_without_an_op_log_has_no_bottleneck_and_says_why() -> None:
    data = chain("async-greedy", 2, 10).model_dump(mode="json") | {"trace": {"ops": "none"}}
    summary = aimcsim.simulate(scenario_from_data(data)[0]).summary
    assert summary["bottleneck"] is None
    assert summary["notes"] == [
        "bottleneck: async-greedy is a policy; its critical path needs an op log of the middle half"
    ]


def test_the_ratio_of_a_long_mini_batch_is_its_closed_form() -> None:
    # 8 stages x 256 micro-batches x F, B, U: 6144 nodes; K[(B+M-1)(tf+tb)+B tu] of one mini-batch.
    scenario, _ = scenario_from_data(
        {
            "name": "long",
            "model": {"chain": 8},
            "hardware": {"timing": {"forward": 1, "backward": 1, "update": 1}},
            "pipeline": {"schedule": "gpipe", "micro_batches": 256},
            "training": {"samples": 256},
        }
    )
    ratio, _ = machine_ratio(event_graph(assemble(scenario).plan))
    assert ratio == (256 + 8 - 1) * 2 + 256
