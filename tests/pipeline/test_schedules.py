"""Schedules that cannot be run are refused with the reason, and keys that a schedule ignores are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import aimcsim
from aimcsim.assembly import assemble
from aimcsim.errors import AimcsimError, FieldErrors, ScenarioError
from aimcsim.scenario.load import scenario_from_data
from tests.pipeline.timing_machines import chain


def errors_of(schedule: Any, stages: int = 2, samples: int = 24, **pipeline: Any) -> list[str]:
    """Messages of what is wrong with a chain under `schedule`."""
    with pytest.raises((FieldErrors, ScenarioError)) as raised:
        assemble(chain(schedule, stages, samples, **pipeline))
    return messages(raised.value)


def messages(error: AimcsimError) -> list[str]:
    return str(error).splitlines()


def network(schedule: Any, algorithm: str, **pipeline: Any) -> aimcsim.Scenario:
    layers = [{"name": f"fc{n}", "type": "dense", "outputs": 4} for n in (1, 2)]
    data: dict[str, Any] = {
        "name": "net",
        "model": {"input": [4], "layers": layers},
        "pipeline": {"stages": 2, "schedule": schedule, "micro_batches": 4, **pipeline},
        "training": {"samples": 24, "algorithm": algorithm},
    }
    return scenario_from_data(data)[0]


# ---------------------------------------------------------------- analog tiles

WITH_W = {"table": [["0F0", "0B0", "0W0"], ["1F0", "1B0", "1W0"]]}
SECOND_COPY = (
    "pipeline.schedule: {name} needs a second weight copy, and copying conductances is slow and inexact: analog tiles "
    "update their only copy in place; use training.algorithm: digital-sgd (got '{name}')"
)
EARLY_GRADIENT = (
    "pipeline.schedule: {name} computes weight gradients before the flush, but an analog tile has no gradient buffer: "
    "its rank-one update changes the weights at once; use training.algorithm: digital-sgd (got '{name}')"
)


@pytest.mark.parametrize(
    ("schedule", "micro_batches", "name", "why"),
    [
        ("pipedream", 4, "pipedream", SECOND_COPY),
        ("pipedream-2bw", 4, "pipedream-2bw", SECOND_COPY),
        ("zero-bubble-h1", 4, "zero-bubble-h1", EARLY_GRADIENT),
        (WITH_W, 1, "table", EARLY_GRADIENT),
    ],
)
def test_a_schedule_that_one_array_cannot_run_is_refused_on_analog_tiles_and_runs_digitally(
    schedule: Any, micro_batches: int, name: str, why: str
) -> None:
    with pytest.raises(FieldErrors) as raised:
        assemble(network(schedule, "analog-sgd", micro_batches=micro_batches))
    assert messages(raised.value) == [why.format(name=name)]
    result = aimcsim.simulate(network(schedule, "digital-sgd", micro_batches=micro_batches))
    assert result.summary["status"] == "completed"


@pytest.mark.parametrize("schedule", ["serial", "gpipe", "one-f-one-b", "async", "async-greedy"])
def test_a_schedule_that_updates_its_only_copy_runs_on_analog_tiles(schedule: str) -> None:
    assert aimcsim.simulate(network(schedule, "analog-sgd")).summary["status"] == "completed"


# ---------------------------------------------------------------- names and numbers


def test_an_unknown_schedule_is_refused_with_the_names_and_the_nearest() -> None:
    known = (
        "serial, gpipe, one-f-one-b, interleaved, async, async-greedy, pipedream, pipedream-2bw, zero-bubble-h1, "
        "or a .csv file"
    )
    assert errors_of("asnyc") == [
        f"pipeline.schedule: must be one of {known}; did you mean async? (got 'asnyc')",
    ]
    assert errors_of("xyz") == [f"pipeline.schedule: must be one of {known} (got 'xyz')"]


def test_interleaved_needs_a_multiple_of_the_stages() -> None:
    assert errors_of("interleaved", 4, micro_batches=6) == [
        "pipeline.micro_batches: pipeline.micro_batches=6 must be a multiple of pipeline.stages=4 for interleaved",
    ]


def test_interleaved_needs_times_that_divide_by_the_chunks() -> None:
    with pytest.raises(FieldErrors) as raised:
        assemble(chain("interleaved", 2, 24, [(2, 4, 0), (2, 3, 0)], micro_batches=2, chunks=2))
    assert messages(raised.value) == [
        "hardware.timing.stages.1.backward: backward=3 must be a multiple of pipeline.chunks=2"
    ]


def test_pipedream_2bw_needs_as_many_micro_batches_as_stages() -> None:
    assert errors_of("pipedream-2bw", 4, micro_batches=3) == [
        "pipeline.micro_batches: pipeline.micro_batches=3 must be at least pipeline.stages=4 for pipedream-2bw",
    ]


@pytest.mark.parametrize("schedule", ["async", "async-greedy", "pipedream"])
def test_a_list_of_limits_needs_one_a_stage(schedule: str) -> None:
    assert errors_of(schedule, 3, max_in_flight=[3, 2]) == [
        "pipeline.max_in_flight: a list needs one entry a stage, 3, not 2 (got [3, 2])",
    ]


def test_limits_that_would_deadlock_a_fixed_order_are_refused() -> None:
    assert errors_of("async", 3, max_in_flight=[3, 1, 2]) == [
        "pipeline.max_in_flight.2: stage 3 would wait for 2 forwards, but stage 2 admits only 1 (got 2)",
    ]


def test_the_greedy_policy_runs_with_limits_that_would_deadlock_a_fixed_order() -> None:
    assert aimcsim.simulate(chain("async-greedy", 3, 24, max_in_flight=[3, 1, 2])).summary["status"] == "completed"


def test_a_fixed_order_needs_a_limit_and_greedy_warns_without_one() -> None:
    assert errors_of("async", max_in_flight="unbounded") == [
        "pipeline.max_in_flight: a fixed order needs a limit; unbounded is for async-greedy (got 'unbounded')",
    ]
    assert aimcsim.simulate(chain("async-greedy", 2, 24, max_in_flight="unbounded")).summary["warnings"] == [
        "pipeline.max_in_flight: unbounded lets staleness and memory grow with the run on uneven stages",
    ]
    assert aimcsim.simulate(chain("async-greedy", 2, 24)).summary["warnings"] == []


@pytest.mark.parametrize(
    ("schedule", "keys", "unused"),
    [
        ("async", {"micro_batches": 2, "chunks": 3}, ["pipeline.micro_batches", "pipeline.chunks"]),
        ("async", {"max_in_flight": 2}, []),
        ("async-greedy", {"micro_batches": 2, "max_in_flight": 2}, ["pipeline.micro_batches"]),
        ("pipedream", {"micro_batches": 2}, ["pipeline.micro_batches"]),
        ("gpipe", {"micro_batches": 2, "max_in_flight": 2}, ["pipeline.max_in_flight"]),
        ("serial", {"micro_batches": 2, "update": "flush"}, ["pipeline.update"]),
        ("interleaved", {"micro_batches": 2, "chunks": 1}, []),
        ({"table": [["0F0", "0B0"], ["1F0", "1B0"]]}, {"update": "flush"}, []),
        ({"table": [["0F0", "0B0"], ["1F0", "1B0"]]}, {"max_in_flight": 2}, ["pipeline.max_in_flight"]),
    ],
)
def test_keys_that_the_schedule_does_not_use_are_told_in_the_summary(
    schedule: Any, keys: dict[str, Any], unused: list[str]
) -> None:
    assert aimcsim.simulate(chain(schedule, 2, 24, **keys)).summary["unused_keys"] == unused


# ---------------------------------------------------------------- tables

T = "pipeline.schedule.table"
GOOD = ["1F0", "1B0", "1F1", "1B1"]


def table_errors(*rows: list[str], **pipeline: Any) -> list[str]:
    return errors_of({"table": list(rows)}, 2, **{"micro_batches": 2, **pipeline})


def test_a_table_needs_a_row_a_stage() -> None:
    assert table_errors(["0F0", "0F1", "0B0", "0B1"]) == [f"{T}: has 1 rows, but there are 2 stages"]
    assert table_errors(GOOD, GOOD, GOOD) == [f"{T}: has 3 rows, but there are 2 stages"]


@pytest.mark.parametrize("cell", ["F0", "0X0", "0F", "0f0", "0F0.5", "-1F0", "0F0 0B0", "٣F0"])
def test_a_cell_that_is_no_action_is_refused(cell: str) -> None:
    (message,) = table_errors([cell, "0F1", "0B0", "0B1"], GOOD)
    assert "pipeline.schedule.table.0.0: " in message
    assert repr(cell) in message


def test_a_cell_in_the_row_of_another_stage_is_refused_with_what_is_missing_in_its_own() -> None:
    assert table_errors(["1F0", "0F1", "0B0", "0B1"], GOOD) == [
        f"{T}.0.0: row 1 holds virtual stage 0 (got '1F0')",
        f"{T}.0.2: B0 needs F0 before it",
        f"{T}.0: F0 is missing in row 1",
    ]
    assert table_errors(["0F0", "0F1", "0B0", "0B1", "2F0"], GOOD)[0] == (
        f"{T}.0.4: row 1 holds virtual stage 0 (got '2F0')"
    )


def test_the_updates_of_a_flush_ascend_and_those_between_backwards_stand_as_they_are_written() -> None:
    flush = ["0F0", "0F1", "0B0", "0B1", "", "0U1", "0U0"]
    second = ["1F0", "1F1", "1B0", "1B1", "1U0", "1U1"]
    assert table_errors(flush, second) == [
        f"{T}.0.6: a flush updates in ascending order of its micro-batches: U0 must stand before U1"
    ]
    between = [[f"{m}{action}" for action in ("F0", "F1", "B1", "U1", "B0", "U0")] for m in range(2)]
    found = assemble(chain({"table": between}, 2, 24, micro_batches=2)).schedule
    assert not found.updates_ascend


def test_a_table_of_chunks_names_all_virtual_stages_of_a_row() -> None:
    assert table_errors(["0F0", "5F0"], ["1F0"], micro_batches=1, chunks=2)[0] == (
        f"{T}.0.1: row 1 holds virtual stage 0, 2 (got '5F0')"
    )


def test_an_action_that_stands_twice_is_refused() -> None:
    assert table_errors(["0F0", "0F1", "0F1", "0B0", "0B1"], GOOD) == [f"{T}.0.2: F1 stands in this row already"]


def test_every_missing_action_is_named() -> None:
    assert table_errors(["0F0", "0B0"], GOOD) == [f"{T}.0: B1 is missing in row 1", f"{T}.0: F1 is missing in row 1"]
    assert table_errors([], GOOD) == [f"{T}.0: {action} is missing in row 1" for action in ("B0", "B1", "F0", "F1")]


def test_a_micro_batch_beyond_the_mini_batch_is_refused() -> None:
    assert table_errors(["0F0", "0F1", "0B0", "0B1", "0F2"], GOOD) == [
        f"{T}.0.4: micro-batch must be below pipeline.micro_batches=2 (got 2)",
    ]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (["0B0", "0F0"], f"{T}.0.0: B0 needs F0 before it"),
        (["0F0", "0U0", "0B0"], f"{T}.0.1: U0 needs B0 before it"),
        (["0F0", "0W0", "0B0"], f"{T}.0.1: W0 needs B0 before it"),
    ],
)
def test_an_action_before_what_it_needs_is_refused(row: list[str], message: str) -> None:
    other = [cell.replace("0", "1", 1) for cell in sorted(row, key=lambda cell: "FBWU".index(cell[1]))]
    assert table_errors(row, other, micro_batches=1) == [message]


@pytest.mark.parametrize("kind", ["U", "W"])
def test_updates_and_weight_gradients_stand_in_every_row_or_in_none(kind: str) -> None:
    assert table_errors(["0F0", "0B0", f"0{kind}0"], ["1F0", "1B0"], micro_batches=1) == [
        f"{T}: {kind} must stand in every row or in none",
    ]


def test_an_update_that_is_missing_beside_others_is_named() -> None:
    assert table_errors(["0F0", "0F1", "0B0", "0U0", "0B1"], [*GOOD, "1U0", "1U1"]) == [
        f"{T}.0: U1 is missing in row 1"
    ]


def test_with_weight_gradients_there_is_one_step_behind_them_or_none() -> None:
    rows = ["0F0", "0B0", "0W0", "0F1", "0B1", "0W1"], ["1F0", "1B0", "1W0", "1F1", "1B1", "1W1"]
    step = f"{T}.0.{{}}: with W there is one step a chunk, U1 behind all W of the row"
    assert table_errors([*rows[0], "0U0"], [*rows[1], "1U1"]) == [step.format(6), f"{T}.0: U1 is missing in row 1"]
    assert table_errors([*rows[0][:-1], "0U1", "0W1"], [*rows[1], "1U1"]) == [step.format(5)]
    assert table_errors([*rows[0], "0U0", "0U1"], [*rows[1], "1U1"]) == [step.format(6)]
    written, left_out = (
        aimcsim.simulate(chain({"table": table}, 2, 8, micro_batches=2)).summary
        for table in ([[*rows[0], "0U1"], [*rows[1], "1U1"]], list(rows))
    )
    assert written["makespan_cycles"] == left_out["makespan_cycles"]
    assert written["peak_in_flight"] == left_out["peak_in_flight"] == {"1": 2, "2": 2}


def test_an_order_that_deadlocks_is_refused_with_the_chain_of_what_waits() -> None:
    # The first stage wants B0 before F1, the second F1 before B0.
    assert table_errors(["0F0", "0B0", "0F1", "0B1"], ["1F0", "1F1", "1B0", "1B1"]) == [
        f"{T}.0.1: this order deadlocks: stage 1 waits to start B0; stage 2 waits to start F1",
    ]


def test_all_that_is_wrong_with_a_table_is_told_at_once() -> None:
    assert table_errors(["0F0", "0F0", "0B0", "0F1"], ["1B0", "1F0", "1F1", "1B1"]) == [
        f"{T}.0.1: F0 stands in this row already",
        f"{T}.0: B1 is missing in row 1",
        f"{T}.1.0: B0 needs F0 before it",
    ]


def test_blank_cells_are_ignored_and_a_csv_file_runs_as_the_table_it_holds(tmp_path: Path) -> None:
    file = tmp_path / "study.csv"
    file.write_text("0F0, 0F1,, 0B0, 0B1\n , 1F0, 1B0, 1F1, 1B1\n", encoding="utf-8")
    scenario = tmp_path / "study.yaml"
    scenario.write_text(
        "name: study\nmodel: {chain: 2}\npipeline: {stages: 2, schedule: study.csv, micro_batches: 2}\n"
        "training: {samples: 4}\n",
        encoding="utf-8",
    )
    found = aimcsim.simulate(aimcsim.load_scenario(scenario)).summary
    # Unit times, no update: F0 F1 .. B0 B1 over .. F0 B0 F1 B1, with B1 waiting for the second stage: 6 cycles, twice.
    assert found["makespan_cycles"] == 12
    assert found["schedule"] == "table"


def test_a_table_error_names_the_cell_of_the_csv_file(tmp_path: Path) -> None:
    (tmp_path / "study.csv").write_text("0F0, 0B0\n1F0, 1X0\n", encoding="utf-8")
    scenario = tmp_path / "study.yaml"
    scenario.write_text(
        "name: study\nmodel: {chain: 2}\npipeline: {stages: 2, schedule: study.csv}\ntraining: {samples: 4}\n",
        encoding="utf-8",
    )
    with pytest.raises(ScenarioError) as raised:
        aimcsim.load_scenario(scenario)
    assert str(raised.value).startswith(f"{tmp_path / 'study.csv'}:2:6: pipeline.schedule.table.1.1: ")
