"""The rules of the machine, each as the tests that bear its sentence. Rule 2 goes on in test_ties."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import aimcsim
from aimcsim.errors import FieldError, FieldErrors
from aimcsim.simulation import simulate
from tests.pipeline.machines import (
    ASYNCHRONOUS,
    DIGITAL,
    SYNCHRONOUS,
    RecordingExecutor,
    Row,
    chain,
    rows_of,
    run_chain,
    scenario_of,
)

UNEVEN = [(2, 1, 0), (1, 2, 3), (1, 1, 1)]
ALL = (*SYNCHRONOUS, *ASYNCHRONOUS, *DIGITAL)

#: Two layers in the first stage, one in the second; every layer is split.
TWO_AND_ONE = {
    "input": [64],
    "layers": [
        {"name": "fc1", "type": "dense", "outputs": 8},
        {"name": "act", "type": "tanh"},
        {"name": "fc2", "type": "dense", "outputs": 8},
        {"name": "fc3", "type": "dense", "outputs": 10},
    ],
}


def network(timing: Any, micro_batch: int = 1, samples: int | None = None, **hardware: Any) -> Any:
    return scenario_of(
        model=TWO_AND_ONE,
        hardware={"timing": timing, **hardware},
        pipeline={"stages": [["fc1", "fc2"], ["fc3"]], "schedule": "async", "micro_batch": micro_batch},
        training={"samples": samples or 4 * micro_batch},
    )


def lengths(rows: Iterable[Row], op: str) -> set[int]:
    return {row.end - row.start for row in rows if row.op == op}


def by_tile(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.tile, []).append(row)
    return found


def actions(rows: Iterable[Row], stage: int) -> list[Row]:
    """Actions of a stage of one tile, in the order in which they start and end."""
    return sorted((row for row in rows if row.stage == stage), key=lambda row: (row.start, row.end, row.version_read))


# ---------------------------------------------------------------------------- rule 1


def test_time_is_integer_cycles() -> None:
    timing = {"clock_ns": 0.7, "forward_ns": 1.3, "backward_ns": 2.9, "update_ns": 0.31, "sum_ns": 0.1}
    ops = simulate(network(timing, 3), train=False).ops
    assert ops is not None
    assert all(ops.schema.field(name).type == pa.int64() for name in ("start", "end"))


@pytest.mark.parametrize(
    ("timing", "micro_batch", "forward", "update"),
    [
        # 3 samples of 0.1 ns are one cycle of 0.3 ns. Floats make it 1.0000000000000002 cycles, so 2;
        # rounding every sample up makes it 3. The update: 3 · 0.15 ns = 1.5 cycles, so 2; per sample it would be 3.
        ({"clock_ns": 0.3, "forward_ns": 0.1, "update_ns": 0.15}, 3, 1, 2),
        # 4 · 2.5 = 10, per sample 4 · 3 = 12. The update takes 4 · (0.5 + 31 · 0.5 slots) = 64; with base and pulses
        # rounded apart for every sample 4 · (1 + 16) = 68.
        ({"clock_ns": 1.0, "forward_ns": 2.5, "update_ns": 0.5, "pulse_ns": 0.5}, 4, 10, 64),
        # 0.5 + 31 · 0.1 = 3.6 → 4; the parts rounded apart: 1 + 4 = 5.
        ({"clock_ns": 1.0, "forward_ns": 1e-3, "update_ns": 0.5, "pulse_ns": 0.1}, 1, 1, 4),
        # 10 · 0.1 = 1 exactly; summed as floats 0.1 ten times is 0.9999999999999999.
        ({"clock_ns": 0.1, "forward_ns": 0.1, "update_ns": 0.0}, 10, 10, 0),
    ],
)
def test_nanoseconds_are_summed_exactly_and_rounded_up_once_per_tile_operation(
    timing: dict[str, float], micro_batch: int, forward: int, update: int
) -> None:
    result = simulate(network({"backward_ns": timing["forward_ns"], **timing}, micro_batch), train=False)
    rows = rows_of(result.ops)
    assert lengths(rows, "F") == lengths(rows, "B") == {forward}
    assert lengths(rows, "U") == {update}


def test_forward_and_backward_take_at_least_one_cycle_and_an_update_may_take_none() -> None:
    rows = rows_of(simulate(network({"clock_ns": 1e6, "forward_ns": 1e-6, "backward_ns": 1e-6}), train=False).ops)
    assert lengths(rows, "F") == lengths(rows, "B") == {1}
    assert lengths(rows, "U") == {0}


@pytest.mark.parametrize("schedule", ALL)
def test_an_action_of_length_0_is_finished_before_anything_else_starts_in_its_cycle(schedule: str) -> None:
    executor = RecordingExecutor()
    run_chain(chain(schedule, [(1, 1, 0)] * 3, 12, micro_batches=3), executor)
    instant = 0
    for number, (what, operation, cycle, _) in enumerate(executor.calls):
        assert operation is not None
        if what == "start" and operation.kind == "U":
            after = executor.calls[number + 1]
            assert (after.what, after.operation, after.cycle) == ("commit", operation, cycle)
            instant += 1
    assert instant == 3 * (12 if schedule not in ("pipedream-2bw", "zero-bubble-h1") else 4)


# ---------------------------------------------------------------------------- rule 2


@pytest.mark.parametrize("schedule", ALL)
def test_an_array_does_one_operation_at_a_time(schedule: str) -> None:
    scenarios = [
        chain(schedule, UNEVEN, 12, micro_batches=3),
        scenario_of(
            model=TWO_AND_ONE,
            hardware={"timing": {"forward": 2, "update": 3, "sum": 1}, "tile": {"rows": 40, "columns": 5}},
            pipeline={"stages": 2, "schedule": schedule, "micro_batches": 2},
            training={"samples": 8, "algorithm": "digital-sgd"},
        ),
    ]
    for scenario in scenarios:
        for rows in by_tile(rows_of(simulate(scenario, train=False).ops)).values():
            ordered = sorted(rows, key=lambda row: (row.start, row.end))
            assert all(before.end <= after.start for before, after in pairwise(ordered))


@pytest.mark.parametrize("schedule", [*SYNCHRONOUS, *ASYNCHRONOUS])
def test_an_operation_that_starts_at_t_sees_everything_committed_at_t_or_before(schedule: str) -> None:
    for times in (UNEVEN, [(1, 1, 0)] * 3, [(3, 1, 2), (1, 1, 1), (1, 3, 0)]):
        for rows in by_tile(run_chain(chain(schedule, times, 12, micro_batches=3)).rows).values():
            updates = sorted((row for row in rows if row.op == "U"), key=lambda row: row.version_read)
            assert [row.version_written for row in updates] == list(range(1, len(updates) + 1))
            assert [row.version_read for row in updates] == list(range(len(updates)))
            assert [row.micro_batch for row in updates] == list(range(len(updates)))
            for row in rows:
                if row.op != "U":
                    assert row.version_written is None
                    assert row.version_read == sum(update.end <= row.start for update in updates)


# ---------------------------------------------------------------------------- rule 3


def test_a_stage_runs_one_stage_action_at_a_time() -> None:
    for schedule in (*ALL, "interleaved"):
        times = [(2 * f, 2 * b, 2 * u) for f, b, u in UNEVEN]
        recording = run_chain(chain(schedule, times, 12, micro_batches=3))
        for stage in (1, 2, 3):
            spans = sorted((start, end) for m, _, start, end, _ in recording.actions if m == stage)
            assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_forward_and_backward_go_layer_by_layer_and_an_update_takes_all_tiles_at_once() -> None:
    hardware = {"tile": {"rows": 64, "columns": 4}}
    rows = rows_of(simulate(network({"forward": 3, "backward": 2, "update": 5}, 2, **hardware), train=False).ops)
    first = [row for row in rows if row.stage == 1 and row.micro_batch == 0]
    tiles = {"s1.fc1.r0c0", "s1.fc1.r0c1", "s1.fc2.r0c0", "s1.fc2.r0c1"}
    spans: dict[str, dict[tuple[int, int], set[str]]] = {"F": {}, "B": {}, "U": {}}
    for row in first:
        spans[row.op].setdefault((row.start, row.end), set()).add(row.tile)
    fc1, fc2 = {tile for tile in tiles if "fc1" in tile}, {tile for tile in tiles if "fc2" in tile}
    assert spans["F"] == {(0, 6): fc1, (6, 12): fc2}
    begun = min(start for start, _ in spans["B"])
    assert spans["B"] == {(begun, begun + 4): fc2, (begun + 4, begun + 8): fc1}
    assert spans["U"] == {(begun + 8, begun + 18): tiles}


def test_digital_sums_follow_the_split_arrays_in_forward_for_rows_and_in_backward_for_columns() -> None:
    hardware = {"tile": {"rows": 32, "columns": 8}}
    rows = rows_of(simulate(network({"sum": 2, "activation": 1}, **hardware), train=False).ops)
    forward = [(row.tile, row.start, row.end) for row in rows if row[1:4] == (1, "F", 0)]
    assert sorted(forward, key=lambda entry: entry[1:]) == [
        ("s1.fc1.r0c0", 0, 1),
        ("s1.fc1.r1c0", 0, 1),
        ("s1.fc1.sum", 1, 3),
        ("s1.act.activation", 3, 4),
        ("s1.fc2.r0c0", 4, 5),
    ]
    backward = sorted((row.start, row.tile, row.end - row.start) for row in rows if row[1:4] == (2, "B", 0))
    # fc3 has 10 outputs on two tiles: their parts of the error are summed.
    assert [entry[1:] for entry in backward] == [("s2.fc3.r0c0", 1), ("s2.fc3.r0c1", 1), ("s2.fc3.sum", 2)]


def test_each_operation_is_logged_with_tile_stage_kind_micro_batch_cycles_and_versions() -> None:
    ops = simulate(chain("async", [(2, 1, 1), (1, 2, 0)], 2), train=False).ops
    assert ops is not None
    names = ["tile", "stage", "op", "micro_batch", "start", "end", "version_read", "version_written"]
    assert ops.column_names == names
    # By hand: stage 1 takes F 2, B 1, U 1; stage 2 takes F 1, B 2, U 0. Order F0 F1 B0 U0 B1 U1 and F0 B0 U0 F1 B1 U1.
    assert [tuple(row) for row in rows_of(ops)] == [
        ("s1.l1.r0c0", 1, "F", 0, 0, 2, 0, None),
        ("s2.l2.r0c0", 2, "F", 0, 2, 3, 0, None),
        ("s1.l1.r0c0", 1, "F", 1, 2, 4, 0, None),
        ("s2.l2.r0c0", 2, "B", 0, 3, 5, 0, None),
        ("s2.l2.r0c0", 2, "U", 0, 5, 5, 0, 1),
        ("s1.l1.r0c0", 1, "B", 0, 5, 6, 0, None),
        ("s2.l2.r0c0", 2, "F", 1, 5, 6, 1, None),
        ("s1.l1.r0c0", 1, "U", 0, 6, 7, 0, 1),
        ("s2.l2.r0c0", 2, "B", 1, 6, 8, 1, None),
        ("s2.l2.r0c0", 2, "U", 1, 8, 8, 1, 2),
        ("s1.l1.r0c0", 1, "B", 1, 8, 9, 1, None),
        ("s1.l1.r0c0", 1, "U", 1, 9, 10, 1, 2),
    ]


# ---------------------------------------------------------------------------- rule 4


@pytest.mark.parametrize("schedule", [*SYNCHRONOUS, "interleaved"])
def test_synchronous_a_mini_batch_uses_one_version_and_updates_come_after_its_last_backward(schedule: str) -> None:
    times = [(2 * f, 2 * b, 2 * u) for f, b, u in UNEVEN]
    result = simulate(chain(schedule, times, 24, micro_batches=6), train=False)
    rows = rows_of(result.ops)
    for tile, own in by_tile(rows).items():
        assert {row.version_read - row.micro_batch // 6 * 6 for row in own if row.op != "U"} == {0}, tile
    for stage in (1, 2, 3):
        for mini_batch in range(4):
            mine = [row for row in rows if row.stage == stage and row.micro_batch // 6 == mini_batch]
            last_backward = max(row.end for row in mine if row.op == "B")
            assert min(row.start for row in mine if row.op == "U") >= last_backward


def test_synchronous_the_flush_is_local_and_serial_waits_for_every_stage() -> None:
    # The last stage's updates take 9 cycles each; the first stage's take none.
    times = [(1, 1, 0), (1, 1, 9)]
    for schedule, waits in (("gpipe", False), ("one-f-one-b", False), ("serial", True)):
        rows = run_chain(chain(schedule, times, 4, micro_batches=2)).rows
        next_forward = next(row.start for row in rows if (row.stage, row.op, row.micro_batch) == (1, "F", 2))
        commits = [max(row.end for row in rows if row[1:3] == (m, "U") and row.micro_batch < 2) for m in (1, 2)]
        assert commits[0] < commits[1]
        assert next_forward == (max(commits) if waits else commits[0])


def test_serial_updates_run_beside_the_backwards_upstream() -> None:
    rows = run_chain(chain("serial", [(1, 4, 1), (1, 1, 3)], 2)).rows
    assert [row.start for row in rows if (row.stage, row.op) == (2, "U")] == [
        row.start for row in rows if (row.stage, row.op) == (1, "B")
    ]


@pytest.mark.parametrize("times", [UNEVEN, [(1, 1, 1)] * 3])
def test_asynchronous_an_update_comes_right_after_its_own_backward_and_nothing_is_stashed(
    times: list[tuple[int, int, int]],
) -> None:
    for schedule in ASYNCHRONOUS:
        rows = run_chain(chain(schedule, times, 20)).rows
        ends = {(row.stage, row.micro_batch): row.end for row in rows if row.op == "B"}
        assert all(row.start == ends[row.stage, row.micro_batch] for row in rows if row.op == "U")
        for row in rows:
            if row.op == "B":
                assert row.version_read == row.micro_batch, "the newest version, never that of its forward"


@pytest.mark.parametrize(
    ("max_in_flight", "limits"),
    [
        (None, (3, 2, 1)),
        ("M-m+1", (3, 2, 1)),
        ("2(M-m)+1", (5, 3, 1)),
        (2, (2, 2, 1)),
        (1, (1, 1, 1)),
        ([6, 2, 2], (6, 2, 2)),
    ],
)
def test_async_is_a_fixed_order_of_its_limit_less_one_forwards_and_then_forward_backward_update_in_turn(
    max_in_flight: Any, limits: Sequence[int]
) -> None:
    extra = {} if max_in_flight is None else {"max_in_flight": max_in_flight}
    result = simulate(chain("async", UNEVEN, 10, **extra), train=False)
    for stage, limit in enumerate(limits, 1):
        ahead = limit - 1
        expected = [("F", k) for k in range(ahead)]
        for k in range(10):
            expected += [(kind, n) for kind, n in (("F", k + ahead), ("B", k), ("U", k)) if n < 10]
        assert [(row.op, row.micro_batch) for row in actions(rows_of(result.ops), stage)] == expected
        assert result.summary["peak_in_flight"][str(stage)] == limit


def test_greedy_is_capped_by_its_limit_which_is_4m_unless_given() -> None:
    slow_end = [(1, 1, 0), (1, 1, 0), (9, 9, 0)]
    for given, limits in ((None, (12, 12, 12)), (5, (5, 5, 5)), ([7, 3, 2], (7, 3, 2)), ("2(M-m)+1", (5, 3, 1))):
        extra = {} if given is None else {"max_in_flight": given}
        peaks = simulate(chain("async-greedy", slow_end, 60, **extra), train=False).summary["peak_in_flight"]
        assert all(peaks[str(m)] <= limit for m, limit in enumerate(limits, 1))
        assert peaks["1"] == limits[0]


# ---------------------------------------------------------------------------- rule 5


def test_preset_times_count_per_sample_and_the_unit_preset_per_action_whatever_the_micro_batch() -> None:
    rows = rows_of(simulate(network("panther_2020", 3), train=False).ops)
    assert (lengths(rows, "F"), lengths(rows, "B"), lengths(rows, "U")) == ({300}, {300}, {768})
    # Rasch 2024: 40 ns per MVM; per update 31 slots of 5 ns and 2 operations an input line at 175 a ns. fc1 has 64
    # lines: 2 · (155 + 128/175) = 311.5, so 312; fc2 and fc3 have 8: 310.2, so 311. 16 values of tanh take a cycle.
    rows = rows_of(simulate(network("rasch_2024", 2), train=False).ops)
    arrays = [row for row in rows if row.tile != "s1.act.activation"]
    assert (lengths(arrays, "F"), lengths(arrays, "B")) == ({80}, {80})
    assert {(row.tile, row.end - row.start) for row in rows if row.op == "U"} == {
        ("s1.fc1.r0c0", 312),
        ("s1.fc2.r0c0", 311),
        ("s2.fc3.r0c0", 311),
    }
    assert {row.end - row.start for row in rows if row.tile == "s1.act.activation"} == {1}
    for timing in ("unit", {"stages": [{}, {}]}):
        rows = rows_of(simulate(network(timing, 7), train=False).ops)
        assert (lengths(rows, "F"), lengths(rows, "B"), lengths(rows, "U")) == ({1}, {1}, {0})


def test_without_numbers_an_update_takes_its_nominal_pulse_train_and_the_summary_says_so() -> None:
    scenario = network({"update": 2, "pulse": 3}, 2, pulses={"desired_bl": 7})
    result = simulate(scenario, train=False)
    assert lengths(rows_of(result.ops), "U") == {2 * (2 + 7 * 3)}
    assert result.summary["durations"] == "nominal"
    assert simulate(network({"update": 2}), train=False).summary["durations"] == "fixed"


def test_the_slots_that_an_executor_counts_decide_how_long_an_update_takes() -> None:
    scenario = network({"update": 2, "pulse": 3}, 2)
    executor = RecordingExecutor(lambda operation: 5 * operation.micro_batch + operation.unit)
    recording = run_chain(scenario, executor)
    numbers = {"s1.fc1.r0c0": 0, "s1.fc2.r0c0": 1, "s2.fc3.r0c0": 2}
    for row in recording.rows:
        if row.op == "U":
            assert row.end - row.start == 2 * 2 + 3 * (5 * row.micro_batch + numbers[row.tile])
    # The stage goes on when the last of its tiles has committed.
    ends = {k: max(r.end for r in recording.rows if r[1:4] == (1, "U", k)) for k in range(4)}
    assert all(end == ends[a.micro_batch] for m, a, _, end, _ in recording.actions if (m, a.kind) == (1, "U"))


def test_a_chunk_takes_its_stages_time_divided_by_the_chunks_which_must_divide() -> None:
    rows = run_chain(chain("interleaved", [(6, 3, 9), (3, 3, 0)], 2, micro_batches=2, chunks=3)).rows
    assert [lengths((row for row in rows if row.stage == 1), op) for op in "FBU"] == [{2}, {1}, {3}]
    with pytest.raises(FieldErrors, match=r"hardware.timing.stages.1.forward: forward=3 must be a multiple of pip.*=2"):
        run_chain(chain("interleaved", [(2, 2, 2), (3, 2, 2)], 2, micro_batches=2))


# ---------------------------------------------------------------------------- rule 6


@pytest.mark.parametrize("schedule", [*ALL, "interleaved"])
def test_the_time_since_an_array_was_last_touched_reaches_the_executor_and_adds_up_to_the_simulated_time(
    schedule: str,
) -> None:
    executor = RecordingExecutor()
    times = [(2 * f, 2 * b, 2 * u) for f, b, u in UNEVEN]
    run_chain(chain(schedule, times, 12, micro_batches=3), executor)
    clock: dict[int, int] = {}
    for what, operation, cycle, elapsed in executor.calls:
        if what == "start":
            assert operation is not None
            assert elapsed is not None
            assert elapsed == cycle - clock.get(operation.unit, 0)
            clock[operation.unit] = clock.get(operation.unit, 0) + elapsed
            assert clock[operation.unit] == cycle


# ---------------------------------------------------------------------------- rule 8


def test_library_code_never_prints_or_exits(capsys: pytest.CaptureFixture[str]) -> None:
    package = Path(aimcsim.__file__).parent
    for file in package.rglob("*.py"):
        if file.name == "cli.py" or "report" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                assert name not in ("print", "exit", "quit", "sys.exit", "os._exit"), (file, node.lineno)
    simulate(chain("async-greedy", UNEVEN, 20, max_in_flight="unbounded"), train=False)
    assert capsys.readouterr() == ("", "")


def test_an_error_reads_like_an_equation() -> None:
    with pytest.raises(FieldErrors) as found:
        simulate(chain("interleaved", [(2, 2, 2)] * 4, 10, micro_batches=5), train=False)
    (error,) = found.value.errors
    assert isinstance(error, FieldError)
    assert str(error) == (
        "pipeline.micro_batches: pipeline.micro_batches=5 must be a multiple of pipeline.stages=4 for interleaved"
    )


def test_a_rounding_up_is_exact_for_any_decimal_a_user_writes() -> None:
    # k · 0.1 ns at a clock of 0.1 ns is k cycles; as floats, 3 · 0.1 / 0.1 is 3.0000000000000004.
    for micro_batch in range(1, 30):
        timing = {"clock_ns": 0.1, "forward_ns": 0.1, "backward_ns": 0.3, "update_ns": 0.7}
        rows = rows_of(simulate(network(timing, micro_batch, samples=micro_batch), train=False).ops)
        exact = [micro_batch * Fraction(tenths, 10) / Fraction(1, 10) for tenths in (1, 3, 7)]
        assert [lengths(rows, op) for op in "FBU"] == [{int(cycles)} for cycles in exact]
