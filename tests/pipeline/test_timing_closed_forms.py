"""Makespan, density, staleness and peaks of uniform pipelines equal their closed forms, on a whole grid and drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles import closed_forms as form
from tests.oracles.vocabulary import Links
from tests.pipeline.timing_machines import Run, Triple, chain, run_machine


def times_grid() -> list[Triple]:
    """tf, tb in {1, 2, 5}; tw in {0, 1, 2, 5, 10·tf}."""
    return [(tf, tb, tw) for tf, tb in product((1, 2, 5), repeat=2) for tw in sorted({0, 1, 2, 5, 10 * tf})]


def grid() -> Iterator[tuple[int, int, Triple]]:
    """M 1-5, B 1-6 and all times."""
    return product(range(1, 6), range(1, 7), times_grid())


def has_no_staleness(run: Run) -> bool:
    return not any(run.staleness("F")) and not any(run.staleness("B"))


# ---------------------------------------------------------------- the forms, one function a schedule


def check_serial(M: int, B: int, K: int, times: Triple) -> None:
    run = run_machine(chain("serial", M, B * K, times, micro_batches=B))
    assert run.watch.makespan == form.serial_flush_makespan(M, B, K, *times)
    assert run.watch.computation_density == form.serial_density(M, *times)
    assert has_no_staleness(run)
    assert run.peak_in_flight == [B] * M
    assert run.peak_activations == [1] * M


def check_synchronous(schedule: str, M: int, B: int, K: int, times: Triple) -> None:
    run = run_machine(chain(schedule, M, B * K, times, micro_batches=B))
    assert run.watch.makespan == form.sync_makespan(M, B, K, *times)
    assert run.watch.computation_density == form.sync_density(M, B, *times)
    assert has_no_staleness(run)
    assert run.peak_in_flight == [B] * M
    held = [B if schedule == "gpipe" else form.one_f_one_b_activations(M, B, m) for m in range(1, M + 1)]
    assert run.peak_activations == held
    if K > 1:
        assert run.watch.period.cycles == Fraction(form.sync_makespan(M, B, 1, *times), B)


def check_async(schedule: str, M: int, N: int, times: Triple) -> None:
    run = run_machine(chain(schedule, M, N, times))
    stages = range(1, M + 1)
    assert run.watch.makespan == form.async_makespan(M, N, *times)
    assert run.watch.computation_density == form.async_density(M, N, *times)
    held = [min(N, form.async_activations(M, m)) for m in stages]
    assert run.peak_in_flight == run.peak_activations == held
    forward = [form.async_forward_staleness(M, m, N - 1) for m in stages]
    mean = [form.async_forward_staleness_mean(M, m, N) for m in stages]
    stashed = schedule == "pipedream"
    assert run.staleness("F") == forward
    assert run.staleness("B") == (forward if stashed else [0] * M)
    for kind, means in (("F", mean), ("B", mean if stashed else [Fraction(0)] * M)):
        assert [Fraction(own.total, own.count) for own in run.watch.staleness[kind]] == means


def check_greedy(M: int, N: int, times: Triple, stale: bool) -> None:
    run = run_machine(chain("async-greedy", M, N, times, max_in_flight="unbounded"))
    assert run.watch.makespan == form.async_makespan(M, N, *times)
    assert run.watch.computation_density == form.async_density(M, N, *times)
    assert run.staleness("B") == [0] * M
    if stale:  # the maximum, which is reached once the fill is over
        tf, tb, _ = times
        assert run.staleness("F") == [form.greedy_forward_staleness(M, m, tf, tb) for m in range(1, M + 1)]


def check_interleaved(M: int, B: int, v: int, K: int, times: Triple) -> None:
    """`times` of a chunk: the stage takes v times as long."""
    tf, tb, tu = (v * t for t in times)
    run = run_machine(chain("interleaved", M, B * K, (tf, tb, tu), micro_batches=B, chunks=v))
    busy = K * B * (tf + tb + tu)
    assert run.watch.makespan == busy + K * form.interleaved_bubble(M, v, tf, tb)
    assert run.watch.computation_density == Fraction(busy, run.watch.makespan)
    assert has_no_staleness(run)
    assert run.peak_activations == [form.interleaved_activations(M, B, v, m) for m in range(1, M + 1)]
    assert run.peak_in_flight == [B * v] * M


def check_zero_bubble(M: int, B: int, K: int, times: Triple) -> None:
    tf, ti, tw = times
    run = run_machine(chain("zero-bubble-h1", M, B * K, times, micro_batches=B))
    busy = K * B * sum(times)
    assert run.watch.makespan == busy + K * form.zb_h1_bubble(M, tf, ti, tw)
    assert run.watch.computation_density == Fraction(busy, run.watch.makespan)
    assert has_no_staleness(run)
    assert run.peak_in_flight == [B] * M
    if tw > 0:  # a W of no length frees its activations with its B
        assert run.peak_activations == [form.zb_h1_activations(M)] * M


# ---------------------------------------------------------------- the whole grid


@pytest.mark.parametrize("K", [1, 2])
def test_serial_takes_its_closed_form_on_the_grid(K: int) -> None:
    for M, B, times in grid():
        check_serial(M, B, K, times)


@pytest.mark.parametrize("K", [1, 2])
@pytest.mark.parametrize("schedule", ["gpipe", "one-f-one-b"])
def test_a_synchronous_pipeline_takes_its_closed_form_on_the_grid(schedule: str, K: int) -> None:
    for M, B, times in grid():
        check_synchronous(schedule, M, B, K, times)


@pytest.mark.parametrize("K", [1, 2])
@pytest.mark.parametrize("schedule", ["async", "pipedream"])
def test_async_takes_its_closed_form_on_the_grid(schedule: str, K: int) -> None:
    for M, B, times in grid():
        check_async(schedule, M, B * K, times)


@pytest.mark.parametrize("K", [1, 2])
def test_greedy_without_a_limit_takes_the_makespan_of_async_on_the_grid(K: int) -> None:
    for M, B, times in grid():
        check_greedy(M, B * K, times, stale=False)


def test_greedy_without_a_limit_has_its_staleness_once_the_fill_is_over() -> None:
    for M, times in product(range(1, 6), times_grid()):
        tf, tb, _ = times
        if tf >= tb or tb % tf == 0:
            check_greedy(M, 6 * M * (1 + tb // tf), times, stale=True)


@pytest.mark.parametrize("v", [1, 2, 3])
def test_interleaved_takes_its_closed_form_on_the_grid(v: int) -> None:
    for M, B, times in grid():
        if B % M == 0:
            for K in (1, 2):
                check_interleaved(M, B, v, K, times)


def test_zero_bubble_h1_takes_its_closed_form_on_the_grid_in_its_region() -> None:
    for M, B, times in grid():
        tf, ti, tw = times
        if B >= M and tw <= min(tf, ti):
            for K in (1, 2):
                check_zero_bubble(M, B, K, times)


# ---------------------------------------------------------------- drawn


def check_any(data: st.DataObject) -> None:
    """M 1-16, B 1-64 (N, where nothing is flushed), times 1-10, of any schedule; B < M included."""
    M, B = data.draw(st.integers(1, 16)), data.draw(st.integers(1, 64))
    tf, tb, tw = times = data.draw(st.tuples(st.integers(1, 10), st.integers(1, 10), st.integers(0, 10)))
    K, v = data.draw(st.integers(1, 2)), data.draw(st.integers(1, 3))
    checks: dict[str, Callable[[], None]] = {
        "serial": lambda: check_serial(M, B, K, times),
        "gpipe": lambda: check_synchronous("gpipe", M, B, K, times),
        "one-f-one-b": lambda: check_synchronous("one-f-one-b", M, B, K, times),
        "async": lambda: check_async("async", M, B, times),
        "pipedream": lambda: check_async("pipedream", M, B, times),
        "async-greedy": lambda: check_greedy(M, B, times, stale=False),
        "interleaved": lambda: check_interleaved(M, max(1, B // M) * M, v, 1, times),
        "zero-bubble-h1": lambda: check_zero_bubble(M, max(M, B), 1, (tf, tb, tw % (min(tf, tb) + 1))),
    }
    checks[data.draw(st.sampled_from(sorted(checks)))]()


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.data())
def test_every_schedule_takes_its_closed_form(data: st.DataObject) -> None:
    check_any(data)


@pytest.mark.long
@settings(max_examples=10_000, deadline=None)
@given(st.data())
def test_every_schedule_takes_its_closed_form_in_ten_thousand_cases(data: st.DataObject) -> None:
    check_any(data)


# ---------------------------------------------------------------- uneven forms and worked examples


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.data())
def test_gpipe_on_uneven_stages_with_latency_takes_its_closed_form(data: st.DataObject) -> None:
    M, B, c = (data.draw(st.integers(*ends)) for ends in ((1, 8), (1, 12), (0, 5)))
    tf, tb = (data.draw(st.lists(st.integers(1, 10), min_size=M, max_size=M)) for _ in range(2))
    scenario = chain(
        "gpipe", M, B, [(f, b, 0) for f, b in zip(tf, tb, strict=True)], micro_batches=B, links=Links(latency=c)
    )
    assert run_machine(scenario).watch.makespan == form.gpipe_makespan(tf, tb, B, c)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.data())
def test_pipedream_2bw_misses_one_update_in_every_mini_batch_but_the_first(data: st.DataObject) -> None:
    M = data.draw(st.integers(1, 6))
    B = data.draw(st.integers(M, 12))
    K = data.draw(st.integers(1, 4))
    times = data.draw(st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(0, 5)))
    run = run_machine(chain("pipedream-2bw", M, B * K, times, micro_batches=B))
    # Versions are those of the double buffer, in U of whole mini-batches: none to miss in mini-batch 0, then one.
    missed = sum(form.pipedream_2bw_staleness(j) * B for j in range(K))
    for kind in "FB":
        assert [own.total for own in run.watch.staleness[kind]] == [missed] * M
        assert run.staleness(kind) == [min(1, K - 1)] * M


def test_slow_updates_shrink_the_gain_of_async_over_sync() -> None:
    # M = 8, B = 16: 1 + 7(tf+tb) / (16(tf+tb+tw)).
    for times in ((1, 1, 0), (80, 80, 20), (1, 1, 1), (100, 100, 256)):
        sync = run_machine(chain("gpipe", 8, 8 * 16, times, micro_batches=16)).watch.period.cycles
        asynchronous = run_machine(chain("async", 8, 100, times)).watch.period.cycles
        assert sync is not None
        assert asynchronous is not None
        assert sync / asynchronous == form.async_over_sync(8, 16, *times)


@pytest.mark.parametrize(
    ("M", "B", "cycles", "dense"),
    [(2, 4, 10, (8, 10)), (4, 4, 14, (8, 14)), (4, 8, 22, (16, 22)), (8, 8, 30, (16, 30)), (8, 32, 78, (64, 78))],
)
def test_unit_times_give_the_printed_examples(M: int, B: int, cycles: int, dense: tuple[int, int]) -> None:
    # B/(B+M-1): 2B busy cycles of 2(B+M-1) at every stage.
    for schedule in ("gpipe", "one-f-one-b"):
        watch = run_machine(chain(schedule, M, B, micro_batches=B)).watch
        assert (watch.makespan, watch.computation_density) == (cycles, Fraction(*dense))


def test_two_admission_limits_give_one_makespan_and_different_staleness() -> None:
    # Uniform times: the fixed order with M-m+1 in flight is never starved, so admitting 2(M-m)+1 changes no cycle.
    narrow = run_machine(chain("async", 5, 60, (2, 2, 1)))
    wide = run_machine(chain("async", 5, 60, (2, 2, 1), max_in_flight="2(M-m)+1"))
    assert narrow.watch.makespan == wide.watch.makespan == form.async_makespan(5, 60, 2, 2, 1)
    assert narrow.staleness("F") == [4, 3, 2, 1, 0]
    assert wide.staleness("F") == [8, 6, 4, 2, 0]
    assert wide.peak_in_flight == [9, 7, 5, 3, 1]


def test_an_integer_limit_of_the_fixed_order_never_exceeds_the_depth() -> None:
    run = run_machine(chain("async", 4, 30, (1, 1, 1), max_in_flight=3))
    assert run.peak_in_flight == [3, 3, 2, 1]
    assert run.staleness("F") == [2, 2, 1, 0]


def test_uncapped_greedy_grows_staler_with_the_run_on_uneven_stages() -> None:
    # tf = tb = (1, 1, 4): staleness of the first stage and the makespan of the fixed order, whose staleness stays 2.
    uneven = [(1, 1, 0), (1, 1, 0), (4, 4, 0)]
    for N, stale in ((50, 43), (200, 172), (800, 686)):
        greedy = run_machine(chain("async-greedy", 3, N, uneven, max_in_flight="unbounded"))
        fixed = run_machine(chain("async", 3, N, uneven))
        assert greedy.watch.makespan == fixed.watch.makespan
        assert (greedy.staleness("F")[0], fixed.staleness("F")[0]) == (stale, 2)
