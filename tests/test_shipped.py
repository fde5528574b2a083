"""Finding the models and scenarios that come with aimcsim."""

from __future__ import annotations

from pathlib import Path

import pytest

from aimcsim import shipped
from aimcsim.errors import ScenarioError
from aimcsim.scenario.load import read_scenario
from aimcsim.scenario.model_spec import NetworkSpec

SCENARIO = "name: x\nmodel: ../models/tiny.yaml\ndata: {name: digits}\ntraining: {epochs: 1}\n"


def fill(root: Path) -> Path:
    for kind, name, text in (
        ("models", "tiny", "input: [64]\nlayers:\n  - {name: out, type: dense, outputs: 10}\n"),
        ("scenarios", "digits_async", SCENARIO),
        ("scenarios", "digits_sync", SCENARIO),
    ):
        (root / kind).mkdir(parents=True, exist_ok=True)
        (root / kind / f"{name}.yaml").write_text(text)
    return root


def test_shipped_files_are_listed_by_name(tmp_path: Path) -> None:
    root = fill(tmp_path)
    assert shipped.shipped_models(root) == {"tiny": root / "models" / "tiny.yaml"}
    assert list(shipped.shipped_scenarios(root)) == ["digits_async", "digits_sync"]


@pytest.mark.parametrize("place", ["wheel/aimcsim/shipped_files", "checkout"])
def test_shipped_files_are_found_in_a_wheel_and_in_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    root = fill(tmp_path / place)
    package = tmp_path / place.split("/")[0] / "aimcsim"
    package.mkdir(exist_ok=True)
    (package.parent / "pyproject.toml").touch()
    monkeypatch.setattr(shipped, "_PACKAGE", package)
    assert shipped.shipped_root() == root
    scenario, _ = read_scenario(shipped.find_scenario("digits_async"))
    assert isinstance(scenario.model, NetworkSpec)
    assert scenario.model.input == [64]


def test_nothing_is_shipped_where_there_is_neither(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "_PACKAGE", tmp_path / "aimcsim")
    assert shipped.shipped_root() is None
    assert shipped.shipped_scenarios() == {}


def test_a_scenario_is_a_file_or_else_a_shipped_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = fill(tmp_path / "root")
    monkeypatch.chdir(tmp_path)
    assert shipped.find_scenario("digits_async", root) == root / "scenarios" / "digits_async.yaml"
    assert shipped.find_scenario("digits_async.yaml", root) == root / "scenarios" / "digits_async.yaml"
    (tmp_path / "digits_async.yaml").write_text("name: mine\n")
    assert shipped.find_scenario("digits_async.yaml", root) == Path("digits_async.yaml")


@pytest.mark.parametrize("text", ["../scenarios/digits_sync", "", "a\0b", "n" * 5000])
def test_a_text_that_is_neither_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ScenarioError, match="no such file, nor a scenario that comes with aimcsim"):
        shipped.find_scenario(text, fill(tmp_path))


def test_a_slip_of_the_keyboard_is_met_with_names_that_come_close(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"^digits_asink:1:1: no such .*; did you mean digits_async"):
        shipped.find_scenario("digits_asink", fill(tmp_path))
