"""`aimcsim run --checkpoint-every … --resume`: what it says, how it ends, and what stands on disk then."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from aimcsim.checkpoint.folder import newest_checkpoint
from aimcsim.loading import load_scenario
from tests.checkpoint.runs import stopped
from tests.cli.command import CHAIN, DIGITS, ENDLESS, aimcsim_, files_in, never, start, write
from tests.cli.test_run import FILES, MAIN


def left_in(folder: Path) -> dict[str, Any]:
    """The files of a run folder, the summary without its wall time."""
    files: dict[str, Any] = files_in(folder)
    files["summary.json"] = {k: v for k, v in json.loads(files["summary.json"]).items() if k != "wall_seconds"}
    return files


def begun(path: Path, text: str, cycle: int) -> str:
    """A scenario file, with the checkpoint that a run to `path / "run"` has left at `cycle`."""
    file = write(path, text)
    stopped(path, cycle, scenario=load_scenario(file))
    return file


@pytest.mark.parametrize(("text", "every"), [(CHAIN, "3"), (DIGITS, "10"), (DIGITS, "0.01s")])
def test_a_run_with_checkpoints_leaves_what_one_without_leaves(tmp_path: Path, text: str, every: str) -> None:
    file = write(tmp_path, text)
    plain = aimcsim_("run", file, "--out", tmp_path / "a")
    kept = aimcsim_("run", file, "--out", tmp_path / "b", "--checkpoint-every", every)
    assert (kept.exit_code, kept.stdout.count("\n")) == (0, plain.stdout.count("\n"))
    assert left_in(tmp_path / "a") == left_in(tmp_path / "b")
    assert {entry.name for entry in tmp_path.iterdir()} == {"s.yaml", "a", "b"}


@pytest.mark.parametrize("text", [CHAIN, DIGITS])
def test_a_resumed_run_says_from_where_and_leaves_what_an_uninterrupted_one_leaves(tmp_path: Path, text: str) -> None:
    file = begun(tmp_path, text, 20)
    result = aimcsim_("run", file, "--out", tmp_path / "run", "--resume")
    assert result.exit_code == 0
    lines = result.stderr.splitlines()
    assert lines[0] == f"resuming from 000001.checkpoint in {tmp_path / 'run.checkpoint'}"
    # F and B take a cycle each, U none. On M stages B k of stage 1, and its U, end at 2M + 2k: by cycle 19 those of
    # k = 0 … 5 on the chain of 4, of one sample each, and of k = 0 … 6 on the 3 stages, of 4 samples each.
    assert lines[1].endswith(" samples, 6 of them done" if text is CHAIN else " samples, 28 of them done")
    aimcsim_("run", file, "--out", tmp_path / "whole")
    assert left_in(tmp_path / "run") == left_in(tmp_path / "whole")
    assert {entry.name for entry in tmp_path.iterdir()} == {"s.yaml", "run", "whole"}


def test_with_nothing_to_resume_a_run_begins_and_says_so(tmp_path: Path) -> None:
    result = aimcsim_("run", write(tmp_path, CHAIN), "--out", tmp_path / "run", "--resume")
    assert result.exit_code == 0
    assert result.stderr.splitlines()[0] == f"no checkpoint in {tmp_path / 'run.checkpoint'}: starting at the beginning"
    assert set(files_in(tmp_path / "run")) == FILES


def test_a_run_that_is_not_to_resume_says_what_it_found(tmp_path: Path) -> None:
    file = begun(tmp_path, CHAIN, 20)
    before = files_in(tmp_path / "run.checkpoint")
    said = f"{tmp_path / 'run.checkpoint'} holds an unfinished run, which --resume would go on with: starting anew"
    result = aimcsim_("run", file, "--out", tmp_path / "run")
    assert (result.exit_code, result.stderr.splitlines()[0]) == (0, said)
    assert files_in(tmp_path / "run.checkpoint") == before
    result = aimcsim_("run", file, "--out", tmp_path / "run", "--checkpoint-every", "4")
    assert (result.exit_code, result.stderr.splitlines()[0]) == (0, said)
    assert not (tmp_path / "run.checkpoint").exists()


def test_a_checkpoint_that_can_not_be_gone_on_from_is_2_and_one_line(tmp_path: Path) -> None:
    file = begun(tmp_path, CHAIN, 20)
    result = aimcsim_("run", file, "--out", tmp_path / "run", "--resume", "--seed", "3")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "belongs to another scenario: it has `seed: 0` where this one has `seed: 3`" in result.stderr
    newest = newest_checkpoint(tmp_path / "run.checkpoint")
    assert newest is not None
    newest.write_bytes(newest.read_bytes()[:-100])
    before = files_in(tmp_path)
    result = aimcsim_("run", file, "--out", tmp_path / "run", "--resume")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[1] == f"{newest} is damaged: truncated or altered"
    assert files_in(tmp_path) == before


def test_an_interval_that_is_none_is_2_before_anything_is_simulated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aimcsim.cli.progress.simulate", never)
    result = aimcsim_("run", write(tmp_path, CHAIN), "--out", tmp_path / "run", "--checkpoint-every", "5m")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "--checkpoint-every=5m: must be a number of samples, as in 5000, or of seconds, as in 30s\n"
    )


def test_where_checkpoints_can_not_go_is_found_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "run.checkpoint").mkdir()
    (tmp_path / "run.checkpoint" / "cat.png").write_bytes(b"cat")
    file = write(tmp_path, ENDLESS)
    result = aimcsim_("run", file, "--out", tmp_path / "run", "--checkpoint-every", "4")
    assert result.exit_code == 2
    assert "run.checkpoint, where checkpoints would go, holds cat.png; give another --out" in result.stderr
    assert set(files_in(tmp_path)) == {"s.yaml", "run.checkpoint/cat.png"}


def test_ctrl_c_and_sigterm_end_with_a_checkpoint_and_say_how_to_go_on(tmp_path: Path) -> None:
    endless = write(tmp_path, ENDLESS, "endless.yaml")
    done: list[int] = []
    for number, status, more in (
        (signal.SIGINT, 130, ["--checkpoint-every", "1000000"]),
        (signal.SIGTERM, 143, ["--resume"]),
    ):
        with start(MAIN, "run", endless, "--out", tmp_path / "run", *more, cwd=tmp_path) as process:
            assert process.stderr is not None
            while not process.stderr.readline().startswith("endless: async"):
                pass
            process.send_signal(number)
            stdout, stderr = process.communicate(timeout=60)
        assert (process.returncode, stdout) == (status, "")
        words = stderr.split()
        assert (words[0], words[3:6]) == ("stopped", ["of", "100000000", "samples,"])
        assert stderr.endswith("holds the checkpoint: the same command with --resume goes on\n")
        done.append(int(words[2]))
        assert {entry.name for entry in tmp_path.iterdir()} == {"endless.yaml", "run.checkpoint"}
    assert 0 <= done[0] <= done[1]


def test_a_second_run_to_the_same_place_is_refused(tmp_path: Path) -> None:
    endless = write(tmp_path, ENDLESS, "endless.yaml")
    with start(MAIN, "run", endless, "--out", tmp_path / "run", "--checkpoint-every", "1000", cwd=tmp_path) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("endless: async")
        result = aimcsim_("run", endless, "--out", tmp_path / "run", "--resume")
        process.kill()
    assert result.exit_code == 2
    assert "run.checkpoint is in use by another run" in result.stderr
