"""The file that the commands write: complete or absent, with the window asked for and everything beside its name."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from aimcsim.report.html.report import run_report
from aimcsim.report.html.run_data import run_data
from aimcsim.trace.definitions import DEFINITIONS
from aimcsim.trace.run_folder import COMPARISON_FILES, CONVERGENCE_PICTURES
from tests.cli.command import CHAIN, aimcsim_, files_in, never, write
from tests.report.html.small import METRICS, small_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return small_run(tmp_path)


def test_the_report_stands_in_the_run_folder_unless_a_file_is_named(run: Path, tmp_path: Path) -> None:
    result = aimcsim_("timeline", run, "--format", "html")
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"timeline: {run / 'report.html'}\n", "")
    assert aimcsim_("timeline", run, "--format", "html", "--out", tmp_path / "r.html").exit_code == 0
    assert (tmp_path / "r.html").read_bytes() == (run / "report.html").read_bytes()
    assert not list(tmp_path.rglob("*.partial"))


def test_a_run_folder_with_a_report_can_be_replaced(run: Path, tmp_path: Path) -> None:
    aimcsim_("timeline", run, "--format", "html")
    small_run(tmp_path)
    assert not (run / "report.html").exists()


def test_every_figure_has_its_definition_beside_it(run: Path) -> None:
    page = run_report(run)
    rows = dict(re.findall(r'<th scope="row">([a-z ]+)</th>.*?<td class="definition">(.*?)</td>', page))
    for name in ("makespan_cycles", "period_cycles", "computation_density", "cycles_per_sample", "durations"):
        assert rows[name.replace("_", " ")] == DEFINITIONS[name]


def test_the_page_refers_to_nothing_outside_itself(run: Path) -> None:
    page = run_report(run)
    assert re.findall(r'(?:src|href)="([^#][^"]*)"', page) == ["data:,"]
    assert "http://www.w3.org/2000/svg" in page  # the name of SVG, which nobody loads
    assert set(re.findall(r"https?://[^\"'\s]*", page)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|WebSocket|sendBeacon|import\(", page)


def test_cycles_and_tiles_are_honoured_and_what_is_left_out_is_said(run: Path) -> None:
    timeline = run_data(run, (3, 6), "s2.*").timeline
    assert timeline is not None
    # Stage 2 does U0 in cycles 3 and 4, and F1 in cycle 5.
    assert [(k, a, b) for k, a, b in zip(timeline.ops.kind, timeline.ops.start, timeline.ops.end_at, strict=True)] == [
        (2, 3, 5),
        (0, 5, 6),
    ]
    assert "cycles 3 to 6 of 14 are shown" in run_report(run, (3, 6), "s2.*")
    assert "1 of 2 rows are shown" in run_report(run, (3, 6), "s2.*")
    assert "Left out" not in run_report(run)


def test_a_long_log_shows_its_first_operations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Row groups of 8 operations less those of the last cycle: they are read whole.
    monkeypatch.setattr("aimcsim.trace.oplog.ROW_GROUP", 8)
    timeline = run_data(small_run(tmp_path), most=8).timeline
    assert timeline is not None
    # In the order of their ends: F0, then F1 and F0, B0, B0, U0 and U0: the seventh ends at cycle 5.
    assert (timeline.ops.first, timeline.ops.end) == (0, 5)
    assert timeline.left_out == "cycles 0 to 5 of 14 are shown (--cycles A:B chooses others)"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--cycles", "14:20"], "no operation from cycle 14 on: the op log ends at cycle 14"),
        (["--tiles", "x*"], "no tile of this run matches x*; its tiles are like s1.l1.r0c0"),
        (["--out", "/"], "/ is a folder; --out names a file"),
    ],
)
def test_bad_arguments_are_2_and_write_nothing(run: Path, arguments: list[str], message: str) -> None:
    before = files_in(run)
    result = aimcsim_("timeline", run, "--format", "html", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert files_in(run) == before


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("ops.parquet", "no log", "ops.parquet cannot be read"),
        ("summary.json", "{", "summary.json is no JSON text"),
        ("metrics.csv", "samples,cycle\nx,1\n", "metrics.csv, line 2: samples: Input should be a valid integer"),
        ("scenario.yaml", "name: [", "a run folder that cannot be used: "),
        (
            "scenario.yaml",
            "name: a\nmodel: {chain: 1}\ntraining: {samples: 3}\n",
            "names a stage that its scenario does not have (1 to 1)",
        ),
    ],
)
def test_a_broken_folder_is_2_and_one_line(run: Path, name: str, content: str, message: str) -> None:
    (run / name).write_text(content)
    result = aimcsim_("timeline", run, "--format", "html")
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (run / "report.html").exists()


@pytest.mark.parametrize("ops", ["none", "0"])
def test_a_run_without_a_log_has_a_report_of_everything_else(tmp_path: Path, ops: str) -> None:
    run = small_run(tmp_path, "--set", f"trace.ops={ops}")
    page = run_report(run)
    assert "No operation was logged" in page
    assert 'id="topology"' in page
    assert 'id="staleness"' not in page


def test_a_window_without_operations_is_drawn_idle(run: Path) -> None:
    # Stage 1 waits in cycle 2.
    timeline = run_data(run, (2, 3), "s1.*").timeline
    assert timeline is not None
    assert len(timeline.ops) == 0
    assert timeline.histograms == ()
    assert 'id="timeline-0"' in run_report(run, (2, 3), "s1.*")


def test_figures_of_another_form_in_a_summary_do_no_harm(run: Path) -> None:
    summary = json.loads((run / "summary.json").read_text())
    odd = {
        "notes": 5,
        "unused_keys": {"a": 1},
        "warnings": None,
        "durations": [1],
    }
    (run / "summary.json").write_text(json.dumps(summary | odd))
    assert "[1]" in run_report(run)


def test_the_evaluations_stand_in_a_table(run: Path) -> None:
    (run / "metrics.csv").write_text(METRICS)
    table = run_report(run).partition("Evaluations of small")[2].partition("</table>")[0]
    cells = re.findall(r"<td[^>]*>(.*?)</td>", table)
    assert cells[:5] == ["0", "0", "–", "2.5", "0.1"]
    assert cells[-5:] == ["3", "13", "1", "1.125", "0.9"]


def test_a_comparison_has_a_report_of_its_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, out = write(tmp_path, CHAIN), tmp_path / "both"
    assert aimcsim_("compare", file, "--schedules", "gpipe,async", "--out", out).exit_code == 0
    assert {entry.name for entry in out.iterdir()} == {"chain-gpipe", "chain-async", *COMPARISON_FILES} - set(
        CONVERGENCE_PICTURES
    )
    page = (out / "report.html").read_text(encoding="utf-8")
    rows = {
        row[0]: row[1:] for row in (re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in page.split("<tr>")) if row
    }
    # gpipe takes 4·(4 + 3)·2 cycles for 16 micro-batches of 4, async 3·2 + 16·2 and a last U.
    makespans = [
        json.loads((out / name / "summary.json").read_text())["makespan_cycles"]
        for name in ("chain-gpipe", "chain-async")
    ]
    assert rows["makespan cycles"][:2] == [str(value) for value in makespans]
    # A comparison with a report is still one, and may be replaced.
    monkeypatch.setattr("aimcsim.report.comparison_folder.comparison_report", never)
    with pytest.raises(pytest.fail.Exception):
        aimcsim_("compare", file, "--out", out)
    monkeypatch.undo()
    assert (out / "chain-gpipe").is_dir(), "a comparison that fails leaves the old one"
    assert aimcsim_("compare", file, "--out", out).exit_code == 0
    assert not (out / "chain-gpipe").exists()


def test_the_folder_of_a_comparison_gives_its_report_again_and_in_another_window(tmp_path: Path) -> None:
    out = tmp_path / "both"
    assert aimcsim_("compare", write(tmp_path, CHAIN), "--schedules", "gpipe,async", "--out", out).exit_code == 0
    first = (out / "report.html").read_bytes()
    assert aimcsim_("timeline", out, "--format", "html").exit_code == 0
    assert (out / "report.html").read_bytes() == first
    result = aimcsim_("timeline", out, "--format", "html", "--cycles", "3:9", "--out", tmp_path / "r.html")
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "r.html").read_text(encoding="utf-8").count("cycles 3 to 9 of") == 2
    result = aimcsim_("timeline", out, "--format", "html", "--tiles", "none*")
    assert (result.exit_code, result.stderr) == (2, "none of the runs has operations in these cycles of such tiles\n")


def test_several_run_folders_give_one_report_of_all(run: Path, tmp_path: Path) -> None:
    result = aimcsim_("timeline", run, run, "--format", "html", "--out", tmp_path / "r.html")
    assert result.exit_code == 0, result.stderr
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "2 runs side by side" in page
    assert 'id="timeline-1"' in page
    assert "run-2" in page


@pytest.mark.parametrize("text", ["{", "[]", '{"runs": [{"label": "../run", "reference": false}]}'])
def test_a_broken_comparison_is_refused(run: Path, tmp_path: Path, text: str) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "comparison.json").write_text(text)
    result = aimcsim_("timeline", folder, "--format", "html")
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "comparison" in result.stderr


def test_of_many_runs_the_definitions_stand_below_the_names_of_the_figures(run: Path, tmp_path: Path) -> None:
    result = aimcsim_("timeline", *[run] * 5, "--format", "html", "--out", tmp_path / "r.html")
    assert result.exit_code == 0, result.stderr
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    rows = dict(re.findall(r'<th scope="row">([a-z ]+)<small>(.*?)</small></th>', page))
    assert rows["makespan cycles"] == DEFINITIONS["makespan_cycles"]
    assert "what it is" not in page
