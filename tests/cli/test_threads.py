"""`aimcsim run --threads N`: the same files, and Ctrl-C as ever."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.cli.command import DIGITS, aimcsim_, start, write
from tests.cli.test_checkpoint import left_in
from tests.cli.test_run import MAIN

#: Hands everything over, and says when training has begun.
EAGER = """
from aimcsim.training import side_by_side
side_by_side.WORTH = 0.0
"""
LONG = DIGITS.replace("samples: 96, evaluate_every: 32", "samples: 3000000, evaluate_every: 1000000")


def test_a_run_on_several_threads_leaves_the_same_files(tmp_path: Path) -> None:
    file = write(tmp_path, DIGITS)
    for threads in (1, 3):
        assert aimcsim_("run", file, "--out", tmp_path / str(threads), "--threads", threads).exit_code == 0
    assert left_in(tmp_path / "1") == left_in(tmp_path / "3")


@pytest.mark.parametrize("threads", ["0", "-1", "many", "1.5"])
def test_a_number_that_is_none_of_threads_is_refused(tmp_path: Path, threads: str) -> None:
    result = aimcsim_("run", write(tmp_path, DIGITS), "--out", tmp_path / "out", "--threads", threads)
    assert result.exit_code == 2
    assert "--threads" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("options", "said"), [([], "interrupted"), (["--checkpoint-every", "1000000"], "--resume")])
def test_ctrl_c_ends_a_run_on_several_threads_as_it_ends_one_on_one(
    tmp_path: Path, options: list[str], said: str
) -> None:
    file = write(tmp_path, LONG)
    run = start(EAGER + MAIN, "run", file, "--out", tmp_path / "out", "--threads", "3", *options, cwd=tmp_path)
    assert run.stderr is not None
    assert "samples" in run.stderr.readline()  # the machine is about to start
    with pytest.raises(Exception, match="timed out"):
        run.wait(0.5)
    run.send_signal(signal.SIGINT)
    _, told = run.communicate(timeout=60)
    assert run.returncode == 130
    assert said in told
    assert "Traceback" not in told
    assert not (tmp_path / "out").exists()
