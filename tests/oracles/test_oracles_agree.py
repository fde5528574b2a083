"""The oracles against each other: list scheduler, time-stepped machine, greedy policy, cycle ratio, drawn schedules."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from functools import partial

import networkx as nx
import pytest

from tests.oracles.closed_forms import async_period
from tests.oracles.cycle_ratio import Edge, async_event_graph, flush_event_graph, maximum_cycle_ratio
from tests.oracles.greedy import greedy_schedule
from tests.oracles.list_scheduler import list_schedule
from tests.oracles.orders import (
    StageOrder,
    async_1f1b,
    gpipe,
    interleaved,
    one_f_one_b,
    pipedream,
    pipedream_2bw,
    serial,
    zero_bubble_h1,
    zero_bubble_h2,
)
from tests.oracles.stepped import stepped_schedule
from tests.oracles.vocabulary import (
    Action,
    Deadlock,
    Links,
    Orders,
    Timed,
    Times,
    split_over_chunks,
    uneven,
    uniform,
)


def draw(log: list[Timed], stages: int) -> list[str]:
    """One row a stage, one two-letter cell a cycle; every action of the log takes one cycle."""
    rows = [[".."] * max(a.end for a in log) for _ in range(stages)]
    for action in log:
        rows[action.stage][action.start] = f"{action.kind}{action.micro_batch}"
    return [" ".join(row) for row in rows]


def cells(text: str) -> list[Action]:
    """Actions of chunk 0 (`F3`) and, primed, of chunk 1 (`F3'`)."""
    return [Action(cell[0], int(cell[1:].rstrip("'")), cell.count("'")) for cell in text.split()]


def random_times(draws: random.Random, virtual_stages: int) -> Times:
    rows = (tuple(draws.randint(low, 5) for _ in range(virtual_stages)) for low in (1, 1, 0, 0))
    return Times(*rows)


def random_orders(draws: random.Random) -> tuple[list[StageOrder], int, int | None]:
    """Orders of some schedule, its number of virtual stages, and the mini-batch of the serial gate."""
    M, K, v = draws.randint(1, 4), draws.randint(1, 2), draws.randint(1, 2)
    B = M * draws.randint(1, 3)
    limits = [draws.randint(1, 4) for _ in range(M)]
    choices: list[tuple[list[StageOrder], int, int | None]] = [
        (serial(M, K, B), M, B),
        (gpipe(M, K, B), M, None),
        (one_f_one_b(M, K, B), M, None),
        (interleaved(M, K, B, v), M * v, None),
        (async_1f1b(M, K * B), M, None),
        (async_1f1b(M, K * B, limits), M, None),
        (pipedream_2bw(M, K * B, B), M, None),
        (zero_bubble_h1(M, K, B), M, None),
        (zero_bubble_h2(M, K, B), M, None),
    ]
    return draws.choice(choices)


def random_links(draws: random.Random, virtual_stages: int) -> Links:
    pairs = [(i, j) for i in range(virtual_stages) for j in range(i + 2, virtual_stages)]
    return Links(
        latency=draws.randint(0, 3),
        occupancy=draws.randint(0, 3),
        capacity=draws.choice([None, None, 1, 2, 3]),
        loss_latency=draws.randint(0, 2),
        skips=tuple(pair for pair in pairs if draws.random() < 0.3),
    )


def listed_or_deadlock(orders: Orders, times: Times, links: Links, gate: int | None) -> list[Timed] | None:
    try:
        return list_schedule(orders, times, links, gate)
    except Deadlock:
        return None


def test_the_list_scheduler_and_the_time_stepped_machine_agree_action_by_action_and_on_deadlocks() -> None:
    draws = random.Random(20)
    deadlocks = 0
    for _ in range(400):
        orders, virtual_stages, gate = random_orders(draws)
        times, links = random_times(draws, virtual_stages), random_links(draws, virtual_stages)
        listed = listed_or_deadlock(orders, times, links, gate)
        if listed is None:
            deadlocks += 1
            with pytest.raises(Deadlock):
                stepped_schedule(orders, times, links, gate)
        else:
            assert stepped_schedule(orders, times, links, gate) == listed
    assert 10 < deadlocks < 200  # both kinds of case were met


def test_the_orders_that_greedy_chose_give_its_times_back_in_the_list_scheduler() -> None:
    draws = random.Random(21)
    for _ in range(150):
        M, N = draws.randint(1, 5), draws.randint(1, 12)
        times = random_times(draws, M)
        caps = draws.choice([None, [draws.randint(1, 6) for _ in range(M)]])
        links = Links(latency=draws.randint(0, 3), occupancy=draws.randint(0, 2), loss_latency=draws.randint(0, 2))
        log = greedy_schedule(N, times, caps, links)
        orders = [[Action(a.kind, a.micro_batch) for a in log if a.stage == m] for m in range(M)]
        assert list_schedule(orders, times, links) == log


def test_greedy_with_a_cap_of_one_everywhere_is_the_fixed_order_that_admits_one() -> None:
    draws = random.Random(22)
    for _ in range(50):
        M = draws.randint(1, 4)
        times, links = random_times(draws, M), Links(latency=draws.randint(0, 3))
        assert greedy_schedule(9, times, [1] * M, links) == list_schedule(async_1f1b(M, 9, [1] * M), times, links)


def test_one_f_one_b_with_a_flush_is_the_drawn_schedule() -> None:
    assert draw(list_schedule(one_f_one_b(2, 1, 3), uniform(2, 1, 1, 1)), 2) == [
        "F0 F1 .. B0 F2 B1 .. B2 U0 U1 U2",
        ".. F0 B0 F1 B1 F2 B2 U0 U1 U2 ..",
    ]


def test_gpipe_is_the_drawn_schedule_and_its_next_mini_batch_starts_after_the_local_flush() -> None:
    assert draw(list_schedule(gpipe(2, 2, 2), uniform(2, 1, 1, 1)), 2) == [
        "F0 F1 .. .. B0 B1 U0 U1 F2 F3 .. .. B2 B3 U2 U3",
        ".. F0 F1 B0 B1 U0 U1 .. .. F2 F3 B2 B3 U2 U3 ..",
    ]


def test_serial_with_the_gate_closed_is_the_drawn_schedule() -> None:
    assert draw(list_schedule(serial(2, 2, 1), uniform(2, 1, 1, 1), gate=1), 2) == [
        "F0 .. .. B0 U0 F1 .. .. B1 U1",
        ".. F0 B0 U0 .. .. F1 B1 U1 ..",
    ]


def test_async_is_the_drawn_schedule() -> None:
    assert draw(list_schedule(async_1f1b(2, 3), uniform(2, 1, 1, 1)), 2) == [
        "F0 F1 .. B0 U0 F2 B1 U1 .. B2 U2",
        ".. F0 B0 U0 F1 B1 U1 F2 B2 U2 ..",
    ]


def test_zero_bubble_h1_is_the_drawn_schedule_with_one_update_of_the_last_micro_batch() -> None:
    assert draw(list_schedule(zero_bubble_h1(2, 1, 2), uniform(2, 1, 1, 1, 1)), 2) == [
        "F0 F1 .. B0 W0 B1 W1 U1",
        ".. F0 B0 F1 B1 W0 W1 U1",
    ]


def test_interleaved_orders_are_those_of_the_megatron_figure() -> None:
    # M = 2, v = 2, B = 4: the chunk changes every 2 micro-batches; 4 and 2 warm-up forwards.
    first, second = interleaved(2, 1, 4, 2)
    assert first[:16] == cells("F0 F1 F0' F1' F2 B0' F3 B1' F2' B0 F3' B1 B2' B3' B2 B3")
    assert second[:16] == cells("F0 F1 F0' B0' F1' B1' F2 B0 F3 B1 F2' B2' F3' B3' B2 B3")
    assert first[16:] == second[16:] == cells("U0 U0' U1 U1' U2 U2' U3 U3'")


def test_pipedream_2bw_updates_right_after_the_last_backward_of_each_mini_batch() -> None:
    assert pipedream_2bw(2, 4, 2)[0] == cells("F0 F1 B0 F2 B1 U1 F3 B2 B3 U3")
    assert pipedream(2, 3)[0] == cells("F0 F1 B0 U0 F2 B1 U1 B2 U2")


def starts(log: list[Timed], stage: int, kind: str) -> list[int]:
    return [a.start for a in log if a.stage == stage and a.kind == kind]


@pytest.mark.parametrize("schedule", [list_schedule, stepped_schedule])
def test_messages_leave_an_occupied_link_one_after_the_other(schedule: Callable[..., list[Timed]]) -> None:
    # F0, F1 end at 1, 2, leave at 1, 4, are through at 4, 7 and arrive one cycle later. B0, B1 end at 10, 11, likewise.
    log = schedule(gpipe(2, 1, 2), uniform(2, 1, 1), Links(latency=1, occupancy=3))
    assert (starts(log, 1, "F"), starts(log, 1, "B"), starts(log, 0, "B")) == ([5, 8], [9, 10], [14, 17])


@pytest.mark.parametrize("schedule", [list_schedule, stepped_schedule])
def test_a_full_link_holds_its_producer_until_the_consumer_starts(schedule: Callable[..., list[Timed]]) -> None:
    # F1 lies in the link from 2 to 4, so F2 (ended at 3) is accepted at 4 and F3 may not start before.
    log = schedule(gpipe(2, 1, 4), uneven((1, 3), (1, 1)), Links(capacity=1))
    assert (starts(log, 0, "F"), starts(log, 1, "F")) == ([0, 1, 2, 4], [1, 4, 7, 10])


def test_the_loss_latency_delays_the_last_stages_backward_only() -> None:
    log = list_schedule(gpipe(2, 1, 1), uniform(2, 1, 1), Links(loss_latency=5))
    assert (starts(log, 1, "B"), starts(log, 0, "B")) == ([7], [8])


def test_unbounded_greedy_can_deadlock_on_links_of_finite_capacity() -> None:
    # Latency 2 each way: the first stage fills the forward link while the second, in turn, waits to hand its B over.
    with pytest.raises(Deadlock):
        greedy_schedule(9, uniform(2, 1, 1), None, Links(latency=2, capacity=1))


def test_a_stage_that_admits_more_than_the_one_before_it_deadlocks() -> None:
    with pytest.raises(Deadlock, match=r"stage 0: B0 waits for B0 of virtual stage 1; stage 1: F1 waits for F1"):
        list_schedule(async_1f1b(2, 4, [1, 2]), uniform(2, 1, 1))
    with pytest.raises(Deadlock, match="waits for itself"):
        maximum_cycle_ratio(async_event_graph((1, 1), (1, 1), (0, 0), L=(1, 2)))


def test_times_that_do_not_divide_into_chunks_are_refused() -> None:
    assert split_over_chunks(uneven((2, 4), (6, 8)), 2) == uneven((1, 2, 1, 2), (3, 4, 3, 4))
    with pytest.raises(ValueError, match="must divide"):
        split_over_chunks(uniform(2, 2, 3), 2)


def test_the_cycle_ratio_is_the_maximum_over_all_cycles_of_a_graph() -> None:
    draws = random.Random(23)
    for _ in range(60):
        nodes = [("F", n, 0) for n in range(draws.randint(2, 6))]
        pairs = [(u, v) for u in nodes for v in nodes if draws.random() < 0.5]
        edges = [Edge(u, v, draws.randint(0, 9), draws.randint(1, 4)) for u, v in pairs]
        graph = nx.DiGraph([(e.source, e.target, {"edge": e}) for e in edges])
        ratios = [Fraction(0)]
        for cycle in nx.simple_cycles(graph):
            steps = [graph.edges[u, v]["edge"] for u, v in zip(cycle, [*cycle[1:], cycle[0]], strict=True)]
            ratios.append(Fraction(sum(e.delay for e in steps), sum(e.lag for e in steps)))
        assert maximum_cycle_ratio(edges).ratio == max(ratios)


def settled_period(commits: list[int]) -> Fraction | None:
    """Cycles per commit once the differences repeat, with whatever number of commits in the repetition."""
    for steps in range(1, len(commits) // 4):
        back = range(len(commits) - 2 * steps - 10, len(commits))
        differences = {commits[n] - commits[n - steps] for n in back}
        if len(differences) == 1:
            return Fraction(differences.pop(), steps)
    return None


def first_stage_updates(log: list[Timed], every: int) -> list[int]:
    return [a.end for a in log if (a.stage, a.chunk, a.kind) == (0, 0, "U") and (a.micro_batch + 1) % every == 0]


def test_the_asynchronous_period_is_the_maximum_cycle_ratio_on_uneven_stages_with_latency() -> None:
    draws = random.Random(24)
    for _ in range(150):
        M, c = draws.randint(1, 6), draws.randint(0, 6)
        tf, tb, tu = ([draws.randint(low, 9) for _ in range(M)] for low in (1, 1, 0))
        L = draws.choice([None, sorted((draws.randint(1, 2 * M) for _ in range(M)), reverse=True)])
        log = list_schedule(async_1f1b(M, 300, L), uneven(tf, tb, tu), Links(latency=c))
        running = first_stage_updates(log, 1)[: 300 - 2 * M - 1]  # the drain goes faster
        ratio = maximum_cycle_ratio(async_event_graph(tf, tb, tu, c, L)).ratio
        assert settled_period(running) == ratio
        if c == 0 and L is None:
            assert ratio == async_period(tf, tb, tu)


def test_the_synchronous_period_is_the_maximum_cycle_ratio_with_lag_in_mini_batches() -> None:
    draws = random.Random(25)
    for _ in range(60):
        M, v, c = draws.randint(1, 4), draws.randint(1, 2), draws.randint(0, 6)
        B = M * draws.randint(1, 2)
        gate = draws.choice([None, B])
        chunked = partial(interleaved, chunks=v)
        choices: list[Callable[[int, int, int], list[StageOrder]]] = [serial, gpipe, one_f_one_b, chunked]
        schedule = draws.choice(choices)
        times = random_times(draws, M * v if schedule is chunked else M)
        log = list_schedule(schedule(M, 40, B), times, Links(latency=c), gate)
        ratio = maximum_cycle_ratio(flush_event_graph(schedule(M, 1, B), times, c, gate is not None)).ratio
        assert settled_period(first_stage_updates(log, B)) == ratio


def test_the_critical_cycle_names_the_slowest_stage() -> None:
    critical = maximum_cycle_ratio(async_event_graph((1, 5, 1), (1, 4, 1), (0, 2, 0)))
    assert critical.ratio == 11
    assert sorted(critical.cycle) == [("B", 1, 0), ("F", 1, 0), ("U", 1, 0)]
