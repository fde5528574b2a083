"""The closed forms against the list scheduler (and greedy against the time-stepped machine) on integer grids."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import product

import pytest

from tests.oracles import closed_forms as form
from tests.oracles.greedy import greedy_schedule
from tests.oracles.list_scheduler import list_schedule
from tests.oracles.log_metrics import (
    Staleness,
    density,
    makespan,
    makespan_bubble,
    missed_by_version,
    peak_activations,
    peak_in_flight,
    period,
    span_bubble,
    staleness,
)
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
from tests.oracles.vocabulary import Links, uneven, uniform

Case = tuple[int, int, int, int, int]
Flushed = Callable[[int, int, int], list[StageOrder]]


def grid(most_stages: int = 4, counts: tuple[int, ...] = (1, 2, 3, 5, 8)) -> Iterator[Case]:
    """(M, N or B, tf, tb, tw), slow updates (10 tf) included."""
    return product(range(1, most_stages + 1), counts, (1, 2, 3), (1, 2, 3), (0, 1, 10))


def test_serial_takes_its_closed_form_with_either_place_of_the_updates() -> None:
    for M, N, tf, tb, tw in grid():
        log = list_schedule(serial(M, N), uniform(M, tf, tb, tw), gate=1)
        assert makespan(log) == form.serial_makespan(M, N, tf, tb, tw)
        assert density(log, M) == form.serial_density(M, tf, tb, tw)
        assert staleness(log, 0, 1).forward_max == 0
        flushed = list_schedule(serial(M, 2, N), uniform(M, tf, tb, tw), gate=N)
        assert makespan(flushed) == form.serial_flush_makespan(M, N, 2, tf, tb, tw)


@pytest.mark.parametrize("schedule", [gpipe, one_f_one_b])
def test_a_synchronous_pipeline_takes_its_closed_form_without_staleness(schedule: Flushed) -> None:
    for M, B, tf, tb, tw in grid():
        log = list_schedule(schedule(M, 2, B), uniform(M, tf, tb, tw))
        assert makespan(log) == form.sync_makespan(M, B, 2, tf, tb, tw)
        assert density(log, M) == form.sync_density(M, B, tf, tb, tw)
        for m in range(1, M + 1):
            assert staleness(log, m - 1, B)[1::2] == (0, 0)
            held = B if schedule is gpipe else form.one_f_one_b_activations(M, B, m)
            assert peak_activations(log, m - 1) == held
            assert peak_in_flight(log, m - 1) == B


def test_one_update_a_mini_batch_takes_its_closed_form() -> None:
    for M, B, tf, tb, tw in grid():
        orders = [[a for a in order if a.kind != "U" or (a.micro_batch + 1) % B == 0] for order in gpipe(M, 2, B)]
        log = list_schedule(orders, uniform(M, tf, tb, tw))
        assert makespan(log) == form.sync_one_update_makespan(M, B, 2, tf, tb, tw)


def test_async_takes_its_closed_form_with_forward_staleness_m_minus_m_and_none_backward() -> None:
    for M, N, tf, tb, tw in grid():
        log = list_schedule(async_1f1b(M, N), uniform(M, tf, tb, tw))
        assert makespan(log) == form.async_makespan(M, N, tf, tb, tw)
        assert density(log, M) == form.async_density(M, N, tf, tb, tw)
        for m in range(1, M + 1):
            forward = form.async_forward_staleness(M, m, N - 1)
            mean = form.async_forward_staleness_mean(M, m, N)
            assert staleness(log, m - 1, 1) == Staleness(mean, forward, Fraction(0), 0)
            assert peak_activations(log, m - 1) == peak_in_flight(log, m - 1) == min(N, form.async_activations(M, m))


def test_async_staleness_does_not_depend_on_the_stage_times() -> None:
    draws = random.Random(30)
    for _ in range(50):
        M, N = draws.randint(1, 5), draws.randint(1, 15)
        rows = ([draws.randint(low, 9) for _ in range(M)] for low in (1, 1, 0))
        log = list_schedule(async_1f1b(M, N), uneven(*rows), Links(latency=draws.randint(0, 5)))
        for m in range(1, M + 1):
            forward = form.async_forward_staleness(M, m, N - 1)
            mean = form.async_forward_staleness_mean(M, m, N)
            assert staleness(log, m - 1, 1) == Staleness(mean, forward, Fraction(0), 0)


def test_uncapped_greedy_has_the_makespan_of_the_fixed_order_and_two_to_fourfold_its_staleness() -> None:
    for M, N, tf, tb, tw in grid(3, (1, 4, 13)):
        log = greedy_schedule(N, uniform(M, tf, tb, tw))
        assert makespan(log) == form.async_makespan(M, N, tf, tb, tw)
        if tf < tb and tb % tf:
            continue
        for m in range(1, M + 1):
            expected = min(N - 1, form.greedy_forward_staleness(M, m, tf, tb))
            assert staleness(log, m - 1, 1)[1::2] == (expected, 0)


def test_uncapped_greedy_grows_staler_with_the_run_on_uneven_stages() -> None:
    times = uneven((1, 1, 4), (1, 1, 4))
    for N, stale in ((50, 43), (200, 172)):
        greedy, fixed = greedy_schedule(N, times), list_schedule(async_1f1b(3, N), times)
        assert makespan(greedy) == makespan(fixed)
        assert (staleness(greedy, 0, 1).forward_max, staleness(fixed, 0, 1).forward_max) == (stale, 2)


def test_a_greedy_capped_like_the_fixed_order_keeps_its_makespan_on_uniform_times() -> None:
    for M, N, tf, tb, tw in grid(3, (1, 4, 9)):
        log = greedy_schedule(N, uniform(M, tf, tb, tw), [M - m for m in range(M)])
        assert makespan(log) == form.async_makespan(M, N, tf, tb, tw)


def test_separate_arrays_take_their_steps_and_staleness() -> None:
    for M, N, turn in product(range(1, 6), (1, 4, 20), (False, True)):
        forward = {(m, n): n + m for m in range(1, M + 1) for n in range(N)}  # steps from 1
        backward = {(m, n): n + 2 * M - m + (0 if turn else 1) for m, n in forward}
        assert max(backward.values()) == form.two_array_steps(M, N) - turn
        for m in range(1, M + 1):
            missed = max(sum(backward[m, k] >= forward[m, n] for k in range(n)) for n in range(N))
            assert missed == min(N - 1, form.two_array_staleness(M, m, turn))


def test_gpipe_on_uneven_stages_with_latency_takes_its_closed_form_and_bounds_one_f_one_b_without() -> None:
    draws = random.Random(31)
    for _ in range(600):
        M, B, c = draws.randint(1, 6), draws.randint(1, 8), draws.randint(0, 5)
        tf, tb = ([draws.randint(1, 9) for _ in range(M)] for _ in range(2))
        expected = form.gpipe_makespan(tf, tb, B, c)
        assert makespan(list_schedule(gpipe(M, 1, B), uneven(tf, tb), Links(latency=c))) == expected
        unlinked = makespan(list_schedule(one_f_one_b(M, 1, B), uneven(tf, tb)))
        assert unlinked <= form.gpipe_makespan(tf, tb, B)


def test_latency_makes_one_f_one_b_slower_than_gpipe_on_uniform_times_from_three_micro_batches_on() -> None:
    for M, B, tf, tb, c in product(range(2, 5), range(1, 7), (1, 3), (1, 2), (1, 4)):
        ours = makespan(list_schedule(one_f_one_b(M, 1, B), uniform(M, tf, tb), Links(latency=c)))
        theirs = form.gpipe_makespan((tf,) * M, (tb,) * M, B, c)
        assert ours > theirs if B >= 3 else ours == theirs


def test_on_uneven_stages_latency_may_still_leave_one_f_one_b_the_faster() -> None:
    # The second stage turns micro-batch 0 round before it starts F1. So the first stage's slow B0 runs from 5 to 7 and
    # its B1 from 7 to 9; in GPipe B0 ends at 5 at the second stage, one cycle later, and the slow pair takes 6 to 10.
    log = list_schedule(one_f_one_b(2, 1, 2), uneven((1, 1), (2, 1)), Links(latency=1))
    assert (makespan(log), form.gpipe_makespan((1, 1), (2, 1), 2, 1)) == (9, 10)


def test_interleaved_has_its_bubble_and_activations_with_updates_at_the_flush() -> None:
    for M, K, v, tf, tb, tu in product(range(1, 5), (1, 2, 3), (1, 2, 3), (1, 2), (1, 3), (0, 2)):
        B = K * M
        log = list_schedule(interleaved(M, 1, B, v), uniform(M * v, tf, tb, tu))
        assert makespan_bubble(log, M) == form.interleaved_bubble(M, v, v * tf, v * tb)
        for m in range(1, M + 1):
            assert peak_activations(log, m - 1) == form.interleaved_activations(M, B, v, m)
            assert staleness(log, m - 1, B)[1::2] == (0, 0)


def test_pipedream_has_the_period_of_its_slowest_stage_and_one_old_version_in_f_and_b() -> None:
    draws = random.Random(32)
    for _ in range(30):
        M = draws.randint(1, 5)
        tf, tb = ([draws.randint(1, 9) for _ in range(M)] for _ in range(2))
        log = list_schedule(pipedream(M, 100), uneven(tf, tb))
        assert period(log, 1) == form.pipedream_period(tf, tb)
        for m in range(1, M + 1):
            mine = [a for a in log if a.stage == m - 1]
            updates = [a for a in mine if a.kind == "U"]
            read = {a.micro_batch: sum(u.end <= a.start for u in updates) for a in mine if a.kind == "F"}
            for action in (a for a in mine if a.kind in "FB"):
                stale = missed_by_version(action, read[action.micro_batch], updates, 1)
                assert stale == form.pipedream_staleness(M, m, action.micro_batch)


def test_pipedream_2bw_finds_the_version_before_last_at_every_forward_and_misses_one_update() -> None:
    for M, more, tf, tb, tu in product(range(1, 5), (0, 1, 3), (1, 2), (1, 3), (0, 4)):
        B = M + more
        log = list_schedule(pipedream_2bw(M, 4 * B, B), uniform(M, tf, tb, tu))
        for action in (a for a in log if a.kind in "FB"):
            updates = [u for u in log if u.stage == action.stage and u.kind == "U"]
            mini_batch = action.micro_batch // B
            version = max(0, mini_batch - 1)
            assert sum(u.end <= action.start for u in updates) >= version
            stale = missed_by_version(action, version, updates, B)
            assert stale == form.pipedream_2bw_staleness(mini_batch)


def zero_bubble_cases(fewest: int) -> Iterator[Case]:
    """(M, B, tf, ti, tw) with tw ≤ min(tf, ti); B from fewest·M − (fewest − 1)."""
    for M, more, tf, ti, tw in product(range(1, 6), (0, 1, 4), (1, 2, 3), (1, 2, 3), (0, 1, 2, 3)):
        if tw <= min(tf, ti):
            yield M, fewest * (M - 1) + 1 + more, tf, ti, tw


def test_zero_bubble_h1_has_its_makespan_bubble_and_holds_m() -> None:
    for M, B, tf, ti, tw in zero_bubble_cases(1):
        log = list_schedule(zero_bubble_h1(M, 1, B), uniform(M, tf, ti, 0, tw))
        assert makespan_bubble(log, M) == form.zb_h1_bubble(M, tf, ti, tw)
        if tw > 0:
            assert {peak_activations(log, m) for m in range(M)} == {form.zb_h1_activations(M)}


def test_zero_bubble_h2_has_its_bubbles_and_holds_2m_minus_1_from_2m_minus_1_micro_batches_on() -> None:
    for M, B, tf, ti, tw in zero_bubble_cases(2):
        log = list_schedule(zero_bubble_h2(M, 1, B), uniform(M, tf, ti, 0, tw))
        assert span_bubble(log, M) == form.zb_h2_span_bubble(M, tf, ti, tw)
        assert makespan_bubble(log, M) == form.zb_h2_makespan_bubble(M, tf, ti, tw)
        if tw > 0:
            assert {peak_activations(log, m) for m in range(M)} == {form.zb_h2_activations(M)}


@pytest.mark.parametrize(
    ("M", "B", "cycles", "dense"),
    [(2, 4, 10, "0.800"), (4, 4, 14, "0.571"), (4, 8, 22, "0.727"), (8, 8, 30, "0.533"), (8, 32, 78, "0.821")],
)
def test_unit_times_give_the_printed_examples(M: int, B: int, cycles: int, dense: str) -> None:
    log = list_schedule(gpipe(M, 1, B), uniform(M, 1, 1))
    assert (makespan(log), f"{float(density(log, M)):.3f}") == (cycles, dense)


def test_slow_updates_shrink_the_gain_of_async_over_sync() -> None:
    times = ((1, 1, 0), (80, 80, 20), (1, 1, 1), (100, 100, 256))
    gains = [form.async_over_sync(8, 16, *t) for t in times]
    assert [f"{float(gain):.2f}" for gain in gains] == ["1.44", "1.39", "1.29", "1.19"]
    for (tf, tb, tw), gain in zip(times, gains, strict=True):
        sync = period(list_schedule(gpipe(8, 8, 16), uniform(8, tf, tb, tw)), 16)
        asynchronous = period(list_schedule(async_1f1b(8, 100), uniform(8, tf, tb, tw)), 1)
        assert sync is not None
        assert asynchronous is not None
        assert Fraction(sync, asynchronous) == gain
