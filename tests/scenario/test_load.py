"""Reading of good scenarios, files beside them, overrides, and the places that errors cite."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aimcsim.errors import FieldError, FieldErrors, Problem, ScenarioError
from aimcsim.scenario.device_spec import IdealDevice, SoftBoundsDevice
from aimcsim.scenario.hardware_spec import NanosecondTiming, StageTiming
from aimcsim.scenario.layer_spec import DenseSpec
from aimcsim.scenario.load import read_scenario, scenario_from_data
from aimcsim.scenario.marks import Mark, problems_from_field_errors
from aimcsim.scenario.model_spec import ChainSpec, NetworkSpec
from aimcsim.scenario.pipeline_spec import TableSchedule
from aimcsim.scenario.training_spec import StepDecay
from tests.scenario.examples import CHAIN, FILES, TRAINED


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in {"trained.yaml": TRAINED, "chain.yaml": CHAIN, **FILES}.items():
        (tmp_path / name).write_text(content)
    return tmp_path


def report(path: Path, overrides: list[str]) -> list[str]:
    with pytest.raises(ScenarioError) as refused:
        read_scenario(path, overrides)
    return str(refused.value).replace(str(path.parent) + os.sep, "").split("\n")


def test_a_chain_scenario_is_read_with_every_form_of_field(folder: Path) -> None:
    scenario, _ = read_scenario(folder / "chain.yaml")
    assert scenario.model == ChainSpec(chain=4)
    assert isinstance(scenario.hardware.timing, StageTiming)
    assert [times.forward for times in scenario.hardware.timing.stages] == [2, 1]
    assert scenario.pipeline.max_in_flight == [4, 3, 2, 1]
    assert (scenario.seed, scenario.trace.ops, scenario.training.samples) == (3, 1000, 64)


def test_a_scenario_takes_in_its_model_and_its_schedule(folder: Path) -> None:
    scenario, _ = read_scenario(folder / "trained.yaml")
    assert isinstance(scenario.model, NetworkSpec)
    assert [layer.name for layer in scenario.model.layers] == ["fc1", "act", "fc2", "sum", "out"]
    assert scenario.pipeline.schedule == TableSchedule(
        table=[["0F0", "0F1", "0B0", "0B1"], ["1F0", "1B0", "1F1", "1B1"], ["2F0", "2B0", "2F1", "2B1"]]
    )
    assert scenario.hardware.timing == NanosecondTiming(
        clock_ns=5.0, forward_ns=130.0, backward_ns=130.0, update_ns=31.5
    )
    assert scenario.hardware.device == SoftBoundsDevice(name="soft-bounds")
    assert scenario.training.learning_rate == StepDecay(initial=0.1, factor=0.5, every_epochs=4)


def test_plain_words_mean_what_yaml_1_2_says() -> None:
    """In YAML 1.1 `on` is true, `1e3` text, `010` eight and `1:30` ninety."""
    base = {"model": {"chain": 1}, "training": {"samples": 1}}
    overrides = ["name=on", "seed=010", "training.learning_rate=1e3", "pipeline.schedule=1:30"]
    scenario, _ = scenario_from_data(base, overrides)
    assert (scenario.name, scenario.seed) == ("on", 10)
    assert (scenario.training.learning_rate, scenario.pipeline.schedule) == (1000.0, "1:30")


def test_marks_lead_into_every_file(folder: Path) -> None:
    _, marks = read_scenario(folder / "trained.yaml")
    scenario, model, table = (str(folder / name) for name in ("trained.yaml", "m.yaml", "s.csv"))
    assert marks.value(("pipeline", "micro_batch")) == Mark(scenario, 16, 16)
    assert marks.key(("pipeline", "micro_batch")) == Mark(scenario, 16, 3)
    assert marks.value(("pipeline", "stages", 1, 1)) == Mark(scenario, 14, 30)
    assert marks.value(("model", "layers", 2, "bias")) == Mark(model, 6, 49)
    assert marks.owner(("model",)) == Mark(model, 1, 1)
    assert marks.value(("pipeline", "schedule", "table", 1, 2)) == Mark(table, 2, 11)


def test_field_errors_of_other_rooms_are_cited_at_the_nearest_place_that_the_file_has(folder: Path) -> None:
    _, marks = read_scenario(folder / "trained.yaml")
    error = problems_from_field_errors(
        FieldErrors(
            [
                FieldError(("model", "layers", 3, "inputs", 0), "no such layer", "act"),
                FieldError(("hardware", "device", "w_max"), "too small", 0.6),
                FieldError(("trace", "ops"), "too many", "all"),
            ]
        ),
        marks,
    )
    scenario = str(folder / "trained.yaml")
    assert error.problems == (
        Problem(scenario, 2, 1, "trace.ops", "too many", "all"),
        Problem(scenario, 9, 11, "hardware.device.w_max", "too small", 0.6),
        Problem(str(folder / "m.yaml"), 7, 37, "model.layers.3.inputs.0", "no such layer", "act"),
    )


def test_overrides_replace_add_and_reach_into_files(folder: Path) -> None:
    scenario, marks = read_scenario(
        folder / "trained.yaml",
        [
            "model.layers.0.outputs=32",
            "hardware.device.dw_min=0.01",
            "pipeline.schedule.table.0=[0F0, 0B0]",
            "training.learning_rate=1e-3",
            "trace.ops=none",
        ],
    )
    assert isinstance(scenario.model, NetworkSpec)
    assert isinstance(scenario.model.layers[0], DenseSpec)
    assert scenario.model.layers[0].outputs == 32
    assert scenario.hardware.device == SoftBoundsDevice(name="soft-bounds", dw_min=0.01)
    assert isinstance(scenario.pipeline.schedule, TableSchedule)
    assert scenario.pipeline.schedule.table[0] == ["0F0", "0B0"]
    assert (scenario.training.learning_rate, scenario.trace.ops) == (0.001, "none")
    assert marks.value(("trace", "ops")) == Mark("--set", 1, 1)


def test_overrides_may_be_a_mapping_of_python_values(folder: Path) -> None:
    given = {"training.epochs": None, "training.samples": 60, "hardware.device": {"name": "ideal"}, "name": "1e3"}
    scenario, _ = read_scenario(folder / "trained.yaml", given)
    assert (scenario.training.epochs, scenario.training.samples, scenario.name) == (None, 60, "1e3")
    assert scenario.hardware.device == IdealDevice(name="ideal")


def test_the_last_of_several_overrides_holds(folder: Path) -> None:
    scenario, _ = read_scenario(folder / "chain.yaml", ["seed=1", "seed=2", "hardware.tile.rows=3", "hardware={}"])
    assert (scenario.seed, scenario.hardware.tile.rows) == (2, 512)


def test_files_set_from_outside_are_relative_to_the_current_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine.yaml").write_text("input: [64]\nlayers:\n  - {name: only, type: dense, outputs: 10}\n")
    monkeypatch.chdir(elsewhere)
    scenario, _ = read_scenario(folder / "trained.yaml", ["model=mine.yaml", "pipeline.stages=1"])
    assert isinstance(scenario.model, NetworkSpec)
    assert [layer.name for layer in scenario.model.layers] == ["only"]


def test_a_model_is_found_above_the_scenario_whatever_the_current_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "s.yaml").write_text(TRAINED.replace("m.yaml", "../m.yaml").replace("s.csv", "../s.csv"))
    monkeypatch.chdir(folder)
    scenario, marks = read_scenario("scenarios/s.yaml")
    assert isinstance(scenario.model, NetworkSpec)
    assert marks.value(("model", "name")).file == "m.yaml"


def test_an_override_can_mend_a_scenario_whose_model_is_missing(folder: Path) -> None:
    (folder / "m.yaml").unlink()
    scenario, _ = read_scenario(folder / "trained.yaml", {"model": {"chain": 3}, "data": {"name": "none"},
                                                          "training": {"samples": 6}})  # fmt: skip
    assert scenario.model == ChainSpec(chain=3)


def test_overrides_that_fit_nowhere_are_reported_all_at_once(folder: Path) -> None:
    assert report(
        folder / "trained.yaml",
        [
            "seed", "name.x=1", "model.layers.out.bias=none", "model.layers.9=1", "model.layers.-1=1", "a..b=1",
            "pipeline.micro_batch=[1", "seed=one", "pipeline.micro_bach=2", "training.samples=!!int x", "=1",
            "model.layers.0.outputs=0",
        ],
    ) == [
        "--set:1:1: must read path=value (got 'seed')",
        "--set:1:1: name.x: name is a single value, with nothing inside it",
        "--set:1:1: model.layers.out.bias: model.layers is a list: its indices are 0 to 4; out is model.layers.4",
        "--set:1:1: model.layers.9: model.layers is a list: its indices are 0 to 4",
        "--set:1:1: model.layers.-1: model.layers is a list: its indices are 0 to 4",
        "--set:1:1: a..b: the path before '=' must be keys and list indices joined by dots",
        "--set:1:1: pipeline.micro_batch: not valid YAML: expected ',' or ']'",
        "--set:1:1: training.samples: does not fit its tag !!int (got x)",
        "--set:1:1: the path before '=' must be keys and list indices joined by dots",
        "--set:1:1: seed: must be a whole number (got 'one')",
        "--set:1:1: model.layers.0.outputs: must be >= 1 (got 0)",
        "--set:1:1: pipeline.micro_bach: unknown key, did you mean micro_batch?",
    ]  # fmt: skip


def test_a_scenario_file_that_cannot_be_read_is_reported(folder: Path) -> None:
    assert report(folder / "none.yaml", []) == ["none.yaml:1:1: no such file"]
    assert report(folder / "elsewhere" / ".." / "none.yaml", [])[0].endswith("none.yaml:1:1: no such file")
    with pytest.raises(ScenarioError, match="is a folder, not a file"):
        read_scenario(folder)


def test_a_file_name_cannot_steer_a_terminal(folder: Path) -> None:
    assert report(folder / "a\x1b[2J\nb.yaml", []) == [r"a\x1b[2J\nb.yaml:1:1: no such file"]


def test_data_given_in_memory_are_copied_and_checked() -> None:
    data = {"name": "x", "model": {"chain": 2}, "training": {"samples": 4, "algorithm": "digital-sgd"}}
    scenario, marks = scenario_from_data(data, ["training.samples=8"])
    assert (scenario.training.samples, scenario.training.algorithm.name) == (8, "digital-sgd")
    assert data["training"] == {"samples": 4, "algorithm": "digital-sgd"}
    assert marks.value(("model", "chain")) == Mark("<scenario>", 1, 1)
    with pytest.raises(ScenarioError, match=r"^<scenario>:1:1: seed: must be plain data \(got a complex\)$"):
        scenario_from_data({**data, "seed": 1j})


def test_data_that_contain_themselves_are_refused() -> None:
    data: dict[str, object] = {"name": "x"}
    data["model"] = data
    with pytest.raises(ScenarioError, match="more than 64 levels"):
        scenario_from_data(data)


def test_reading_a_scenario_imports_nothing_heavy(folder: Path) -> None:
    program = (
        "import sys; from aimcsim.scenario.load import read_scenario; read_scenario(sys.argv[1]);"
        "import aimcsim.scenario.schema, aimcsim.scenario.dump, aimcsim.shipped;"
        "heavy = {'numba', 'sklearn', 'pyarrow', 'matplotlib', 'simpy', 'networkx', 'scipy', 'numpy'};"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    command = [sys.executable, "-c", program, str(folder / "trained.yaml")]
    root = str(Path(__file__).resolve().parents[2])
    finished = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stderr) == (0, "")
