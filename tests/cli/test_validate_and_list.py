"""`validate`, `schema`, `list`, `--version`, `--help`: quick answers without a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import aimcsim
from aimcsim.hardware.presets import PRESETS
from aimcsim.pipeline.schedules.registry import SCHEDULES
from tests.cli.command import CHAIN, DIGITS, aimcsim_, files_in, start, write

HEAVY = {"numba", "sklearn", "matplotlib", "pyarrow", "scipy"}
LIGHT_RUN = """
import sys
from aimcsim.cli import app
try:
    app(sys.argv[1:])
except SystemExit as end:
    print("\\n@", end.code, *sys.modules)
"""


def test_a_good_scenario_is_one_line(tmp_path: Path) -> None:
    result = aimcsim_("validate", write(tmp_path, DIGITS))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "ok: digits: 3 stages, 3 array layers, 3 tiles, schedule async, 96 samples\n"
    # 64 inputs in blocks of 40 rows: two tiles for the first layer.
    result = aimcsim_("validate", write(tmp_path, DIGITS), "--set", "hardware.tile.rows=40")
    assert "3 array layers, 4 tiles" in result.stdout
    assert set(files_in(tmp_path)) == {"s.yaml"}


def test_a_bad_scenario_is_2_and_all_its_mistakes(tmp_path: Path) -> None:
    file = write(tmp_path, CHAIN.replace("async", "asink").replace("samples: 16", "samples: -1"))
    result = aimcsim_("validate", file, "--set", "seed=x")
    assert (result.exit_code, result.stdout) == (2, "")
    assert [line.split(" ")[0] for line in result.stderr.splitlines()] == [f"{file}:4:21:", "--set:1:1:"]
    result = aimcsim_("validate", write(tmp_path, CHAIN.replace("async", "asink")))
    assert result.stderr.startswith(f"{file}:3:22: pipeline.schedule: must be one of serial, ")
    assert "did you mean async?" in result.stderr


def test_what_is_no_mistake_but_may_stop_a_run_is_a_warning_with_its_place(tmp_path: Path) -> None:
    file = write(tmp_path, CHAIN.replace("async", "async-greedy"))
    result = aimcsim_("validate", file, "--set", "hardware.link.capacity=1")
    assert result.exit_code == 0
    assert result.stdout.startswith("ok: chain")
    assert result.stderr.startswith("warning: --set:1:1: hardware.link.capacity: links that hold 1 may stop a run")
    assert aimcsim_("validate", file, "--set", "hardware.link.capacity=8").stderr == ""


COPIES = """\
name: copies
model: {input: [64], layers: [{name: fc, type: dense, outputs: 10}]}
data: {name: digits}
hardware:
  timing: {forward: 1, backward: 1, update: 1}
  placement: {replicas: {fc: 2}}
pipeline: {stages: 2}
training: {epochs: 1}
"""


def test_what_only_training_refuses_is_said_beside_what_does_not_fit(tmp_path: Path) -> None:
    file = write(tmp_path, COPIES)
    for command in (["validate"], ["run", "--out", tmp_path / "out"], ["compare", "--no-reference"]):
        result = aimcsim_(command[0], file, *command[1:])
        assert (result.exit_code, result.stdout) == (2, "")
        lines = result.stderr.splitlines()
        assert [line.partition(" ")[0] for line in lines] == [f"{file}:6:25:", f"{file}:7:20:"]
        assert "hardware.placement.replicas: copies on analog arrays drift apart" in lines[0]
        assert "pipeline.stages: " in lines[1]
    assert set(files_in(tmp_path)) == {"s.yaml"}
    one_stage = ("--set", "pipeline.stages=1")
    assert aimcsim_("validate", file, *one_stage).exit_code == 2
    assert aimcsim_("validate", file, *one_stage, "--set", "training.algorithm=digital-sgd").exit_code == 0
    for timed in (["validate"], ["run", "--out", tmp_path / "out"]):
        assert aimcsim_(timed[0], file, *one_stage, *timed[1:], "--no-train").exit_code == 0


def test_the_schema_is_json() -> None:
    schema = json.loads(aimcsim_("schema").stdout)
    assert schema["title"] == "aimcsim scenario"
    assert "pipeline" in schema["properties"]


def test_schedules_are_listed_with_what_they_are() -> None:
    shown = " ".join(aimcsim_("list", "schedules").stdout.split())
    for name, schedule in SCHEDULES.items():
        assert f"{name} {schedule.summary.split()[0]}" in shown


def test_presets_are_listed_with_unit_and_source_and_what_was_not_checked() -> None:
    shown = aimcsim_("list", "hardware").stdout
    for preset in PRESETS.values():
        assert preset.name in shown
    assert "133 ns per MVM" in shown
    assert "Le Gallo et al." in shown
    rows = [line for line in shown.splitlines() if "Gokmen" in line]
    assert len(rows) == 3
    assert all("unverified" in row for row in rows)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("devices", ("ideal", "soft-bounds", "dw_min 0.001", "mult_noise true", "pcm", "7089", "(2019)")),
        (
            "algorithms",
            ("digital-sgd", "analog-sgd", "tiki-taka-v2", "agad", "multi-tile-residual", "E-RIDER (reconstructed"),
        ),
        ("datasets", ("digits", "8 x 8", "1437", "fashion-mnist", "60000", "least-squares", "none")),
        ("models", ("model", "about", "file")),
        ("scenarios", ("scenario", "about", "file")),
        ("sweeps", ("stages-and-schedules", "small-search", "about", "file")),
    ],
)
def test_everything_else_that_a_scenario_may_name_is_listed(kind: str, words: tuple[str, ...]) -> None:
    shown = " ".join(aimcsim_("list", kind).stdout.split())
    assert [word for word in words if word not in shown] == []


def test_models_and_scenarios_are_listed_with_the_sentence_they_open_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in ("models", "scenarios"):
        (tmp_path / kind).mkdir()
        write(tmp_path / kind, "# A [red]small\x1b one\n# for tests. And more.\nname: x\n", f"tiny-{kind}.yaml")
    monkeypatch.setattr("aimcsim.shipped.shipped_root", lambda: tmp_path)
    for kind in ("models", "scenarios"):
        shown = aimcsim_("list", kind).stdout
        assert f"tiny-{kind}" in shown
        assert "A [red]small\\x1b one for tests. " in shown
        assert "And more" not in shown


def test_something_else_cannot_be_listed() -> None:
    assert aimcsim_("list", "colours").exit_code == 2


def test_the_version_is_the_package_s() -> None:
    assert aimcsim_("--version").stdout == f"aimcsim {aimcsim.__version__}\n"


def test_help_names_the_commands_that_work_and_no_others() -> None:
    shown = aimcsim_("--help").stdout
    for command in ("run", "compare", "timeline", "explain", "sweep", "search", "validate", "schema", "list"):
        assert f" {command} " in shown
    assert "--threads" in aimcsim_("run", "--help").stdout


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"], ["validate", "s.yaml"]])
def test_quick_answers_import_nothing_slow(tmp_path: Path, arguments: list[str]) -> None:
    write(tmp_path, DIGITS)
    with start(LIGHT_RUN, *arguments, cwd=tmp_path) as process:
        stdout, stderr = process.communicate(timeout=60)
    status, *modules = stdout.rpartition("@")[2].split()
    assert (status, stderr) == ("0", "")
    heavy = HEAVY if arguments[0] == "validate" else HEAVY | {"networkx", "simpy", "numpy", "yaml"}
    assert heavy & set(modules) == set()


def test_the_package_runs_as_a_module(tmp_path: Path) -> None:
    with start("import runpy; runpy.run_module('aimcsim')", "--version", cwd=tmp_path) as process:
        stdout, _ = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (0, f"aimcsim {aimcsim.__version__}\n")
