"""A run that jumps over its repetitions tells the very figures, and of its log the very rows, of one that does not.

The reference is the whole simulation, cycle by cycle, and for runs that nobody can wait for the closed forms.
"""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from typing import Any

import pytest

from aimcsim.assembly import assemble
from aimcsim.errors import Deadlock
from aimcsim.pipeline.fast_forward import FastForward, can_repeat
from aimcsim.pipeline.machine import Machine, MachinePlan
from aimcsim.pipeline.schedules.base import FixedOrder, PipelineShape, Policy, Settings
from aimcsim.scenario.spec import Scenario
from aimcsim.trace.metrics import MetricsRecorder
from aimcsim.trace.oplog import NoOpLog
from tests.oracles.vocabulary import Links
from tests.pipeline.machines import disorder
from tests.pipeline.random_cases import NAMES, random_links, random_schedule, random_triples
from tests.pipeline.timing_machines import chain

#: One tile operation: unit, kind, micro-batch, start, end, version read, version written.
Row = tuple[int, str, int, int, int, int, int]


class Rows(MetricsRecorder):
    """The run's own recorder, which also keeps every operation that it is told of."""

    def __init__(self, plan: MachinePlan) -> None:
        super().__init__(plan.floorplan, plan.schedule, NoOpLog())
        self.rows: set[Row] = set()

    def operation(self, *row: Any) -> None:
        super().operation(*row)
        assert row not in self.rows
        self.rows.add(row)


def outcome(plan: MachinePlan, jumping: bool) -> tuple[dict[str, Any], Rows]:
    """Every figure of a run, and its recorder."""
    recorder = Rows(plan)
    runner = FastForward(plan, recorder) if jumping else Machine(plan, recorder)
    deadlock = None
    try:
        assert runner.run() == "completed"
    except Deadlock as found:
        deadlock = str(found)
    machine = runner if isinstance(runner, Machine) else runner.machine
    return {
        "deadlock": deadlock,
        "span": (recorder.first_start, recorder.last_end, recorder.makespan),
        "busy": (recorder.unit_busy, recorder.stage_busy),
        "staleness": recorder.staleness,
        "period": recorder.period.cycles,
        "versions": [unit.state.version for unit in machine.units],
        "updates": [stage.state.updates for stage in machine.stages],
        "cursors": [stage.state.cursor for stage in machine.stages],
        "peaks": [(stage.state.peak_in_flight, stage.state.peak_activations) for stage in machine.stages],
    }, recorder


def jumps_of_both(scenario: Scenario, loss_latency: int = 0) -> int:
    """Run whole and by jumps, compare, and return the number of jumps."""
    plan = replace(assemble(scenario).plan, loss_cycles=loss_latency)
    (whole, all_rows), (found, rows) = outcome(plan, False), outcome(plan, True)
    assert found == whole
    assert rows.rows <= all_rows.rows
    gaps = [(jump.first, jump.end) for jump in rows.jumps]
    # What is missing lies within the gaps: outside of them nothing that was going on is hidden.
    assert all(any(a <= start and end < b for a, b in gaps) for *_, start, end, _, _ in all_rows.rows - rows.rows)
    return len(rows.jumps)


def random_case(draws: random.Random, name: str) -> tuple[Scenario, int]:
    """Any schedule on uneven stages and links, up to some hundred micro-batches long, and a loss that takes time."""
    M, links = draws.randint(1, 4), random_links(draws)
    if name == "async-greedy":
        limit = draws.choice([None, "M-m+1", "2(M-m)+1", draws.randint(1, 7)])
        schedule, samples, pipeline, v = name, draws.randint(1, 150), {"max_in_flight": limit}, 1
    else:
        K, v = draws.choice([1, 2, 3, draws.randint(4, 60)]), draws.randint(1, 3)
        v = v if name in ("interleaved", "table") else 1
        schedule, orders, pipeline = random_schedule(draws, name, M, K, v)
        samples = K * pipeline["micro_batches"] if "micro_batches" in pipeline else len(orders[0]) // 3
    return chain(schedule, M, samples, random_triples(draws, M, v), links=links, **pipeline), links.loss_latency


@pytest.mark.parametrize("name", [*NAMES, "async-greedy"])
def test_a_random_run_by_jumps_equals_the_whole_simulation(name: str) -> None:
    draws = random.Random(f"jumps {name}")
    jumped = 0
    for case in range(100):
        scenario, loss_latency = random_case(draws, name)
        try:
            jumped += jumps_of_both(scenario, loss_latency) > 0
        except AssertionError as error:
            raise AssertionError(f"case {case}: {scenario}, loss {loss_latency}") from error
    assert jumped > 10


@pytest.mark.parametrize("name", ["async", "async-greedy", "one-f-one-b", "pipedream-2bw"])
def test_the_length_of_a_run_may_be_any(name: str) -> None:
    jumped = []
    pipeline: dict[str, Any] = {"pipedream-2bw": {"micro_batches": 3}, "async-greedy": {"max_in_flight": 4}}.get(
        name, {}
    )
    # A greedy stage fills what room a link has, and stops for ever.
    links = Links(1, 2, None if name == "async-greedy" else 3)
    for mini_batches in range(1, 46):
        samples = mini_batches * pipeline.get("micro_batches", 1)
        scenario = chain(name, 3, samples, [(1, 2, 0), (2, 1, 3), (1, 1, 1)], links=links, **pipeline)
        jumped.append(jumps_of_both(scenario))
    # Too short to jump at first; then up to three jumps, to a quarter, to three quarters and to the end of the run.
    assert (jumped[0], max(jumped)) == (0, 1 if name == "async-greedy" else 3)


@pytest.mark.parametrize("name", ["async", "async-greedy", "gpipe", "interleaved"])
def test_whatever_the_order_of_events_within_a_cycle_the_jumps_are_exact(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    disorder(monkeypatch, 7)
    draws = random.Random(name)
    assert sum(jumps_of_both(*random_case(draws, name)) for _ in range(15)) > 0


@pytest.mark.parametrize("latency", [0, 3])
@pytest.mark.parametrize("limits", [[5, 3, 1], [7, 7, 7]])
def test_a_link_whose_transmitter_is_never_free_goes_on_transmitting_after_a_jump(
    latency: int, limits: list[int]
) -> None:
    links = Links(latency, occupancy=9)
    for samples in (60, 61, 90):
        assert jumps_of_both(chain("async", 3, samples, [(1, 1, 0)] * 3, links=links, max_in_flight=limits)) > 0


def test_a_state_that_never_comes_again_is_simulated_whole() -> None:
    # Without a limit the queue before the slow last stage grows as long as there is anything to admit.
    assert (
        jumps_of_both(chain("async-greedy", 3, 200, [(1, 1, 0), (1, 1, 0), (4, 4, 0)], max_in_flight="unbounded")) == 0
    )


def test_a_deadlock_is_told_as_by_the_whole_run() -> None:
    # Nine forwards before the first B and a backward link for one message.
    scenario = chain("async", 2, 30, [(1, 1, 0), (1, 1, 0)], links=Links(capacity=1), max_in_flight=[9, 1])
    plan = assemble(scenario).plan
    whole = outcome(plan, False)[0]
    assert whole["deadlock"] is not None
    assert outcome(plan, True)[0] == whole


# ---------------------------------------------------------------- a billion micro-batches, closed forms

N = 10**9
M, TF, TB, TU = 4, 2, 3, 1


def far(schedule: str, **pipeline: Any) -> tuple[dict[str, Any], Rows]:
    return outcome(assemble(chain(schedule, M, N, (TF, TB, TU), **pipeline)).plan, True)


@pytest.mark.parametrize("schedule", ["async", "async-greedy"])
def test_a_billion_asynchronous_micro_batches_take_their_closed_form(schedule: str) -> None:
    found, recorder = far(schedule)
    makespan = (M - 1) * (TF + TB) + N * (TF + TB + TU)
    assert recorder.makespan == makespan
    assert recorder.computation_density == Fraction(N * (TF + TB + TU), makespan)
    assert found["period"] == TF + TB + TU
    assert found["versions"] == [N] * M
    assert found["busy"] == ([N * (TF + TB + TU)] * M,) * 2
    assert len(recorder.rows) < 3000


def test_a_billion_micro_batches_of_async_miss_the_updates_of_theirs_ahead() -> None:
    # Micro-batch n misses min(n, M-m): M-m each, but for the first M-m, which miss 0, 1, … M-m-1.
    found, _ = far("async")
    for stage in range(M):
        ahead = M - 1 - stage
        forward, backward = found["staleness"]["F"][stage], found["staleness"]["B"][stage]
        assert (forward.total, forward.largest, forward.count) == (N * ahead - ahead * (ahead + 1) // 2, ahead, N)
        assert (backward.total, backward.largest, backward.count) == (0, 0, N)
    assert found["peaks"] == [(M - stage, M - stage) for stage in range(M)]


def test_a_billion_synchronous_micro_batches_take_their_closed_form() -> None:
    B = 8
    for schedule in ("gpipe", "one-f-one-b"):
        found, recorder = far(schedule, micro_batches=B)
        assert recorder.makespan == N // B * ((B + M - 1) * (TF + TB) + B * TU)
        assert [own.total for own in found["staleness"]["F"]] == [0] * M
        assert found["versions"] == [N] * M
    _, recorder = far("serial", micro_batches=B)
    assert recorder.makespan == N * (M * (TF + TB) + TU)


# ---------------------------------------------------------------- orders that are entered in the middle


@pytest.mark.parametrize("name", NAMES)
def test_an_order_from_any_place_is_the_rest_of_the_order(name: str) -> None:
    draws = random.Random(f"places {name}")
    for _ in range(12):
        M, K = draws.randint(1, 4), draws.randint(1, 4)
        v = draws.randint(1, 2) if name in ("interleaved", "table") else 1
        words, orders, pipeline = random_schedule(draws, name, M, K, v)
        samples = K * pipeline["micro_batches"] if "micro_batches" in pipeline else len(orders[0]) // 3
        schedule = assemble(chain(words, M, samples, random_triples(draws, M, v), **pipeline)).schedule
        assert isinstance(schedule, FixedOrder)
        for stage in range(M):
            known = [(a.kind, a.micro_batch, a.chunk) for a in orders[stage]]
            for start in range(len(known) + 1):
                assert list(schedule.order(stage, start)) == known[start:]


@pytest.mark.parametrize("name", NAMES)
def test_an_order_repeats_where_it_says_so(name: str) -> None:
    draws = random.Random(f"repeats {name}")
    for _ in range(12):
        M, v = draws.randint(1, 4), draws.randint(1, 2) if name in ("interleaved", "table") else 1
        words, orders, pipeline = random_schedule(draws, name, M, 6, v)
        samples = 6 * pipeline["micro_batches"] if "micro_batches" in pipeline else len(orders[0]) // 3
        schedule = assemble(chain(words, M, samples, random_triples(draws, M, v), **pipeline)).schedule
        assert isinstance(schedule, FixedOrder)
        for stage, row in enumerate(orders):
            places, size = schedule.repeating(stage), schedule.period_micro_batches
            for place in range(places.start, places.stop - places.step):
                now, later = row[place], row[place + places.step]
                assert later == now._replace(micro_batch=now.micro_batch + size)


def test_an_order_is_entered_a_billion_micro_batches_on() -> None:
    schedule = assemble(chain("async", 3, N)).schedule
    assert isinstance(schedule, FixedOrder)
    # Stage 1 of 3: two forwards, then F, B, U in turn.
    place = 2 + 3 * (N - 10)
    actions = [tuple(action)[:2] for action in islice(schedule.order(0, place), 3)]
    assert actions == [("F", N - 8), ("B", N - 10), ("U", N - 10)]


def test_a_policy_that_may_look_at_numbers_is_not_trusted() -> None:
    class Even(Policy):
        name, summary, mini_batch = "even", "looks at numbers", 1

        def choose(self, stage: int, view: Any) -> None:
            return None

    assert not can_repeat(Even(PipelineShape(1, 1, 1), Settings()))
    assert all(can_repeat(assemble(chain(name, 2, 4, micro_batches=2)).schedule) for name in ("async", "async-greedy"))
