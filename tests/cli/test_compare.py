"""`aimcsim compare`: scenarios and runs side by side, and the folder that holds them."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import CHAIN, DIGITS, aimcsim_, files_in, never, write


def table(stdout: str) -> dict[str, list[str]]:
    """The printed rows by figure; a row of several lines is joined."""
    rows: dict[str, list[str]] = {}
    for line in stdout.splitlines():
        if line[:1] in ("│", "┃"):
            first, *cells = (cell.strip() for cell in line.strip("│┃").replace("┃", "│").split("│"))
            figure = "figure" if line[0] == "┃" else first or list(rows)[-1]
            rows[figure] = [old + new for old, new in zip(rows.get(figure, [""] * len(cells)), cells, strict=True)]
    return rows


def metrics(folder: Path) -> list[dict[str, str]]:
    with open(folder / "metrics.csv", newline="") as file:
        return list(csv.DictReader(file))


def summary(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    return loaded


def shown(text: str) -> str:
    """A number as the table writes it."""
    return f"{float(text):.4g}"


def test_schedules_of_one_scenario_stand_beside_the_reference_with_figures_from_their_own_files(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = aimcsim_("compare", write(tmp_path, DIGITS), "--schedules", "serial,one-f-one-b,async", "--out", out)
    assert result.exit_code == 0
    labels = ["digits-serial", "digits-one-f-one-b", "digits-async", "reference"]
    rows = table(result.stdout)
    assert rows["figure"] == labels
    folders = [out / label for label in labels]
    # 24 micro-batches on 3 stages, F = B = 1, U = 0. serial: 24·3·2; 1F1B: 6 mini-batches of (4 + 2)·2;
    # async: 2·2 + 24·2.
    makespans = [144, 72, 52, 144]
    assert rows["makespan_cycles"] == [str(makespan) for makespan in makespans]
    assert rows["speed_up_over_first"] == ["1", "2", "2.769", "1"]
    assert rows["schedule"] == ["serial", "one-f-one-b", "async", "serial"]
    assert rows["micro_batch x micro_batches"] == ["4 x 4", "4 x 4", "4 x 4", "4 x 1"]
    assert rows["staleness by stage, forward max"] == ["0 0 0", "0 0 0", "2 1 0", "0 0 0"]
    assert rows["peak_in_flight by stage"][2] == "3 2 1"
    last = [metrics(folder)[-1] for folder in folders]
    assert {row["samples"] for row in last} == {"96"}
    assert rows["test_loss at 96 samples"] == [shown(row["test_loss"]) for row in last]
    by_52 = [max((r for r in metrics(f) if int(r["cycle"]) <= 52), key=lambda r: int(r["samples"])) for f in folders]
    assert rows["samples at 52 cycles"] == [row["samples"] for row in by_52]
    assert rows["test_accuracy at 52 cycles"] == [shown(row["test_accuracy"]) for row in by_52]
    assert [int(row["samples"]) for row in by_52] == [32, 64, 96, 32]
    # Rule 7: a synchronous pipeline is the serial run with the same mini-batches.
    assert metrics(folders[0])[-1]["test_loss"] == metrics(folders[1])[-1]["test_loss"]
    assert "bottleneck of digits-async: stage 1 (fc1): F 1 + B 1 = 2 cycles per micro-batch" in result.stdout
    assert "differ in more than their schedule" not in result.stdout
    assert "comparison folder: " in result.stdout

    written = json.loads((out / "comparison.json").read_text())
    assert [each["label"] for each in written["runs"]] == labels
    assert [each["reference"] for each in written["runs"]] == [False, False, False, True]
    assert [each["makespan_cycles"] for each in written["runs"]] == makespans
    assert (written["equal_samples"], written["equal_cycles"]) == (96, 52)
    assert [each["computation_density"] for each in written["runs"]] == [
        summary(folder)["computation_density"] for folder in folders
    ]
    figures = {name for each in written["runs"] for name in each} - {"label", "name", "schedule", "algorithm"}
    assert figures <= set(written["definitions"])


def test_runs_that_are_done_are_read_and_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, DIGITS)
    aimcsim_("run", file, "--out", tmp_path / "a")
    aimcsim_("run", file, "--out", tmp_path / "b", "--set", "name=other", "--set", "training.learning_rate=0.1")
    monkeypatch.setattr("aimcsim.cli.progress.simulate", never)
    result = aimcsim_("compare", tmp_path / "a", tmp_path / "b", "--no-reference", "--out", tmp_path / "both")
    assert (result.exit_code, result.stderr) == (0, "")
    assert table(result.stdout)["figure"] == ["digits", "other"]
    assert "  training.learning_rate: 0.5 (digits), 0.1 (other)" in result.stdout
    both = files_in(tmp_path / "both")
    assert {name: content for name, content in both.items() if name.startswith("digits/")} == {
        f"digits/{name}": content for name, content in files_in(tmp_path / "a").items()
    }


def test_the_reference_of_a_run_that_is_done_is_run(tmp_path: Path) -> None:
    aimcsim_("run", write(tmp_path, DIGITS), "--out", tmp_path / "a")
    result = aimcsim_("compare", tmp_path / "a")
    assert table(result.stdout)["figure"] == ["digits", "reference"]
    assert {entry.name for entry in tmp_path.iterdir()} == {"s.yaml", "a"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--no-train"],
        ["--no-reference"],
        ["--set", "data.name=none", "--set", "data.train=null", "--set", "data.test=null"],
        ["--set", "pipeline.schedule=serial", "--set", "pipeline.micro_batches=1"],
    ],
)
def test_the_reference_is_left_out_where_it_says_nothing(tmp_path: Path, arguments: list[str]) -> None:
    result = aimcsim_("compare", write(tmp_path, DIGITS), *arguments)
    assert result.exit_code == 0
    assert table(result.stdout)["figure"] == ["digits"]


def test_chains_are_compared_by_their_times_alone(tmp_path: Path) -> None:
    result = aimcsim_("compare", write(tmp_path, CHAIN), "--schedules", "gpipe,async-greedy")
    rows = table(result.stdout)
    assert rows["figure"] == ["chain-gpipe", "chain-async-greedy"]
    assert rows["makespan_cycles"] == ["56", "38"]  # 4·(4 + 3)·2 and 3·2 + 16·2
    absent = {"speed_up_over_serial", "step_per_sample", "test_loss at equal samples", "cycles_to_target"}
    assert absent & set(rows) == set()


def test_scenarios_of_one_name_are_told_apart(tmp_path: Path) -> None:
    file = write(tmp_path, CHAIN.replace("name: chain", "name: comparison.json"))
    result = aimcsim_("compare", file, file, "--out", tmp_path / "out")
    assert table(result.stdout)["figure"] == ["comparison.json-2", "comparison.json-3"]
    # comparison.json, the report, two pictures, the trace; two runs of four files
    assert len(files_in(tmp_path / "out")) == 5 + 2 * 4


def test_a_comparison_replaces_an_older_one_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, out = write(tmp_path, CHAIN), tmp_path / "out"
    aimcsim_("compare", file, file, "--out", out)
    assert aimcsim_("compare", file, "--out", out).exit_code == 0
    drawn = {"report.html", "timeline.png", "timeline.svg", "timeline.perfetto.json.gz"}
    assert {entry.name for entry in out.iterdir()} == {"comparison.json", "chain"} | drawn
    (out / "notes.txt").write_text("mine")
    before = files_in(tmp_path)
    monkeypatch.setattr("aimcsim.cli.progress.simulate", never)
    result = aimcsim_("compare", file, "--out", out)
    assert result.exit_code == 1
    assert "out exists and is no run of aimcsim" in result.stderr
    assert files_in(tmp_path) == before


def test_a_run_inside_the_older_comparison_can_be_compared_into_its_place(tmp_path: Path) -> None:
    file, out = write(tmp_path, CHAIN), tmp_path / "out"
    aimcsim_("compare", file, "--schedules", "gpipe,async", "--out", out)
    kept = files_in(out / "chain-gpipe")
    assert aimcsim_("compare", out / "chain-gpipe", "--out", out).exit_code == 0
    assert files_in(out / "chain-gpipe") == kept
    assert not (out / "chain-async").exists()


def test_bad_arguments_are_2_and_nothing_is_run_or_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, run = write(tmp_path, CHAIN), tmp_path / "run"
    aimcsim_("run", file, "--out", run)
    monkeypatch.setattr("aimcsim.cli.progress.simulate", never)
    before = files_in(tmp_path)
    for arguments, message in (
        ([tmp_path], "is no run folder of aimcsim"),
        ([run, "--schedules", "async"], "--schedules takes scenarios only"),
        ([run, "--seed", "1"], "--set and --seed change scenarios"),
        ([file, "--schedules", ","], "--schedules names no schedule"),
        ([file, "--schedules", "async,asink"], "pipeline.schedule: must be one of"),
        ([file, "none.yaml"], "none.yaml:1:1: no such file"),
        ([], "Missing argument"),
    ):
        result = aimcsim_("compare", *arguments, *(["--out", tmp_path / "out"] if arguments else []))
        assert result.exit_code == 2, message
        assert message in result.stderr
    assert files_in(tmp_path) == before


def test_a_broken_run_folder_is_1(tmp_path: Path) -> None:
    aimcsim_("run", write(tmp_path, DIGITS), "--out", tmp_path / "run")
    for name, content, message in (
        ("metrics.csv", "samples,cycle\nx,1\n", "metrics.csv, line 2: samples: Input should be a valid integer"),
        ("metrics.csv", None, "metrics.csv is missing"),
        ("scenario.yaml", "name: [", "a run folder that cannot be used: "),
    ):
        file = tmp_path / "run" / name
        file.unlink() if content is None else file.write_text(content)
        result = aimcsim_("compare", tmp_path / "run")
        assert (result.exit_code, result.stdout) == (1, "")
        assert message in result.stderr


def test_hostile_texts_in_a_run_folder_stay_plain(tmp_path: Path) -> None:
    aimcsim_("run", write(tmp_path, CHAIN), "--out", tmp_path / "run")
    file = tmp_path / "run" / "summary.json"
    file.write_text(
        json.dumps(summary(tmp_path / "run") | {"schedule": "\x1b[2J", "bottleneck": "[red]\x07", "status": "\x9b"})
    )
    result = aimcsim_("compare", tmp_path / "run")
    assert result.exit_code == 0
    assert table(result.stdout)["schedule"] == ["\\x1b[2J"]
    assert "bottleneck of chain: [red]\\x07" in result.stdout
    assert not {"\x1b", "\x07", "\x9b"} & set(result.stdout)


def test_long_names_that_end_differently_are_told_apart(tmp_path: Path) -> None:
    file = write(tmp_path, CHAIN.replace("name: chain", f"name: {'long-' * 25}er"))
    rows = table(aimcsim_("compare", file, "--schedules", "gpipe,one-f-one-b").stdout)
    # A name has at most 128 characters: it is cut to make room for the schedule.
    long = "long-" * 25 + "er"
    assert rows["figure"] == [long[:122] + "-gpipe", long[:116] + "-one-f-one-b"]


def test_a_comparison_comes_with_one_trace_of_all_its_runs(tmp_path: Path) -> None:
    file, out = write(tmp_path, CHAIN), tmp_path / "out"
    assert aimcsim_("compare", file, "--schedules", "serial,async", "--out", out).exit_code == 0
    trace = json.loads(gzip.decompress((out / "timeline.perfetto.json.gz").read_bytes()))
    names = [event["args"]["name"] for event in trace["traceEvents"] if event["name"] == "process_name"]
    assert [name for name in names if not name.startswith("counters of")] == [
        "chain-serial (1 µs = 1 cycle)",
        "chain-async (1 µs = 1 cycle)",
    ]


def test_a_comparison_without_op_logs_has_no_trace_and_says_why(tmp_path: Path) -> None:
    file, out = write(tmp_path, CHAIN), tmp_path / "out"
    result = aimcsim_("compare", file, "--set", "trace.ops=none", "--out", out)
    assert (result.exit_code, {entry.name for entry in out.iterdir()}) == (
        0,
        {"comparison.json", "report.html", "chain"},
    )
    assert "no trace of the runs: none has an op log" in result.stderr


def test_a_broken_log_among_compared_runs_costs_the_trace_alone(tmp_path: Path) -> None:
    aimcsim_("run", write(tmp_path, CHAIN), "--out", tmp_path / "run")
    (tmp_path / "run/ops.parquet").write_bytes(b"PAR1")
    result = aimcsim_("compare", tmp_path / "run", "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert f"no trace of the runs: {tmp_path}/out/chain/ops.parquet cannot be read" in result.stderr
    assert {entry.name for entry in (tmp_path / "out").iterdir()} == {"comparison.json", "report.html", "chain"}
