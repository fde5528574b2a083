"""`aimcsim import`: two files, or one message and exit status 2."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aimcsim.cli import app
from aimcsim.loading import load_scenario

pytest.importorskip("onnx")

FILES = Path(__file__).parents[1] / "network" / "onnx_files"


def test_a_network_becomes_a_model_file_that_a_scenario_can_begin_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = CliRunner().invoke(app, ["import", str(FILES / "lenet.onnx")])
    assert found.exit_code == 0, found.output
    assert found.output == "model: lenet.yaml (10 layers, 4 with a matrix)\ntraining.initial_weights: lenet.npz\n"
    (tmp_path / "s.yaml").write_text("name: s\nmodel: lenet.yaml\ntraining: {samples: 1, initial_weights: lenet.npz}\n")
    assert load_scenario("s.yaml").training.initial_weights == str(tmp_path / "lenet.npz")
    again = CliRunner().invoke(app, ["import", str(FILES / "lenet.onnx")])
    assert (again.exit_code, again.stderr) == (2, "lenet.yaml exists; --force replaces it\n")
    assert CliRunner().invoke(app, ["import", str(FILES / "lenet.onnx"), "--force"]).exit_code == 0


def test_what_cannot_be_imported_is_said_in_one_line_and_leaves_no_file(tmp_path: Path) -> None:
    found = CliRunner().invoke(app, ["import", str(FILES / "unknown.onnx"), "--out", str(tmp_path / "net.yaml")])
    assert found.exit_code == 2
    assert found.stderr.endswith(
        "unknown.onnx: cannot be imported, because aimcsim has no layer for "
        "the operation Gelu; the operation PRelu; Conv with dilations [2, 2]\n"
    )
    assert found.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_without_the_package_onnx_the_message_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    found = CliRunner().invoke(app, ["import", str(FILES / "lenet.onnx"), "--out", str(tmp_path / "net.yaml")])
    assert (found.exit_code, found.stderr) == (2, "needs the package onnx:  pip install 'aimcsim[onnx]'\n")
