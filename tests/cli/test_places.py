"""Where a command is told to write: places that cannot be written are one line, and nothing is left there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.command import CHAIN, aimcsim_, files_in, write

#: Folders of the system in which nobody, root included, can make a file.
CLOSED = Path("/proc")

PLACES = {
    "a file": ("file", "{here}/file exists and is no folder; give another --out"),
    "below a file": ("file/run", "{here}/file is no folder; give another --out"),
    "a folder with something else in it": ("full", "{here}/full exists and is no run of aimcsim; give another --out"),
    "a link to nowhere": ("dangling", "{here}/dangling exists and is no folder; give another --out"),
    "a link to itself": ("ring", "{here}/ring exists and is no folder; give another --out"),
    "below a link to itself": ("ring/run", "{here}/ring is no folder; give another --out"),
    "a device": ("/dev/null", "/dev/null exists and is no folder; give another --out"),
    "the root": ("/", "/ exists and is no run of aimcsim; give another --out"),
    "a long name": ("y" * 300, "a name of more than 200 bytes is too long: "),
    "half of a pair": ("\udcff", "{here}/\\udcff is no UTF-8 text; give another --out"),
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, CHAIN)
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "precious").write_text("mine")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "ring").symlink_to("ring")
    return tmp_path


@pytest.mark.parametrize("command", ["run", "compare"])
@pytest.mark.parametrize("place", PLACES)
def test_a_place_where_no_run_can_stand_is_told_before_anything_runs(here: Path, command: str, place: str) -> None:
    out, message = PLACES[place]
    before = files_in(here)
    result = aimcsim_(command, "s.yaml", "--out", out)
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith(message.format(here=here))
    assert files_in(here) == before
    assert sorted(os.listdir(here)) == ["dangling", "file", "full", "ring", "s.yaml"]


@pytest.mark.skipif(not CLOSED.is_dir(), reason="needs Linux")
def test_a_folder_that_takes_no_files_is_named_and_not_what_was_to_be_made_in_it(here: Path) -> None:
    aimcsim_("run", "s.yaml", "--out", "run")
    before = files_in(here)
    pictures = [["timeline", "run", "--format", kind, "--out", CLOSED / "x"] for kind in ("ascii", "svg", "perfetto")]
    run, floorplan = ["run", "s.yaml", "--out", CLOSED / "x"], ["floorplan", "s.yaml", "--out", CLOSED / "x.png"]
    for arguments in (run, floorplan, *pictures):
        result = aimcsim_(*arguments)
        assert result.exit_code == 1
        assert result.stderr.splitlines()[-1] == f"cannot write: No such file or directory: {CLOSED}"
    assert files_in(here) == before


def test_summaries_that_are_no_mapping_are_told_without_an_empty_place(here: Path) -> None:
    aimcsim_("run", "s.yaml", "--out", "run")
    (here / "run" / "summary.json").write_text("[]")
    for command in ("timeline", "explain"):
        assert aimcsim_(command, "run").stderr.startswith("run/summary.json: Input should be")


def test_a_scenario_that_is_a_broken_link_is_told_as_what_it_is(here: Path) -> None:
    for name, what in (("ring", "cannot be read: Too many levels of symbolic links"), ("dangling", "no such file")):
        for command in ("validate", "sweep"):
            result = aimcsim_(command, name)
            assert (result.exit_code, result.stderr) == (2, f"{name}:1:1: {what}\n")


def test_a_folder_is_no_onnx_file(here: Path) -> None:
    pytest.importorskip("onnx")
    result = aimcsim_("import", "full", "--out", "net.yaml")
    assert (result.exit_code, result.stderr) == (2, "full: cannot be read: Is a directory\n")
