"""Transfers on the clock: T follows its stage's U, occupies the arrays it reads and writes, moves all behind it.

Chains count per action: a transfer takes a forward to read and an update to write.
"""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from aimcsim.assembly import assemble
from aimcsim.scenario.load import scenario_from_data
from aimcsim.scenario.spec import Scenario
from aimcsim.simulation import simulate
from tests.oracles import log_metrics
from tests.oracles.list_scheduler import list_schedule
from tests.oracles.orders import with_transfers
from tests.oracles.vocabulary import Timed, in_order
from tests.pipeline.machines import Row, rows_of, run_chain, run_with_restarts, scenario_of
from tests.pipeline.random_cases import random_links, random_schedule, random_triples
from tests.pipeline.test_metrics_from_the_log import check
from tests.pipeline.timing_machines import chain, per_virtual_stage, run_machine

#: Algorithms with the update counts at which each of their transfers is due.
ALGORITHMS: list[tuple[dict[str, Any], list[int]]] = [
    ({"name": "tiki-taka"}, [1]),
    ({"name": "residual-learning", "transfer_every": 3}, [3]),
    ({"name": "multi-tile-residual", "tiles": 4, "transfer_every_growth": 2}, [2, 4, 8]),
]
ANALOG = ("serial", "gpipe", "one-f-one-b", "interleaved", "async", "table")


def with_algorithm(scenario: Scenario, algorithm: Any) -> Scenario:
    data = scenario.model_dump(mode="json", exclude_none=True)
    data["training"]["algorithm"] = algorithm
    return scenario_from_data(data)[0]


def merged(log: list[Timed]) -> list[Timed]:
    """Transfers that follow one update are one action."""
    spans: dict[tuple[Any, ...], tuple[int, int]] = {}
    for a in log:
        key = a[:4]
        start, end = spans.get(key, (a.start, a.end))
        spans[key] = min(start, a.start), max(end, a.end)
    return in_order([Timed(*key, *span) for key, span in spans.items()])


@pytest.mark.parametrize("name", ANALOG)
def test_random_schedules_with_transfers_are_those_of_the_list_scheduler(name: str) -> None:
    for case in range(25):
        draws = random.Random(f"{name} {case}")
        M, K, v = draws.randint(1, 4), draws.randint(1, 4), 2 if name == "interleaved" else 1
        schedule, orders, keys = random_schedule(draws, name, M, K, v)
        if any(action.kind == "W" for row in orders for action in row):
            continue
        triples, links = random_triples(draws, M, v), random_links(draws)
        links = replace(links, capacity=None, loss_latency=0)
        algorithm, every = draws.choice(ALGORITHMS)
        samples = len({a.micro_batch for a in orders[0]})
        scenario = with_algorithm(chain(schedule, M, samples, triples, links=links, **keys), algorithm)
        times = per_virtual_stage(triples, v)
        times = replace(times, tt=tuple(f + u for f, u in zip(times.tf, times.tu, strict=True)))
        gate = keys["micro_batches"] if name == "serial" else None
        wanted = list_schedule(with_transfers(orders, every), times, links, gate)
        assert run_machine(scenario).log == merged(wanted), (name, case)


def test_the_timeline_of_tiki_taka_on_split_arrays_is_the_one_drawn_by_hand() -> None:
    # Two row blocks of 3 lines and one column block; F 2, B 3, U 1 cycles a sample, no pulses; two lines a transfer.
    # F 0-2 on both arrays of W; B 2-5; U 5-6 on both of P; T: P is read 2 x 2 cycles, 6-10, W written 2 x 1, 10-12.
    scenario = scenario_of(
        model={"input": [6], "layers": [{"name": "fc", "type": "dense", "outputs": 4}]},
        hardware={"timing": {"forward": 2, "backward": 3, "update": 1}, "tile": {"rows": 3, "columns": 4}},
        pipeline={"stages": 1, "schedule": "serial"},
        training={"samples": 4, "algorithm": {"name": "tiki-taka", "transfer_every": 2, "reads_per_transfer": 2}},
    )
    w, p = ("s1.fc.r0c0", "s1.fc.r1c0"), ("s1.fc.r0c0.P", "s1.fc.r1c0.P")
    wanted: list[Row] = []
    for k, start in enumerate((0, 6, 18, 24)):
        for tile in w:
            wanted.append(Row(tile, 1, "F", k, start, start + 2, k, None))
            wanted.append(Row(tile, 1, "B", k, start + 2, start + 5, k, None))
        wanted += [Row(tile, 1, "U", k, start + 5, start + 6, k, k + 1) for tile in p]
        if k % 2:
            wanted += [Row(tile, 1, "T", k, start + 6, start + 10, k + 1, None) for tile in p]
            wanted += [Row(tile, 1, "T", k, start + 10, start + 12, k + 1, k + 1) for tile in w]
    result = simulate(scenario, train=False)
    assert sorted(rows_of(result.ops), key=str) == sorted(wanted, key=str)
    assert result.summary["makespan_cycles"] == 36
    assert result.summary["computation_density"] == 1.0
    # W: F and B of 4 samples and two writes; P: 4 updates and two reads.
    assert result.summary["utilisation"] == {w[0]: 24 / 36, w[1]: 24 / 36, p[0]: 12 / 36, p[1]: 12 / 36}


def test_a_cascade_of_transfers_goes_from_the_gradient_tile_upwards_within_one_action() -> None:
    # Per action F 1, B 1, U 2, so a read takes 1 and a write 2. Update 4: W2 → W1 at 2 and 4, W1 → W0 at 4.
    algorithm = {"name": "multi-tile-residual", "tiles": 3, "transfer_every": 2, "transfer_every_growth": 2}
    scenario = with_algorithm(chain("async", 1, 4, (1, 1, 2)), algorithm)
    run = run_chain(scenario).rows
    rows = sorted((r for r in run if r.op == "T"), key=lambda r: r.start)
    first, *others = sorted({row.tile for row in run})
    assert others == [f"{first}.W1", f"{first}.W2"]
    by_role = [first, *others]
    # Updates end at 4, 8 + T, …: sample 1 ends at 8, T 8-11; samples 2 and 3 end at 19, T 19-25.
    assert [(r.tile, r.micro_batch, r.start, r.end) for r in rows] == [
        (by_role[2], 1, 8, 9),
        (by_role[1], 1, 9, 11),
        (by_role[2], 3, 19, 20),
        (by_role[1], 3, 20, 22),
        (by_role[1], 3, 22, 23),
        (by_role[0], 3, 23, 25),
    ]


def test_mixed_precision_updates_digitally_and_writes_whole_arrays() -> None:
    # U takes `accumulate` cycles a sample on the buffer; T writes 5 lines of 1 cycle.
    scenario = scenario_of(
        model={"input": [5], "layers": [{"name": "fc", "type": "dense", "outputs": 4}]},
        hardware={"timing": {"forward": 2, "backward": 3, "update": 1}},
        pipeline={"stages": 1, "schedule": "serial", "micro_batch": 2},
        training={"samples": 2, "algorithm": {"name": "mixed-precision", "accumulate": 7}},
    )
    rows = rows_of(simulate(scenario, train=False).ops)
    spans = [(r.tile, r.op, r.start, r.end) for r in sorted(rows, key=lambda r: r.start)]
    name = "s1.fc.r0c0"
    assert spans == [(name, "F", 0, 4), (name, "B", 4, 10), (f"{name}.H", "U", 10, 24), (name, "T", 24, 29)]


@pytest.mark.parametrize("schedule", ["serial", "gpipe", "interleaved", "async", "async-greedy"])
@pytest.mark.parametrize(("algorithm", "every"), ALGORITHMS, ids=["tt", "rl", "tiles"])
def test_figures_of_time_follow_from_the_log(schedule: str, algorithm: Any, every: list[int]) -> None:
    flushed = schedule in ("gpipe", "interleaved", "serial")
    base = chain(schedule, 3, 24, [(2, 2, 2), (4, 2, 0), (2, 6, 4)], micro_batches=3)
    scenario = with_algorithm(base, algorithm)
    result = simulate(scenario, train=False)
    if every != [2, 4, 8]:
        # That check measures the period at other commits, which is the same where every mini-batch has its transfers.
        check(result, schedule, 3 if flushed else 1)
    summary = result.summary
    log = run_machine(scenario).log
    assert summary["makespan_cycles"] == log_metrics.makespan(log)
    assert Fraction(summary["computation_density"]).limit_denominator(10**6) == log_metrics.density(log, 3)
    mini_batch = 3 if flushed else 1
    assert summary["period_cycles"] == float(log_metrics.period(log, mini_batch) or 0)
    for m in range(3):
        found, wanted = summary["staleness"][str(m + 1)], log_metrics.staleness(log, m, mini_batch)
        assert found["forward_max"] == wanted.forward_max
        assert found["forward_mean"] == float(wanted.forward_mean)
        assert found["backward_max"] == wanted.backward_max
        assert summary["peak_in_flight"][str(m + 1)] == log_metrics.peak_in_flight(log, m)
    without = simulate(base, train=False).summary["makespan_cycles"]
    assert summary["makespan_cycles"] > without
    count = sum(update % period == 0 for period in every for update in range(1, 25))
    chunks = summary["chunks"]
    assert len({(a.stage, a.chunk, a.micro_batch) for a in log if a.kind == "T"}) == 3 * chunks * 24 // every[0]
    assert count >= 24 // every[0]


@pytest.mark.parametrize("schedule", ["serial", "gpipe", "interleaved", "async", "async-greedy"])
@pytest.mark.parametrize(("algorithm", "every"), ALGORITHMS, ids=["tt", "rl", "tiles"])
def test_a_machine_restarted_in_the_middle_of_a_transfer_goes_on(schedule: str, algorithm: Any, every: Any) -> None:
    scenario = with_algorithm(chain(schedule, 2, 8, [(2, 2, 2), (4, 2, 2)], micro_batches=4), algorithm)
    whole = run_chain(scenario)
    cycles = range(1, max(row.end for row in whole.rows))
    assert run_with_restarts(assemble(scenario), cycles).all == whole.all
