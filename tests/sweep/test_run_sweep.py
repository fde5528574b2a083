"""`aimcsim sweep` in this process: its folder, its table, what it repeats and what it does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aimcsim.errors import RunFolderError
from aimcsim.loading import load_scenario
from aimcsim.simulation import simulate
from aimcsim.sweep import crew, work
from aimcsim.sweep.folder import StudyFolder
from tests.cli.command import CHAIN, aimcsim_, files_in, never, write
from tests.sweep.studies import CHAINS, SMALL_DIGITS, points_of, study, table, without_wall


def sweep(file: str, out: Path, *more: str) -> Any:
    return aimcsim_("sweep", file, "--out", out, "--workers", "0", *more)


def test_each_point_has_a_run_folder_and_a_row_with_its_settings_and_its_summary(tmp_path: Path) -> None:
    result = sweep(study(tmp_path, CHAINS), tmp_path / "out")
    assert result.exit_code == 0
    assert "chains: 12 of 12 points done, 0 failed, 0 left" in result.stdout
    rows = table(tmp_path / "out")
    assert len(rows) == 12
    for row in rows:
        # async on M equal stages of F 1, B 1, U u: every micro-batch takes 2 + u cycles of a stage, the fill 2(M-1).
        m, u = row["model.chain"], row["hardware.timing.update"]
        assert row["makespan_cycles"] == 16 * (2 + u) + 2 * (m - 1)
        assert row["seed"] in (5, 7)
        folder = tmp_path / "out" / "points" / row["point"]
        assert {file.name for file in folder.iterdir()} == {
            "scenario.yaml",
            "summary.json",
            "metrics.csv",
            "ops.parquet",
        }
        summary = json.loads((folder / "summary.json").read_text())
        assert row["staleness.1.forward_max"] == summary["staleness"]["1"]["forward_max"]
        again = simulate(load_scenario(folder / "scenario.yaml")).summary
        assert (again["makespan_cycles"], again["seed"]) == (row["makespan_cycles"], row["seed"])


def test_a_second_call_runs_nothing_and_writes_the_same_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = study(tmp_path, CHAINS)
    sweep(file, tmp_path / "out")
    before = files_in(tmp_path / "out")
    monkeypatch.setattr(crew, "run_task", never)
    assert sweep(file, tmp_path / "out").exit_code == 0
    assert files_in(tmp_path / "out") == before


def test_a_longer_axis_runs_only_what_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[int] = []

    def counting(task: work.Task) -> dict[str, Any]:
        ran.append(task.scenario.seed)
        return work.run_task(task)

    monkeypatch.setattr(crew, "run_task", counting)
    sweep(study(tmp_path, CHAINS), tmp_path / "out")
    del ran[:]
    sweep(study(tmp_path, CHAINS.replace("[5, 7]", "[4, 5, 7]")), tmp_path / "out")
    assert ran == [4] * 6
    assert len(table(tmp_path / "out")) == 18


def test_what_is_there_without_the_table_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = study(tmp_path, CHAINS)
    sweep(file, tmp_path / "out")
    rows = table(tmp_path / "out")
    (tmp_path / "out" / "results.parquet").unlink()
    monkeypatch.setattr(crew, "run_task", never)
    sweep(file, tmp_path / "out")
    assert table(tmp_path / "out") == rows


def test_a_point_whose_summary_was_cut_off_runs_again(tmp_path: Path) -> None:
    file = study(tmp_path, CHAINS)
    sweep(file, tmp_path / "out")
    rows = without_wall(table(tmp_path / "out"))
    (tmp_path / "out" / "points" / rows[3]["point"] / "summary.json").write_text('{"name": ')
    sweep(file, tmp_path / "out")
    assert without_wall(table(tmp_path / "out")) == rows


def test_a_point_that_fails_is_recorded_and_stops_no_other_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(task: work.Task) -> dict[str, Any]:
        if task.scenario.seed == 7:
            raise ValueError("no \x1b[31mluck")
        return work.run_task(task)

    file, out = study(tmp_path, "name: s\nbase: chain.yaml\nseeds: [5, 7, 9]\n"), tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(crew, "run_task", failing)
        result = sweep(file, out)
    assert result.exit_code == 1
    assert "2 of 3 points done, 1 failed, 0 left" in result.stdout
    assert "failed: seed=7: ValueError: no \\x1b[31mluck" in result.stdout
    assert [(row["seed"], row["status"], row["error"]) for row in table(out)] == [
        (5, "completed", None),
        (7, "failed", "ValueError: no \x1b[31mluck"),
        (9, "completed", None),
    ]
    (record,) = (out / "failed").iterdir()
    assert "in failing" in json.loads(record.read_text())["traceback"]
    assert aimcsim_("sweep", "--status", out).exit_code == 0
    assert sweep(file, out).exit_code == 0
    assert [row["status"] for row in table(out)] == ["completed"] * 3
    assert list((out / "failed").iterdir()) == []


def test_a_point_that_diverges_is_a_result(tmp_path: Path) -> None:
    base = "name: d\n" + SMALL_DIGITS.replace("layers: [", "loss: squared\n  layers: [")
    text = "name: s\nbase: chain.yaml\ngrid: {training.learning_rate: [0.01, 1e+12]}\n"
    result = sweep(study(tmp_path, text, base=base), tmp_path / "out")
    assert result.exit_code == 0
    assert "2 of 2 points done (1 diverged), 0 failed, 0 left" in result.stdout
    assert [row["status"] for row in table(tmp_path / "out")] == ["completed", "diverged"]


def test_train_false_leaves_out_the_numbers(tmp_path: Path) -> None:
    text = "name: s\nbase: chain.yaml\ntrain: false\nseeds: 1\n"
    sweep(study(tmp_path, text, base="name: d\n" + SMALL_DIGITS), tmp_path / "out")
    (row,) = table(tmp_path / "out")
    assert (row["makespan_cycles"], row["test_loss"]) == (128, None)  # 64 samples of F 1 and B 1 in one stage


def test_status_shows_what_the_folder_holds_and_draws(tmp_path: Path) -> None:
    file, out = study(tmp_path, CHAINS), tmp_path / "out"
    sweep(file, out)
    shown = aimcsim_("sweep", "--status", out, "--plot", "x=model.chain,y=makespan_cycles")
    assert shown.exit_code == 0
    assert shown.stdout.startswith("chains: 12 of 12 points done, 0 failed, 0 left; complete\n")
    assert (out / "plots" / "makespan_cycles-against-model.chain.png").read_bytes().startswith(b"\x89PNG")
    with StudyFolder(out).locked():
        assert "at work for 0:0" in aimcsim_("sweep", "--status", out).stdout
        busy = sweep(file, out)
        assert (busy.exit_code, busy.stderr) == (1, f"{out}: another call of aimcsim is at work here\n")


def test_plots_of_the_file_are_drawn_at_the_end(tmp_path: Path) -> None:
    plots = "plots:\n- {x: model.chain, y: makespan_cycles, log: [x]}\n- {x: model.chain, y: makespan_cycles}\n"
    plots += "- {kind: pareto, x: makespan_cycles, y: computation_density, where: {hardware.timing.update: 0}}\n"
    sweep(study(tmp_path, CHAINS + plots), tmp_path / "out", "--plot", "x=seed,y=energy_j")
    assert {file.name for file in (tmp_path / "out" / "plots").iterdir()} == {
        "makespan_cycles-against-model.chain.png",
        "makespan_cycles-against-model.chain-2.png",
        "computation_density-against-makespan_cycles.png",
        "energy_j-against-seed.png",
    }


def test_a_bad_sweep_is_2_with_every_mistake_and_nothing_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = study(tmp_path, CHAINS.replace("[2, 3, 4]", "[2, 0, -4]"))
    result = aimcsim_("sweep", file)
    assert (result.exit_code, result.stdout) == (2, "")
    assert [line.split(": must")[0] for line in result.stderr.splitlines()] == [
        f"{file}:4:20: model.chain",
        f"{file}:4:23: model.chain",
    ]
    assert set(files_in(tmp_path)) == {"sweep.yaml", "chain.yaml"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give a sweep file, or --status DIR"),
        (("{file}", "--status", "x"), "--status DIR goes with --plot only: it runs nothing"),
        (("{file}", "--workers", "1", "--scheduler", "tcp://x"), "--workers are processes of this machine"),
        (("{file}", "--plot", "x=seed"), "--plot must read x=AXIS,y=VALUE"),
        (("{file}", "--plot", "x=sed,y=test_loss"), "--plot: x: must be an axis, did you mean seed? (got 'sed')"),
        (("nowhere",), "nowhere:1:1: no such file, nor a sweep or search that comes with aimcsim"),
    ],
)
def test_bad_arguments_are_2(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    file = study(tmp_path, CHAINS)
    result = aimcsim_("sweep", *(argument.format(file=file) for argument in arguments))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(message)


def test_a_folder_that_is_no_sweep_or_another_one_is_left_alone(tmp_path: Path) -> None:
    file = study(tmp_path, CHAINS)
    aimcsim_("run", write(tmp_path, CHAIN), "--out", tmp_path / "run")
    sweep(study(tmp_path, CHAINS.replace("chains", "other"), "other.yaml"), tmp_path / "other")
    before = files_in(tmp_path)
    for place, message in (("run", "is no sweep of aimcsim"), ("other", "is the sweep other, not chains")):
        result = sweep(file, tmp_path / place)
        assert result.exit_code == 1
        assert message in result.stderr
    assert aimcsim_("sweep", "--status", tmp_path / "run").exit_code == 1
    assert aimcsim_("run", write(tmp_path, CHAIN), "--out", tmp_path / "other").exit_code == 1
    assert files_in(tmp_path) == before


def test_what_killed_calls_leave_half_written_stands_in_nobodys_way(tmp_path: Path) -> None:
    file, out = study(tmp_path, CHAINS), tmp_path / "out"
    out.mkdir()
    (out / ".lock").touch()
    (out / ".study.json.x1.partial").write_text("{")
    assert sweep(file, out).exit_code == 0
    (out / "points" / ".0123456789abcdef.77.x.partial").mkdir()
    (out / ".results.parquet.x2.partial").touch()
    assert sweep(file, out).exit_code == 0
    assert not list(out.rglob(".*.partial"))


def test_a_broken_plan_is_told_in_one_line(tmp_path: Path) -> None:
    file = study(tmp_path, CHAINS)
    sweep(file, tmp_path / "out")
    for text in ("{", '{"name": "x"}', "null"):
        (tmp_path / "out" / "study.json").write_text(text)
        result = aimcsim_("sweep", "--status", tmp_path / "out")
        assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)


def test_a_scheduler_that_does_not_answer_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "PATIENCE", 0.2)
    result = aimcsim_("sweep", study(tmp_path, CHAINS), "--out", tmp_path / "out", "--scheduler", "tcp://127.0.0.1:9")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("no scheduler answers at tcp://127.0.0.1:9")


def test_a_worker_that_does_not_see_the_folder_says_so(tmp_path: Path) -> None:
    (point,) = points_of(tmp_path, "name: s\nbase: chain.yaml\nseeds: 1\n")
    gone = tmp_path / "gone"
    with pytest.raises(RunFolderError, match=r"is not to be seen on .*a file system that its workers share"):
        work.run_task(work.Task(point.id, point.scenario, True, str(gone / "points" / point.id), str(gone)))
    assert not gone.exists()


def test_ctrl_c_says_what_is_done_and_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(task: work.Task) -> dict[str, Any]:
        if task.scenario.seed == 7:
            raise KeyboardInterrupt
        return work.run_task(task)

    monkeypatch.setattr(crew, "run_task", interrupted)
    result = sweep(study(tmp_path, "name: s\nbase: chain.yaml\nseeds: [5, 7, 9]\n"), tmp_path / "out")
    assert result.exit_code == 130
    told = "interrupted: 1 of 3 points done, 0 failed, 2 left; the same command goes on from here"
    assert result.stderr.splitlines()[-1] == told
    assert [row["seed"] for row in table(tmp_path / "out")] == [5]
