"""`aimcsim timeline --format png|svg` and the pictures in the folder of a comparison."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.cli.command import CHAIN, DIGITS, aimcsim_, files_in, write
from tests.report.run_folders import run_folder

PNG = b"\x89PNG\r\n\x1a\n"
TIMELINES = {"timeline.png", "timeline.svg"}
CONVERGENCE = {"convergence.png", "convergence.svg"}


def drawn(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir() if entry.suffix in (".png", ".svg")}


@pytest.mark.parametrize("form", ["png", "svg"])
def test_a_picture_goes_into_the_run_folder_or_where_it_is_asked_for(tmp_path: Path, form: str) -> None:
    run = run_folder(tmp_path / "run")
    result = aimcsim_("timeline", run, "--format", form)
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"timeline: {run}/timeline.{form}\n", "")
    content = (run / f"timeline.{form}").read_bytes()
    assert content.startswith(PNG) if form == "png" else ET.fromstring(content).tag.endswith("svg")
    aimcsim_("timeline", run, "--format", form, "--out", tmp_path / "other")
    assert (tmp_path / "other").read_bytes() == content
    assert {entry.name for entry in tmp_path.iterdir()} == {"run", "other"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--cycles", "14:20"], "no operation from cycle 14 on: the op log ends at cycle 14"),
        (["--tiles", "\x1b*"], "no tile of this run matches \\x1b*; its tiles are like s1.a.r0c0"),
        (["--out", "/"], "/ is a folder; --out names a file"),
    ],
)
def test_bad_arguments_are_2_and_nothing_is_written(tmp_path: Path, arguments: list[str], message: str) -> None:
    run = run_folder(tmp_path / "run")
    before = files_in(tmp_path)
    result = aimcsim_("timeline", run, "--format", "png", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert files_in(tmp_path) == before


def test_a_folder_that_is_not_there_and_a_truncated_log_are_named_in_one_line(tmp_path: Path) -> None:
    assert aimcsim_("timeline", tmp_path / "none", "--format", "svg").stderr == f"{tmp_path}/none: no such run folder\n"
    run = run_folder(tmp_path / "run")
    (run / "ops.parquet").write_bytes((run / "ops.parquet").read_bytes()[:-50])
    result = aimcsim_("timeline", run, "--format", "svg")
    assert result.exit_code in (1, 2)
    assert "ops.parquet cannot be read, it is truncated or no op log" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert drawn(run) == set()


def test_a_comparison_of_trained_runs_has_both_pictures(tmp_path: Path) -> None:
    aimcsim_("run", write(tmp_path, DIGITS), "--out", tmp_path / "run")
    assert aimcsim_("compare", tmp_path / "run", "--no-reference", "--out", tmp_path / "out").exit_code == 0
    assert drawn(tmp_path / "out") == TIMELINES | CONVERGENCE
    once = {name: (tmp_path / "out" / name).read_bytes() for name in TIMELINES | CONVERGENCE}
    assert aimcsim_("compare", tmp_path / "run", "--no-reference", "--out", tmp_path / "out").exit_code == 0
    assert {name: (tmp_path / "out" / name).read_bytes() for name in once} == once


def test_a_comparison_without_training_has_timelines_alone_and_one_without_logs_nothing(tmp_path: Path) -> None:
    file = write(tmp_path, CHAIN)
    aimcsim_("compare", file, "--schedules", "gpipe,async", "--out", tmp_path / "out")
    assert drawn(tmp_path / "out") == TIMELINES
    aimcsim_("compare", file, "--set", "trace.ops=none", "--out", tmp_path / "out")
    assert drawn(tmp_path / "out") == set()


def test_a_run_whose_log_is_broken_does_not_cost_the_others_their_picture(tmp_path: Path) -> None:
    for name in ("whole", "broken"):
        run_folder(tmp_path / name)
    log = tmp_path / "broken" / "ops.parquet"
    log.write_bytes(log.read_bytes()[:-50])
    assert aimcsim_("compare", tmp_path / "whole", tmp_path / "broken", "--out", tmp_path / "out").exit_code == 0
    assert drawn(tmp_path / "out") == TIMELINES


def test_a_run_named_like_a_picture_does_not_take_its_place(tmp_path: Path) -> None:
    file = write(tmp_path, CHAIN.replace("name: chain", "name: timeline.png"))
    aimcsim_("compare", file, "--out", tmp_path / "out")
    assert (tmp_path / "out" / "timeline.png").read_bytes().startswith(PNG)
    assert (tmp_path / "out" / "timeline.png-2" / "summary.json").is_file()
    assert aimcsim_("compare", file, "--out", tmp_path / "out").exit_code == 0
