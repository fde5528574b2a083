"""`aimcsim run`: what it writes, what it shows, and what it leaves alone."""

from __future__ import annotations

import csv
import json
import signal
from pathlib import Path

import pytest

from aimcsim.errors import DataBroken, Deadlock, FieldError
from aimcsim.scenario.load import read_scenario
from aimcsim.trace.definitions import DEFINITIONS
from tests.cli.command import CHAIN, DIGITS, ENDLESS, aimcsim_, files_in, never, start, write

MAIN = "from aimcsim.cli import main; main()"
FILES = {"scenario.yaml", "summary.json", "metrics.csv", "ops.parquet"}


def unwrapped(text: str) -> str:
    """A table without its frame, the lines of a cell joined."""
    return " ".join(text.replace("│", " ").replace("┃", " ").split())


def test_a_run_writes_a_run_folder_and_shows_each_figure_beside_its_definition(tmp_path: Path) -> None:
    result = aimcsim_("run", write(tmp_path, CHAIN), "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert set(files_in(tmp_path / "out")) == FILES
    shown = unwrapped(result.stdout)
    assert "makespan_cycles 38 last end minus first start of any action, fill and drain included" in shown
    assert "computation_density 0.8421" in shown  # 4 stages x 16 x 2 cycles busy of 4 x 38
    for name in ("period_cycles", "cycles_per_sample", "durations", "test_accuracy", "cycles_to_target"):
        assert DEFINITIONS[name].split()[0] in shown
    for stage, staleness in enumerate((3, 2, 1, 0), 1):  # M - m
        row = next(line for line in result.stdout.splitlines() if line.startswith(f"│     {stage} │"))
        assert [cell.strip() for cell in row.strip("│").split("│")][2] == str(staleness)
    assert "bottleneck: stage 1 (l1): F 1 + B 1 = 2 cycles per micro-batch" in result.stdout
    assert "unused: pipeline.micro_batches" in result.stdout
    assert result.stderr.splitlines()[0] == "chain: async, 4 stages, 16 samples"
    assert result.stderr.splitlines()[1].startswith("chain: completed, 16 samples, 38 cycles in ")


def test_without_out_the_folder_is_named_after_the_scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = aimcsim_("run", write(tmp_path, CHAIN))
    assert set(files_in(tmp_path / "runs" / "chain")) == FILES
    assert result.stdout.endswith("run folder: runs/chain\n")


def test_a_run_that_trains_writes_a_row_an_evaluation_and_ends_with_the_last(tmp_path: Path) -> None:
    result = aimcsim_("run", write(tmp_path, DIGITS), "--out", tmp_path / "out")
    with open(tmp_path / "out" / "metrics.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["samples"]) for row in rows] == [0, 32, 64, 96]
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["test_accuracy"] == float(rows[-1]["test_accuracy"])
    assert f"test_accuracy {summary['test_accuracy']:.4g} share of test samples" in unwrapped(result.stdout)


def test_no_train_simulates_the_time_alone(tmp_path: Path) -> None:
    aimcsim_("run", write(tmp_path, DIGITS), "--out", tmp_path / "out", "--no-train")
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (summary["makespan_cycles"], summary["algorithm"], summary["test_loss"]) == (2 * 2 + 2 * 24, None, None)


def test_values_set_on_the_command_line_are_part_of_the_written_scenario(tmp_path: Path) -> None:
    file = write(tmp_path, CHAIN)
    aimcsim_(
        "run", file, "--out", tmp_path / "out", "--set", "pipeline.schedule=gpipe", "--set", "seed=1", "--seed", "7"
    )
    scenario, _ = read_scenario(tmp_path / "out" / "scenario.yaml")
    assert (scenario.seed, scenario.pipeline.schedule) == (7, "gpipe")


def test_a_bad_scenario_is_2_with_every_mistake_on_stderr_and_nothing_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s.yaml").write_text("name: a b\nmodel: {chain: 0}\ntraining: {samples: 4}\nextra: 1\n")
    result = aimcsim_("run", "s.yaml")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert [line.split(" ")[0] for line in result.stderr.splitlines()] == ["s.yaml:1:7:", "s.yaml:2:16:", "s.yaml:4:1:"]
    assert set(files_in(tmp_path)) == {"s.yaml"}
    assert not Path("runs").exists()


def test_more_than_a_hundred_mistakes_are_counted(tmp_path: Path) -> None:
    layers = "".join(f"    - {{name: l{n}, type: dense, outputs: 0}}\n" for n in range(130))
    text = f"name: x\nmodel:\n  input: [4]\n  layers:\n{layers}training: {{samples: 1}}\n"
    lines = aimcsim_("run", write(tmp_path, text), "--out", tmp_path / "out").stderr.splitlines()
    assert (len(lines), lines[-1]) == (101, "… and 30 more")


def test_a_foreign_folder_is_refused_before_anything_is_simulated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aimcsim.cli.progress.simulate", never)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").write_bytes(b"cat")
    result = aimcsim_("run", write(tmp_path, CHAIN), "--out", tmp_path / "photos")
    assert result.exit_code == 1
    assert "photos exists and is no run of aimcsim; give another --out" in result.stderr
    assert files_in(tmp_path / "photos") == {"cat.png": b"cat"}


@pytest.mark.parametrize(
    ("out", "message"),
    [("s.yaml", "exists and is no folder"), ("s.yaml/x", "is no folder"), ("n" * 250, "is too long"), (".", "no run")],
)
def test_a_folder_that_can_not_be_written_is_refused_before_anything_is_simulated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str, message: str
) -> None:
    monkeypatch.setattr("aimcsim.cli.progress.simulate", never)
    monkeypatch.chdir(tmp_path)
    result = aimcsim_("run", write(tmp_path, CHAIN), "--out", out)
    assert result.exit_code == 1
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_an_older_run_is_replaced_as_a_whole(tmp_path: Path) -> None:
    file, out = write(tmp_path, CHAIN), tmp_path / "out"
    aimcsim_("run", file, "--out", out)
    (out / "drawn.png").write_bytes(b"")
    result = aimcsim_("run", file, "--out", out, "--set", "trace.ops=none", "--seed", "3")
    assert result.exit_code == 0
    assert set(files_in(out)) == FILES - {"ops.parquet"}
    assert json.loads((out / "summary.json").read_text())["seed"] == 3
    assert {entry.name for entry in tmp_path.iterdir()} == {"s.yaml", "out"}


def test_a_diverged_run_is_a_result(tmp_path: Path) -> None:
    file = write(tmp_path, DIGITS.replace("tanh", "relu").replace("learning_rate: 0.5", "learning_rate: 1e+12"))
    result = aimcsim_("run", file, "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert "status diverged" in unwrapped(result.stdout)
    assert "diverged: cycle " in result.stdout
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["status"] == "diverged"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (Deadlock("stage 1 waits for room"), "stage 1 waits for room"),
        (DataBroken("images.gz: cut off"), "images.gz: cut off"),
        (OSError(28, "No space left on device", "ops.parquet"), "No space left on device: ops.parquet"),
        (MemoryError(), "out of memory"),
    ],
)
def test_a_run_that_fails_is_1_and_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("aimcsim.cli.progress.simulate", fail)
    result = aimcsim_("run", write(tmp_path, CHAIN), "--out", tmp_path / "out")
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", message + "\n")
    assert not (tmp_path / "out").exists()


def test_data_that_is_not_there_is_1_and_says_how_to_get_it(tmp_path: Path) -> None:
    text = DIGITS.replace("input: [64]", "input: [784]").replace(
        "name: digits, train", f"name: mnist, root: {tmp_path}, train"
    )
    result = aimcsim_("run", write(tmp_path, text), "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "mnist" in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_mistake_that_only_the_run_finds_is_cited_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise FieldError(("training", "samples"), "too many", 16)

    monkeypatch.setattr("aimcsim.cli.progress.simulate", fail)
    file = write(tmp_path, CHAIN)
    result = aimcsim_("run", file, "--out", tmp_path / "out")
    assert (result.exit_code, result.stderr) == (2, f"{file}:4:21: training.samples: too many (got 16)\n")


def test_a_killed_run_leaves_the_older_folder_whole(tmp_path: Path) -> None:
    out = tmp_path / "out"
    aimcsim_("run", write(tmp_path, CHAIN), "--out", out)
    before = files_in(tmp_path)
    endless = write(tmp_path, ENDLESS, "endless.yaml")
    with start(MAIN, "run", endless, "--out", out, cwd=tmp_path) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "endless: async, 4 stages, 100000000 samples\n"
        process.kill()
    assert files_in(tmp_path) == before | {"endless.yaml": ENDLESS.encode()}


def test_ctrl_c_is_130_without_a_traceback_or_a_folder(tmp_path: Path) -> None:
    endless = write(tmp_path, ENDLESS, "endless.yaml")
    with start(MAIN, "run", endless, cwd=tmp_path) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("endless: async")
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr) == (130, "", "interrupted; nothing was written\n")
    assert set(files_in(tmp_path)) == {"endless.yaml"}


@pytest.mark.parametrize("name", ["[bold red]x", "\x1b[31mred", "a\nb", "\u202eevil"])
def test_hostile_names_reach_the_terminal_as_plain_text(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    good = aimcsim_("run", write(folder, CHAIN), "--out", folder / "out")
    bad = aimcsim_("run", write(folder, CHAIN + f"{json.dumps(name)}: 1\n", "bad.yaml"))
    missing = aimcsim_("run", folder / "none.yaml")
    assert (good.exit_code, bad.exit_code, missing.exit_code) == (0, 2, 2)
    escaped = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
    for output in (good.stdout, bad.stderr, missing.stderr):
        assert escaped in output
        assert name == escaped or name not in output
        assert "\x1b" not in output
