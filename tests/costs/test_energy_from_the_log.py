"""Energy recomputed from ops.parquet by code of its own: of a whole run, and of every row of metrics.csv."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from aimcsim.assembly import assemble
from aimcsim.costs.operation_energy import OperationEnergy, count_of
from aimcsim.result import Result
from aimcsim.simulation import simulate
from tests.pipeline.machines import Row, rows_of
from tests.training.scenarios import digits

MODEL: dict[str, Any] = {
    "input": [64],
    "layers": [
        {"name": "fc1", "type": "dense", "outputs": 12},
        {"name": "act1", "type": "tanh"},
        {"name": "fc2", "type": "dense", "outputs": 9},
        {"name": "fc3", "type": "dense", "outputs": 10},
    ],
}
SIZES = {"fc1": (64, 12), "fc2": (12, 9), "fc3": (9, 10)}
#: Every update takes its slots alone, 5 ns each: so the log tells how many they were.
TIMING = {"clock_ns": 1, "forward_ns": 40, "backward_ns": 30, "pulse_ns": 5}
#: Picojoules, and milliwatts: 1 mW · 1 ns is 1 pJ.
COSTS = {
    "forward_pj": 100.5,
    "backward_pj": 50.25,
    "input_pj": 0.5,
    "conversion_pj": 1.25,
    "update_pj": 7.0,
    "pulse_pj": 3.0,
    "digital_pj": 0.1,
    "link_pj": 0.75,
    "idle_mw": 0.3,
}
HARDWARE: dict[str, Any] = {
    "timing": TIMING,
    "io": {"bound_management": "none"},
    "energy": COSTS,
    "link": {"value_bytes": 2},
}
COST = {key: Fraction(str(value)) for key, value in COSTS.items()}
#: Values that F and B of a stage send on: F of fc1 and fc2 to the next stage, B of fc2 and fc3 to the one before.
SENT = {("fc1", "F"): 12, ("fc2", "F"): 9, ("fc2", "B"): 12, ("fc3", "B"): 9}
SAMPLES = 2


def run(schedule: str, algorithm: Any = "analog-sgd", **hardware: Any) -> Result:
    pipeline = {"stages": 3, "schedule": schedule, "micro_batch": SAMPLES, "micro_batches": 3}
    return simulate(
        digits(
            pipeline,
            samples=36,
            evaluate_every=6,
            model=MODEL,
            hardware=HARDWARE | hardware,
            algorithm=algorithm,
            test=5,
        )
    )


def of_operation(row: Row) -> Fraction:
    """Energy of one operation, its messages included."""
    name = row.tile.split(".")[1]
    inputs, outputs = SIZES[name]
    link = COST["link_pj"] * SENT.get((name, row.op), 0) * 2 * SAMPLES
    if row.op == "F":
        return link + SAMPLES * (COST["forward_pj"] + COST["input_pj"] * inputs + COST["conversion_pj"] * outputs)
    if row.op == "B":
        return link + SAMPLES * (COST["backward_pj"] + COST["input_pj"] * outputs + COST["conversion_pj"] * inputs)
    assert row.op == "U"
    slots = Fraction(row.end - row.start, 5)
    preprocessing = 2 * inputs
    return SAMPLES * (COST["update_pj"] + COST["digital_pj"] * preprocessing) + COST["pulse_pj"] * slots


def until(rows: list[Row], cycle: int) -> float:
    """Joules of what had ended at `cycle`, and of the tiles while no operation of theirs was under way."""
    done = sum(of_operation(row) for row in rows if row.end <= cycle)
    busy = sum(min(row.end, cycle) - row.start for row in rows if row.start < cycle)
    idle = len(SIZES) * cycle - busy
    return float((done + COST["idle_mw"] * idle) / 10**12)


@pytest.mark.parametrize("schedule", ["serial", "one-f-one-b", "async", "async-greedy"])
def test_energy_of_every_evaluation_and_of_the_run_follows_from_the_log(schedule: str) -> None:
    result = run(schedule)
    rows, metrics = rows_of(result.ops), result.metrics.to_pylist()
    assert len(metrics) == 7
    assert metrics[0]["energy_j"] == 0.0
    assert [row["energy_j"] for row in metrics] == [until(rows, row["cycle"]) for row in metrics]
    assert result.summary["energy_j"] == until(rows, result.summary["makespan_cycles"]) == metrics[-1]["energy_j"]
    # Operations were under way at some evaluation, or nothing of that is tested.
    under_way = [sum(row.start < m["cycle"] < row.end for row in rows) for m in metrics]
    assert (schedule == "serial") or any(under_way)


def told_by(result: Result, trained: bool = True) -> list[tuple[Row, float | None]]:
    """Every operation of the log and what `OperationEnergy` makes of it."""
    assembly = assemble(result.scenario, 60)
    known = OperationEnergy(assembly, trained)
    units = {unit.name: unit for unit in assembly.floorplan.units}
    return [
        (row, known.joules(units[row.tile], row.op, row.end - row.start, row.version_written is not None))
        for row in rows_of(result.ops)
    ]


def test_the_energy_of_an_operation_follows_from_its_row_of_the_log() -> None:
    for row, joules in told_by(run("async", energy=COSTS | {"link_pj": 0})):
        link = COST["link_pj"] * SENT.get((row.tile.split(".")[1], row.op), 0) * 2 * SAMPLES
        assert joules == float((of_operation(row) - link) / 10**12)


@pytest.mark.parametrize("algorithm", ["tiki-taka", "residual-learning"])
def test_operations_transfers_among_them_add_up_to_the_energy_of_the_tiles(algorithm: str) -> None:
    energy = {key: value for key, value in COSTS.items() if key not in ("link_pj", "idle_mw")}
    setting = {"name": algorithm, "transfer_every": 3, "reads_per_transfer": 2}
    io = {"bound_management": "iterative", "out_bound": 0.05}
    result = run("async", setting, energy=energy, io=io)
    told = told_by(result)
    assert {row.op for row, _ in told} == {"F", "B", "U", "T"}
    known = [joules for _, joules in told if joules is not None]
    assert len(known) == len(told)
    assert sum(known) == pytest.approx(result.summary["energy_j"], rel=1e-12)


def test_where_the_log_does_not_tell_the_slots_the_energy_of_an_update_is_not_known() -> None:
    timing = {"forward": 4, "backward": 4, "update": 2, "per": "action"}
    energy = {"update_pj": 7.0, "pulse_pj": 3.0, "forward_pj": 100.5}
    result = run("async", timing=timing, energy=energy)
    for row, joules in told_by(result):
        # B has no unit cost; how many slots U had, its two cycles do not say.
        assert joules == (SAMPLES * 100.5e-12 if row.op == "F" else None)
    # Without numbers the slots are nominal: 31 of each of two rank-one updates.
    updates = {joules for row, joules in told_by(result, trained=False) if row.op == "U"}
    assert updates == {float((2 * 7 + 62 * 3) / Fraction(10**12))}


def test_a_count_is_found_from_a_length_only_where_it_is_the_only_one() -> None:
    assert [count_of(lambda n: 3 + 5 * n, cycles) for cycles in (2, 3, 4, 8, 3 + 5 * 10**9)] == [
        None,
        0,
        None,
        1,
        10**9,
    ]
    assert [count_of(lambda n: n // 2, cycles) for cycles in (0, 1, 7)] == [None] * 3
    assert count_of(lambda n: 4, 4) is None


def test_the_lines_and_the_tiles_add_up_to_the_whole() -> None:
    summary = run("async").summary
    lines = {line["what"]: line for line in summary["energy"]["lines"]}
    assert all(line["joules"] == pytest.approx(line["count"] * line["unit_cost"] * 1e-12) for line in lines.values())
    assert sum(line["joules"] for line in lines.values()) == pytest.approx(summary["energy_j"])
    of_tiles = sum(summary["energy"]["by_tile"].values())
    assert of_tiles == pytest.approx(summary["energy_j"] - lines["bytes over links"]["joules"])
    assert summary["energy"]["unpriced"] == {}


def test_transfers_are_counted_by_lines_and_slots() -> None:
    algorithm = {"name": "tiki-taka", "transfer_every": 3, "reads_per_transfer": 2}
    result = run("async", algorithm)
    rows, counts = rows_of(result.ops), {x["what"]: x["count"] for x in result.summary["energy"]["lines"]}
    transfers = [row for row in rows if row.op == "T"]
    writes = [row for row in transfers if row.version_written is not None]
    assert len(transfers) == 2 * len(writes) == 2 * 3 * 18 // 3
    assert counts["transfer reads (lines)"] == counts["transfer writes (lines)"] == 2 * len(writes)
    assert counts["transfer pulse slots"] == sum(row.end - row.start for row in writes) / 5
    # An update is one of P; its pre-processing and that of a written line is 2 operations an input line.
    inputs = sum(size for size, _ in SIZES.values())
    assert counts["rank-one updates"] == 3 * 36
    assert counts["digital operations"] == 2 * inputs * 36 + 2 * inputs * 2 * 6
    # Reads drive one line each and convert all output lines.
    products = 36 * sum(a + b for a, b in SIZES.values())
    assert counts["line inputs"] == products + 2 * 6 * 3
    assert counts["conversions"] == products + 2 * 6 * sum(b for _, b in SIZES.values())


def test_products_that_bound_management_repeats_cost_once_more() -> None:
    result = run("serial", io={"bound_management": "iterative", "out_bound": 0.05})
    rows = [row for row in rows_of(result.ops) if row.op == "F"]
    counts = {line["what"]: line["count"] for line in result.summary["energy"]["lines"]}
    assert counts["forward products"] == sum(row.end - row.start for row in rows) / 40 > 3 * 36


def test_without_unit_costs_energy_is_null_everywhere() -> None:
    result = run("async", energy={})
    assert result.summary["energy_j"] is None
    assert result.summary["energy"] is None
    assert set(result.metrics["energy_j"].to_pylist()) == {None}


def test_what_has_no_unit_cost_is_listed_and_not_taken_as_nothing() -> None:
    summary = run("async", energy={"forward_pj": 1.0}).summary
    assert [line["what"] for line in summary["energy"]["lines"]] == ["forward products"]
    assert summary["energy_j"] == pytest.approx(3 * 36e-12)
    unpriced = summary["energy"]["unpriced"]
    assert unpriced["backward products"] == 3 * 36
    assert {"pulse slots", "bytes over links", "idle tile time (ns)"} <= unpriced.keys()
    (note,) = [note for note in summary["notes"] if note.startswith("energy")]
    assert "backward products" in note


@pytest.mark.parametrize("schedule", ["one-f-one-b", "pipedream", "pipedream-2bw", "zero-bubble-h1"])
def test_each_sample_is_one_rank_one_update_an_array_under_every_schedule(schedule: str) -> None:
    counts = {x["what"]: x["count"] for x in run(schedule, "digital-sgd").summary["energy"]["lines"]}
    assert counts["rank-one updates"] == 3 * 36
    assert "pulse slots" not in counts


def test_the_summary_says_what_an_algorithm_keeps_digitally() -> None:
    # 2 a line and 1 a weight: 2 · (64 + 12 + 9) + (768 + 108 + 90). Of every line read 16 bits a line move, of one line
    # every second update of 2 samples: 16 · 85 / 4.
    summary = run("async", {"name": "tiki-taka-v2", "transfer_every": 2, "threshold": 0.01}).summary
    assert summary["digital_memory"] == {"bytes": 1136, "bits_moved_per_sample": 340.0}
