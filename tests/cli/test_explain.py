"""`aimcsim explain`: what it prints, its exit status, and folders that somebody else may have written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import aimcsim
from aimcsim.cli import app
from aimcsim.scenario.load import scenario_from_data
from aimcsim.shipped import find_scenario
from tests.pipeline.machines import chain, scenario_of

PRICED: dict[str, Any] = {
    "timing": {"clock_ns": 2, "forward_ns": 40, "backward_ns": 40, "pulse_ns": 5},
    "energy": {"forward_pj": 100, "idle_mw": 0.5, "source": "a book"},
    "area": {"cell_um2": 0.16, "tile_mm2": 0.25},
}


def priced(**hardware: Any) -> aimcsim.Scenario:
    return scenario_of(
        model={"input": [6], "layers": [{"name": n, "type": "dense", "outputs": 5} for n in ("fc1", "fc2")]},
        hardware=PRICED | hardware,
        pipeline={"stages": 2, "schedule": "serial", "micro_batch": 3},
        training={"samples": 12},
    )


def explained(folder: Path) -> Any:
    return CliRunner().invoke(app, ["explain", str(folder)], env={"COLUMNS": "200"})


def words(text: str) -> list[str]:
    """The text without lines and columns of tables."""
    return text.replace("│", " ").split()


def test_each_figure_is_traced_to_counts_unit_costs_and_sources(tmp_path: Path) -> None:
    folder = aimcsim.simulate(priced(), train=False).save(tmp_path / "run")
    done = explained(folder)
    assert done.exit_code == 0
    text = " ".join(words(done.stdout))
    # Four micro-batches of 3 samples: F and B take 3 · 20 cycles, U 3 · 31 slots of 2.5: 232.5, so 233.
    assert "F forward 4 60 240" in text
    assert "U update 4 233 932" in text
    assert "s1.fc1.r0c0 233" in text
    # Serial: F, F, B, B and U, while the second stage's U runs beside the first one's B.
    assert "makespan: 1892 cycles of 2 ns = 3.784e-06 s" in text
    assert 4 * (4 * 60 + 233) == 1892
    # Two tiles, 12 products each; idle: 2 · 1892 cycles less 2 · 4 · (60 + 60 + 233), of 2 ns.
    assert "forward products 24 100 pJ 2.4e-09" in text
    assert f"idle tile time (ns) {2 * (2 * 1892 - 8 * 353)} 0.5 mW x ns" in text
    assert "backward products 24" in text.split("without a unit cost")[1]
    assert "devices 55 0.16 um2 8.8e-06" in text
    assert "tiles 2 0.25 mm2 0.5" in text
    sources = text.split("sources")[1]
    assert "scenario" in sources
    assert "a book" in sources


def test_the_halves_of_a_transfer_are_told_apart(tmp_path: Path) -> None:
    scenario = priced().model_dump(mode="json", exclude_none=True)
    scenario["training"] = {"samples": 12, "algorithm": {"name": "tiki-taka", "transfer_every": 2}}
    folder = aimcsim.simulate(scenario_from_data(scenario)[0], train=False).save(tmp_path / "run")
    # A line is read in 40 ns, 20 cycles, and written in 31 slots of 2.5 cycles: 77.5, so 78.
    assert "s1.fc1.r0c0.P read 20 + s1.fc1.r0c0 write 78" in " ".join(words(explained(folder).stdout))


def test_a_chain_without_unit_costs_is_explained_too(tmp_path: Path) -> None:
    folder = aimcsim.simulate(chain("async", [(1, 2, 1), (1, 1, 1)], 8), train=False).save(tmp_path / "run")
    text = " ".join(words(explained(folder).stdout))
    assert "B backward 8 2 16" in text
    assert "energy: none" in text
    assert "area: none" in text


def test_a_shipped_run_shows_idle_power_and_presets_sources(tmp_path: Path) -> None:
    runs = {}
    for kind in ("sync", "async"):
        scenario = aimcsim.load_scenario(
            find_scenario(f"digits-priced-{kind}"), overrides={"training.epochs": None, "training.samples": 320}
        )
        runs[kind] = aimcsim.simulate(scenario, train=False)
    lines = {kind: {x["what"]: x for x in run.summary["energy"]["lines"]} for kind, run in runs.items()}
    for what, line in lines["sync"].items():
        if what != "idle tile time (ns)":
            assert lines["async"][what] == line
    # Without numbers both do the same; a dense schedule is worth its idle power.
    idle = {kind: own["idle tile time (ns)"]["joules"] for kind, own in lines.items()}
    assert idle["sync"] > idle["async"] > 0
    assert runs["sync"].summary["energy_j"] - runs["async"].summary["energy_j"] == pytest.approx(
        idle["sync"] - idle["async"]
    )
    text = " ".join(words(explained(runs["async"].save(tmp_path / "run")).stdout))
    assert "Nat. Commun. 15:7133 (2024), Table 1" in text
    assert "400 nm pitch" in text


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_a_folder_that_is_no_run_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    done = explained(tmp_path / name)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "run folder" in done.stderr


def changed(folder: Path, change: Any) -> Path:
    path = folder / "summary.json"
    summary = json.loads(path.read_text())
    change(summary)
    path.write_text(json.dumps(summary))
    return folder


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("stage_actions"), "lacks stage_actions; was this run written by an older version"),
        (lambda s: s.update(stage_actions={}), "stage_actions"),
        (lambda s: s.update(energy={"lines": 3}), "energy.lines"),
        (lambda s: s.update(makespan_cycles=-1), "makespan_cycles"),
        (lambda s: s.update(energy_j="much"), "energy_j"),
        (lambda s: s.update(cycle_ns=float("nan")), "cycle_ns"),
    ],
)
def test_a_summary_that_says_too_little_or_nonsense_is_refused(tmp_path: Path, change: Any, message: str) -> None:
    folder = aimcsim.simulate(priced(), train=False).save(tmp_path / "run")
    done = explained(changed(folder, change))
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr


def test_a_summary_that_is_no_json_is_refused(tmp_path: Path) -> None:
    folder = aimcsim.simulate(priced(), train=False).save(tmp_path / "run")
    (folder / "summary.json").write_text("{")
    done = explained(folder)
    assert done.exit_code == 2
    assert "is no JSON text" in done.stderr


def test_escape_sequences_in_a_summary_do_not_reach_the_terminal(tmp_path: Path) -> None:
    bad = "\x1b[31m\x1b]0;title\x07[red]"

    def change(summary: dict[str, Any]) -> None:
        for key in ("name", "schedule", "status", "durations", "bottleneck"):
            summary[key] = bad
        stage = summary["stage_actions"].pop("1")
        stage["actions"][bad] = {"count": 1, "cycles": 10**6, "steps": [{"unit": bad, "cycles": 1}]}
        summary["stage_actions"][bad] = {**stage, "name": bad}
        for line in (*summary["energy"]["lines"], *summary["area"]["lines"]):
            line |= {"what": bad, "unit": bad, "source": bad}
        summary["energy"]["unpriced"] = {bad: 1}
        summary["unit_times"] = [{"what": bad, "value": 1, "unit": bad, "source": bad}]

    folder = aimcsim.simulate(priced(), train=False).save(tmp_path / "run")
    done = explained(changed(folder, change))
    assert done.exit_code == 0
    assert "\x1b" not in done.stdout
    assert "\x07" not in done.stdout
    assert "[red]" in done.stdout


def test_list_hardware_shows_every_figure_with_its_source() -> None:
    done = CliRunner().invoke(app, ["list", "hardware"], env={"COLUMNS": "300"})
    assert done.exit_code == 0
    text = " ".join(words(done.stdout))
    for shown in (
        "rasch_2024",
        "digital 175 operations per ns and array",
        "energy.idle_mw 0.2 mW per tile",
        "unverified:",
    ):
        assert shown in text
