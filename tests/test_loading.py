"""What no part of a scenario can see alone: whether model, data, hardware and schedule fit together."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import aimcsim
from aimcsim.cli import app
from aimcsim.errors import ScenarioError
from aimcsim.loading import load
from aimcsim.shipped import shipped_scenarios

GOOD = """\
name: good
model:
  input: [64]
  layers:
    - {name: fc1, type: dense, outputs: 16}
    - {name: act1, type: tanh}
    - {name: fc2, type: dense, outputs: 16}
    - {name: out, type: dense, outputs: 10}
data: {name: digits}
pipeline: {stages: 3, schedule: async, micro_batch: 2, micro_batches: 4}
training: {samples: 64, learning_rate: 0.1}
"""


def case(name: str, old: str, new: str, *lines: str) -> object:
    """GOOD with `old` replaced by `new`, and the report that this earns."""
    assert old in GOOD, old
    return pytest.param(GOOD.replace(old, new), list(lines), id=name)


LAYERS = "    - {name: out, type: dense, outputs: 10}\n"
FC1 = "{name: fc1, type: dense, outputs: 16}"
PIPELINE = "{stages: 3, schedule: async, micro_batch: 2, micro_batches: 4}"
COPIES = (
    "needs a second weight copy, and copying conductances is slow and inexact: analog tiles update their only copy in "
    "place; use training.algorithm: digital-sgd"
)

CASES = [
    case(
        "a link so slow that no clock counts its cycles",
        "pipeline:",
        "hardware: {link: {bandwidth: 1.0e-300}}\npipeline:",
        "s.yaml:10:18: hardware.link: with times so long 32 micro-batches could take more than 10^18 cycles",
    ),
    case(
        "operations so long that no clock counts their cycles",
        "training: {samples: 64",
        "hardware: {timing: {forward: 1000000000000, backward: 1, update: 1}}\ntraining: {samples: 1000000",
        "s.yaml:11:20: hardware.timing: with times so long 500000 micro-batches could take more than 10^18 cycles",
    ),
    case(
        "a stage without a layer",
        "stages: 3",
        "stages: 4",
        "s.yaml:10:20: pipeline.stages: stages=4 leaves a stage without a layer: the model has 3 array layers (got 4)",
    ),
    case(
        "a stage list that forgets a layer",
        "stages: 3",
        "stages: [[fc1], [fc2]]",
        "s.yaml:10:20: pipeline.stages: no stage holds out",
    ),
    case(
        "a stage list with an unknown layer",
        "stages: 3",
        "stages: [[fc1], [fc2], [out, fc9]]",
        "s.yaml:10:41: pipeline.stages.2.1: no such layer in the model (got 'fc9')",
    ),
    case(
        "a stage of digital layers alone",
        "stages: 3",
        "stages: [[fc1], [act1], [fc2, out]]",
        "s.yaml:10:28: pipeline.stages.1: a stage needs at least one array layer (got ['act1'])",
    ),
    case(
        "stages in the wrong order",
        "stages: 3",
        "stages: [[fc2], [fc1], [out]]",
        "s.yaml:10:20: pipeline.stages: fc2 in stage 1 reads act1 of the later stage 2",
    ),
    case(
        "interleaved with too few layers",
        PIPELINE,
        "{stages: 2, schedule: interleaved, micro_batches: 4}",
        "s.yaml:10:20: pipeline.stages: stages x chunks = 2 x 2 leaves a stage without a layer: the model has 3 array "
        "layers (got 2)",
    ),
    case(
        "interleaved with a mini-batch that does not divide",
        PIPELINE,
        "{stages: 3, schedule: interleaved, chunks: 1, micro_batches: 4}",
        "s.yaml:10:72: pipeline.micro_batches: pipeline.micro_batches=4 must be a multiple of pipeline.stages=3 for "
        "interleaved",
    ),
    case(
        "pipedream on analog tiles",
        "schedule: async",
        "schedule: pipedream",
        f"s.yaml:10:33: pipeline.schedule: pipedream {COPIES} (got 'pipedream')",
    ),
    case(
        "2BW on analog tiles",
        "schedule: async",
        "schedule: pipedream-2bw",
        f"s.yaml:10:33: pipeline.schedule: pipedream-2bw {COPIES} (got 'pipedream-2bw')",
    ),
    case(
        "weight gradients on analog tiles",
        "schedule: async",
        "schedule: zero-bubble-h1",
        "s.yaml:10:33: pipeline.schedule: zero-bubble-h1 computes weight gradients before the flush, but an analog "
        "tile has no gradient buffer: its rank-one update changes the weights at once; use training.algorithm: "
        "digital-sgd (got 'zero-bubble-h1')",
    ),
    case(
        "an unknown schedule",
        "schedule: async",
        "schedule: asink",
        "s.yaml:10:33: pipeline.schedule: must be one of serial, gpipe, one-f-one-b, interleaved, async, async-greedy, "
        "pipedream, pipedream-2bw, zero-bubble-h1, or a .csv file; did you mean async? (got 'asink')",
    ),
    case(
        "an unknown hardware preset",
        "training:",
        "hardware: {timing: rasch}\ntraining:",
        "s.yaml:11:20: hardware.timing: must be one of ibm_hermes_2023, neurosim_v2_1, panther_2020, rasch_2024, "
        "rpu_2016, unit, or times (got 'rasch')",
    ),
    case(
        "a preset without the figure that is needed",
        "training:",
        "hardware: {timing: ibm_hermes_2023}\ntraining:",
        "s.yaml:11:20: hardware.timing: ibm_hermes_2023 gives no update time, and training needs one "
        "(got 'ibm_hermes_2023')",
    ),
    case(
        "stage times for another number of stages",
        "training:",
        "hardware: {timing: {stages: [{}, {}]}}\ntraining:",
        "s.yaml:11:29: hardware.timing.stages: needs one triple a stage, 3 (got 2)",
    ),
    case(
        "an in-flight list of the wrong length",
        "micro_batch: 2,",
        "micro_batch: 2, max_in_flight: [3, 2],",
        "s.yaml:10:71: pipeline.max_in_flight: a list needs one entry a stage, 3, not 2 (got [3, 2])",
    ),
    case(
        "an in-flight list that would deadlock",
        "micro_batch: 2,",
        "micro_batch: 2, max_in_flight: [1, 2, 1],",
        "s.yaml:10:75: pipeline.max_in_flight.1: stage 2 would wait for 2 forwards, but stage 1 admits only 1 (got 2)",
    ),
    case(
        "unbounded in a fixed order",
        "micro_batch: 2,",
        "micro_batch: 2, max_in_flight: unbounded,",
        "s.yaml:10:71: pipeline.max_in_flight: a fixed order needs a limit; unbounded is for async-greedy "
        "(got 'unbounded')",
    ),
    case(
        "float updates with a device that keeps a state",
        "training:",
        "hardware: {device: reram-sb, pulses: {pulse_type: none-with-device}}\ntraining:",
        "s.yaml:11:51: hardware.pulses.pulse_type: none-with-device knows the ideal device and soft bounds that do not "
        "age (got 'soft-bounds-reference')",
    ),
    case(
        "rates that count in pulses without pulses",
        "training: {",
        "hardware: {device: ideal}\ntraining: {algorithm: {name: agad, auto_scale: true, threshold: 0.1}, ",
        "s.yaml:12:48: training.algorithm.auto_scale: counts in pulses, and these devices are written without them",
    ),
    case(
        "rates that follow the data with trains of any length",
        "training: {",
        "hardware: {pulses: {fixed_bl: false, update_bl_management: false}}\n"
        "training: {algorithm: {name: agad, auto_scale: true}, ",
        "s.yaml:12:48: training.algorithm.auto_scale: needs hardware.pulses.fixed_bl or update_bl_management: trains "
        "of bounded length",
    ),
    case(
        "a model that reads another shape",
        "input: [64]",
        "input: [63]",
        "s.yaml:3:10: model.input: a sample of digits is [8, 8], the model reads [63]",
    ),
    case(
        "a model with too few outputs",
        "type: dense, outputs: 10}",
        "type: dense, outputs: 9}",
        "s.yaml:9:14: data.name: digits has 10 classes, the model's output out has 9 values",
    ),
    case(
        "a loss that needs classes",
        "data: {name: digits}",
        "data: {name: least-squares, problem: {inputs: 64, outputs: 10}}",
        "s.yaml:3:3: model.loss: cross-entropy needs classes, least-squares has target vectors; use squared",
    ),
    case(
        "more samples than the set has",
        "{name: digits}",
        "{name: digits, train: 2000}",
        "s.yaml:9:29: data.train: digits has 1437 train samples (got 2000)",
    ),
    case(
        "a cycle of layers",
        FC1,
        "{name: fc1, type: dense, outputs: 16, inputs: [fc2]}",
        "s.yaml:5:54: model.layers.0.inputs.0: the layers form a cycle: fc1 → act1 → fc2 → fc1",
    ),
    case(
        "a layer that reads an unknown one",
        FC1,
        "{name: fc1, type: dense, outputs: 16, inputs: [fc7]}",
        "s.yaml:5:54: model.layers.0.inputs.0: no layer has this name (got 'fc7')",
    ),
    case(
        "two layers of one name",
        "{name: fc2, type: dense",
        "{name: fc1, type: dense",
        "s.yaml:7:14: model.layers.2.name: layer names must differ, model.layers.0 has this one (got 'fc1')",
    ),
    case(
        "shapes that cannot be added",
        LAYERS,
        "    - {name: add1, type: add, inputs: [input, fc2]}\n" + LAYERS,
        "s.yaml:8:47: model.layers.3.inputs.1: add1 adds input [64] and fc2 [16]",
    ),
    case(
        "an output that nobody reads",
        LAYERS,
        "    - {name: aside, type: dense, outputs: 4}\n    - {name: out, type: dense, outputs: 10, inputs: [fc2]}\n",
        "s.yaml:8:7: model.layers.3: nobody reads aside; only the layer that the loss reads (out) may have no reader",
    ),
    case(
        "several rooms at once, in the order of the file",
        "input: [64]\n",
        "input: [63]\n  loss: squared\n",
        "s.yaml:3:10: model.input: a sample of digits is [8, 8], the model reads [63]",
    ),
]


def report_of(folder: Path, text: str) -> list[str]:
    """The lines of the error report on a scenario text, without the folder."""
    path = folder / "s.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        load(path)
    except ScenarioError as error:
        return [line.replace(str(folder) + os.sep, "") for line in str(error).split("\n")]
    return []


def test_a_flush_of_a_file_that_does_not_ascend_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "order.csv").write_text("0F0,0F1,0B0,0B1,0U0,0U1\n\n1F0,1F1,1B0,1B1, 1U1,  1U0\n")
    file = tmp_path / "s.yaml"
    file.write_text(
        "name: s\nmodel: {chain: 2}\npipeline: {schedule: order.csv, micro_batches: 2}\ntraining: {samples: 4}\n"
    )
    with pytest.raises(ScenarioError) as refused:
        load(file)
    assert str(refused.value).startswith(
        f"{tmp_path}/order.csv:3:24: pipeline.schedule.table.1.5: a flush updates in ascending order"
    )


def test_the_scenario_that_is_spoilt_below_is_good(tmp_path: Path) -> None:
    assert report_of(tmp_path, GOOD) == []


@pytest.mark.parametrize(("text", "lines"), CASES)
def test_what_does_not_fit_together_is_named_with_its_place(text: str, lines: list[str], tmp_path: Path) -> None:
    assert report_of(tmp_path, text) == lines


def test_errors_of_several_rooms_are_reported_together(tmp_path: Path) -> None:
    text = GOOD.replace("input: [64]", "input: [63]").replace("schedule: async", "schedule: pipedream")
    text = text.replace("training:", "hardware: {timing: nowhere}\ntraining:")
    paths = [line.split(": ")[1] for line in report_of(tmp_path, text)]
    assert paths == ["model.input", "hardware.timing"]


def test_a_learning_rate_that_needs_endless_trains_is_refused_before_the_run(tmp_path: Path) -> None:
    text = GOOD.replace("learning_rate: 0.1", "learning_rate: 1000.0").replace(
        "training:", "hardware: {pulses: {fixed_bl: false, update_bl_management: false}}\ntraining:"
    )
    (tmp_path / "s.yaml").write_text(text, encoding="utf-8")
    done = CliRunner().invoke(app, ["run", str(tmp_path / "s.yaml"), "--out", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert "training.learning_rate: learning_rate/scale=1000 needs more than 65536 pulses" in done.stderr
    assert not (tmp_path / "out").exists()


def test_thousands_of_digital_layers_in_a_row_are_computed_without_recursion(tmp_path: Path) -> None:
    relus = "".join(f"    - {{name: r{i}, type: relu}}\n" for i in range(1500))
    text = GOOD.replace("    - {name: act1, type: tanh}\n", relus).replace("samples: 64", "samples: 8")
    (tmp_path / "s.yaml").write_text(text, encoding="utf-8")
    result = aimcsim.simulate(aimcsim.load_scenario(tmp_path / "s.yaml", {"data.test": 10}))
    assert result.summary["status"] == "completed"


def test_files_that_no_run_wrote_are_not_deleted_with_an_older_run(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("name: c\nmodel: {chain: 2}\ntraining: {samples: 4}\n", encoding="utf-8")
    command = ["run", str(tmp_path / "s.yaml"), "--out", str(tmp_path / "out")]
    assert CliRunner().invoke(app, command).exit_code == 0
    (tmp_path / "out" / "notes.txt").write_text("precious")
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 1
    assert "notes.txt, which no run wrote" in done.stderr
    assert (tmp_path / "out" / "notes.txt").read_text() == "precious"


def test_a_run_that_diverged_can_be_compared(tmp_path: Path) -> None:
    settings = [
        "--set",
        "training.algorithm=digital-sgd",
        "--set",
        "training.learning_rate=1e12",
        "--set",
        "training.reduction=sum",
    ]
    (tmp_path / "s.yaml").write_text(GOOD, encoding="utf-8")
    out = str(tmp_path / "out")
    assert CliRunner().invoke(app, ["run", str(tmp_path / "s.yaml"), "--out", out, *settings]).exit_code == 0
    done = CliRunner().invoke(app, ["compare", out, "--no-reference"])
    assert (done.exit_code, "diverged" in done.stdout) == (0, True)


def test_a_timing_only_run_of_unpulsed_updates_takes_no_pulse_time(tmp_path: Path) -> None:
    text = GOOD.replace("training: {", "hardware: {timing: rasch_2024}\ntraining: {algorithm: digital-sgd, ")
    (tmp_path / "s.yaml").write_text(text, encoding="utf-8")
    scenario = aimcsim.load_scenario(tmp_path / "s.yaml")
    runs = [aimcsim.simulate(scenario, train=train).summary for train in (True, False)]
    assert runs[0]["makespan_cycles"] == runs[1]["makespan_cycles"]
    assert [run["durations"] for run in runs] == ["fixed", "fixed"]


@pytest.mark.parametrize("name", shipped_scenarios())
def test_every_shipped_scenario_is_good(name: str) -> None:
    assert aimcsim.load_scenario(name).name == name


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.integers(0, len(GOOD) - 1),
    length=st.integers(1, 12),
    text=st.sampled_from(["", "-1", "{}", "9" * 30, "fc2", "\n", ": ", "<b>"]),
)
def test_a_mutated_scenario_ends_with_status_2_and_writes_nothing(
    start: int, length: int, text: str, tmp_path: Path
) -> None:
    spoilt = GOOD[:start] + text + GOOD[start + length :]
    if not report_of(tmp_path, spoilt):
        return
    out = tmp_path / "runs" / "out"
    done = CliRunner().invoke(app, ["run", str(tmp_path / "s.yaml"), "--out", str(out)])
    assert (done.exit_code, out.parent.exists()) == (2, False)
