"""`aimcsim timeline`: text from a run folder, and one clear line where there is none to be had."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.command import CHAIN, aimcsim_, files_in, write

# Two stages, three micro-batches, F = B = 1, U = 2: the fixed order F0 F1, B0 U0 F2 …
TEXT = """\
name: small
model: {chain: 2}
hardware: {timing: {stages: [{forward: 1, backward: 1, update: 2}, {forward: 1, backward: 1, update: 2}]}}
training: {samples: 3}
"""
LEGEND = "F forward, B backward, U update, W weight gradient, T transfer, . idle; digits: micro-batch\n"
WHOLE = (
    "cycle       0  1  2  3  4  5  6  7  8  9  10 11 12 13\n"
    "s1.l1.r0c0  F0 F1 .  B0 U0--- F2 B1 U1--- .  B2 U2---\n"
    "s2.l2.r0c0  .  F0 B0 U0--- F1 B1 U1--- F2 B2 U2--- .\n"
) + LEGEND


@pytest.fixture
def run(tmp_path: Path) -> Path:
    aimcsim_("run", write(tmp_path, TEXT), "--out", tmp_path / "run")
    return tmp_path / "run"


def test_a_short_run_is_drawn_whole(run: Path) -> None:
    result = aimcsim_("timeline", run)
    assert (result.exit_code, result.stdout, result.stderr) == (0, WHOLE, "")


@pytest.mark.parametrize("cycles", ["3:6", "3:6 ", "2:9"])
def test_only_the_cycles_asked_for_are_drawn(run: Path, cycles: str) -> None:
    result = aimcsim_("timeline", run, "--cycles", cycles)
    if cycles == "3:6":
        assert result.stdout == (
            "cycle       3  4  5\ns1.l1.r0c0  B0 U0---\ns2.l2.r0c0  U0--- F1\n" + LEGEND
        )  # fmt: skip
    else:
        assert (result.exit_code == 0) == (" " not in cycles)


def test_a_window_ends_with_the_log(run: Path) -> None:
    assert aimcsim_("timeline", run, "--cycles", ":999999999").stdout == WHOLE
    assert aimcsim_("timeline", run, "--cycles", "12:").stdout.splitlines()[0].split() == ["cycle", "12", "13"]


def test_tiles_are_chosen_by_pattern(run: Path) -> None:
    assert [line.split()[0] for line in aimcsim_("timeline", run, "--tiles", "s2.*").stdout.splitlines()[1:-1]] == [
        "s2.l2.r0c0"
    ]


def test_a_timeline_can_be_written_to_a_file(run: Path, tmp_path: Path) -> None:
    result = aimcsim_("timeline", run, "--out", tmp_path / "t.txt")
    assert (result.exit_code, result.stdout) == (0, "")
    assert (tmp_path / "t.txt").read_text() == WHOLE
    assert {entry.name for entry in tmp_path.iterdir()} == {"run", "s.yaml", "t.txt"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--cycles", "5"], "--cycles must read A:B with whole numbers, e.g. 0:100 (got 5)"),
        (["--cycles", "a:b"], "--cycles must read A:B with whole numbers, e.g. 0:100 (got a:b)"),
        (["--cycles=-3:5"], "--cycles must read A:B with whole numbers, e.g. 0:100 (got -3:5)"),
        (["--cycles", "1:" + "9" * 30], "--cycles must read A:B with whole numbers"),
        (["--cycles", "7:7"], "--cycles 7:7 is empty"),
        (["--cycles", "14:20"], "no operation from cycle 14 on: the op log ends at cycle 14"),
        (["--tiles", "\x1b*"], "no tile of this run matches \\x1b*; its tiles are like s1.l1.r0c0"),
        (["--out", "/"], "/ is a folder; --out names a file"),
        (["--format", "gif"], "--format must be one of ascii"),
        (["--out", "none/t.txt"], "none is no folder; give another --out"),
    ],
)
def test_bad_arguments_are_2(run: Path, arguments: list[str], message: str) -> None:
    before = files_in(run)
    result = aimcsim_("timeline", run, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert files_in(run) == before


def test_a_folder_that_is_not_there_is_a_bad_argument(tmp_path: Path) -> None:
    result = aimcsim_("timeline", tmp_path / "none")
    assert (result.exit_code, result.stderr) == (2, f"{tmp_path / 'none'}: no such run folder\n")


def _truncate(run: Path) -> None:
    ops = run / "ops.parquet"
    ops.write_bytes(ops.read_bytes()[:-100])


def _damage_the_middle(run: Path) -> None:
    ops = run / "ops.parquet"
    content = bytearray(ops.read_bytes())
    content[4:200] = b"\xff" * 196
    ops.write_bytes(content)


def _edit(run: Path, **values: object) -> None:
    summary = json.loads((run / "summary.json").read_text())
    (run / "summary.json").write_text(json.dumps(summary | values))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda run: (run / "ops.parquet").unlink(), "has no ops.parquet: the run kept no op log (trace.ops: none)"),
        (_truncate, "ops.parquet cannot be read, it is truncated or no op log"),
        (_damage_the_middle, "ops.parquet cannot be read, it is truncated or no op log"),
        (lambda run: (run / "ops.parquet").write_bytes(b""), "ops.parquet cannot be read"),
        (lambda run: (run / "summary.json").unlink(), "is no run folder of aimcsim"),
        (lambda run: (run / "summary.json").write_text("{"), "summary.json is no JSON text"),
        (lambda run: (run / "summary.json").write_text("[" * 100_000), "summary.json is no JSON text"),
        (lambda run: (run / "summary.json").write_bytes(b"\xff"), "summary.json is no JSON text"),
        (lambda run: (run / "summary.json").write_text("{}"), "summary.json: name: Field required"),
        (lambda run: _edit(run, makespan_cycles="x"), "summary.json: makespan_cycles: Input should be a valid integer"),
        (lambda run: _edit(run, period_cycles=float("nan")), "summary.json: period_cycles: Input should be a finite"),
        (lambda run: _edit(run, utilisation={}), "names no tiles"),
    ],
)
def test_a_broken_folder_is_2_and_one_line(run: Path, damage: object, message: str) -> None:
    damage(run)  # type: ignore[operator]
    result = aimcsim_("timeline", run)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_run_without_an_op_log_says_so(tmp_path: Path) -> None:
    for ops, message in (("none", "trace.ops: none"), ("0", "has an empty op log")):
        aimcsim_("run", write(tmp_path, CHAIN), "--out", tmp_path / "run", "--set", f"trace.ops={ops}")
        result = aimcsim_("timeline", tmp_path / "run")
        assert result.exit_code == 2
        assert message in result.stderr


def test_a_log_of_the_first_cycles_is_drawn_as_far_as_it_goes(tmp_path: Path) -> None:
    aimcsim_("run", write(tmp_path, CHAIN), "--out", tmp_path / "run", "--set", "trace.ops=4")
    assert aimcsim_("timeline", tmp_path / "run", "--cycles", ":").stdout.splitlines()[:5] == [
        "cycle       0  1  2  3",
        "s1.l1.r0c0  F0 F1 F2 F3",
        "s2.l2.r0c0  .  F0 F1 F2",
        "s3.l3.r0c0  .  .  F0 F1",
        "s4.l4.r0c0  .  .  .  F0",
    ]


def test_a_long_run_shows_its_fill_and_a_few_periods_with_their_micro_batches(tmp_path: Path) -> None:
    # Stage 1 is done with micro-batch 0 at cycle 2·4 = 8; then 8 micro-batches of 2 cycles each, two mini-batches.
    aimcsim_("run", write(tmp_path, CHAIN), "--out", tmp_path / "run", "--set", "training.samples=4000")
    assert aimcsim_("timeline", tmp_path / "run").stdout.splitlines()[:3] == [
        "cycle       0   1   2   3   4   5   6   7   8   9   10  11  12  13  14  15  16  17  18  19  20  21  22  23",
        "s1.l1.r0c0  F0  F1  F2  F3  .   .   .   B0  F4  B1  F5  B2  F6  B3  F7  B4  F8  B5  F9  B6  F10 B7  F11 B8",
        "s2.l2.r0c0  .   F0  F1  F2  .   .   B0  F3  B1  F4  B2  F5  B3  F6  B4  F7  B5  F8  B6  F9  B7  F10 B8  F11",
    ]


def test_a_log_of_other_values_is_refused(run: Path) -> None:
    table = pq.read_table(run / "ops.parquet").to_pylist()
    for change in ({"op": "FB"}, {"micro_batch": None}, {"tile": None}):
        pq.write_table(pa.Table.from_pylist([table[0] | change, *table[1:]]), run / "ops.parquet")
        result = aimcsim_("timeline", run)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "an operation of another form" in result.stderr
    pq.write_table(pa.table({"tile": ["a"], "end": ["late"]}), run / "ops.parquet")
    assert "it has no column op, micro_batch, start, stage" in aimcsim_("timeline", run).stderr


def test_files_for_viewers_stand_in_the_run_folder_unless_another_place_is_named(run: Path, tmp_path: Path) -> None:
    for form, names in (("perfetto", {"timeline.perfetto.json.gz"}), ("vcd", {"timeline.vcd", "timeline.gtkw"})):
        before = {entry.name for entry in run.iterdir()}
        result = aimcsim_("timeline", run, "--format", form)
        assert (result.exit_code, result.stderr) == (0, "")
        assert {entry.name for entry in run.iterdir()} - before == names
        assert aimcsim_("timeline", run, "--format", form, "--out", tmp_path / "other").exit_code == 0
    assert {entry.name for entry in tmp_path.iterdir()} == {"run", "s.yaml", "other", "other.gtkw"}
    # What was drawn from a run goes with it when the run is replaced.
    assert aimcsim_("run", tmp_path / "s.yaml", "--out", run).exit_code == 0
    assert "timeline.vcd" not in {entry.name for entry in run.iterdir()}


def test_several_runs_or_a_comparison_go_into_one_file(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "all"
    aimcsim_("compare", tmp_path / "s.yaml", run, "--out", folder)
    assert aimcsim_("timeline", folder, "--format", "vcd").exit_code == 0
    assert "$scope module small_2 $end" in (folder / "timeline.vcd").read_text()
    assert aimcsim_("timeline", run, run, "--format", "perfetto", "--out", tmp_path / "t.gz").exit_code == 0
    # A comparison with what was drawn from it is still a comparison, and may be replaced.
    assert aimcsim_("compare", run, "--out", folder).exit_code == 0
    assert not (folder / "timeline.vcd").exists()
    result = aimcsim_("timeline", run, run)
    assert (result.exit_code, result.stderr) == (
        2,
        f"ascii draws one run, and 2 were given: name one of them, like {run}\n",
    )


def test_a_long_log_is_cut_and_what_is_left_out_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aimcsim.report import run_window
    from aimcsim.trace import oplog

    monkeypatch.setattr(oplog, "ROW_GROUP", 100)
    monkeypatch.setattr(run_window, "MOST_IN_GTKWAVE", 120)
    aimcsim_("run", write(tmp_path, CHAIN), "--out", tmp_path / "run")
    result = aimcsim_("timeline", tmp_path / "run", "--format", "vcd")
    # 192 operations in groups of about 100: the first group is shown, whose operations end by some cycle below 38.
    assert re.fullmatch(r"chain: cycles 0 to 2\d of 38; --cycles A:B shows others\n", result.stderr)
    assert aimcsim_("timeline", tmp_path / "run", "--format", "vcd", "--cycles", ":").stderr == ""


@pytest.mark.parametrize("form", ["perfetto", "vcd"])
@pytest.mark.parametrize("damage", [_truncate, _damage_the_middle])
def test_a_truncated_log_is_2_and_leaves_nothing_half_written(run: Path, form: str, damage: object) -> None:
    damage(run)  # type: ignore[operator]
    before = files_in(run.parent)
    result = aimcsim_("timeline", run, "--format", form)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "ops.parquet cannot be read, it is truncated or no op log" in result.stderr
    assert files_in(run.parent) == before


def test_a_run_whose_scenario_is_not_its_own_is_refused(run: Path) -> None:
    (run / "scenario.yaml").write_text(CHAIN.replace("{chain: 4}", "{chain: 1}"))
    result = aimcsim_("timeline", run, "--format", "perfetto")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "places no tile s2.l2.r0c0" in result.stderr


def test_folders_stay_where_files_should_go(run: Path, tmp_path: Path) -> None:
    (tmp_path / "t.gtkw").mkdir()
    result = aimcsim_("timeline", run, "--format", "vcd", "--out", tmp_path / "t.vcd")
    assert (result.exit_code, result.stdout) == (1, "")
    assert not (tmp_path / "t.vcd").exists()


def test_the_help_names_every_format() -> None:
    from aimcsim.cli.timeline_formats import FORMATS

    text = " ".join(aimcsim_("timeline", "--help").stdout.split())
    assert [form for form in FORMATS if form not in text] == []


@pytest.fixture
def jumping(tmp_path: Path) -> Path:
    """200 micro-batches of two stages, of which most were passed over."""
    text = TEXT.replace("samples: 3", "samples: 200") + "trace: {fast_forward: always}\n"
    aimcsim_("run", write(tmp_path, text), "--out", tmp_path / "run")
    return tmp_path / "run"


def test_a_window_that_was_passed_over_is_refused_with_what_the_log_holds(jumping: Path) -> None:
    first, end = json.loads((jumping / "summary.json").read_text())["fast_forward"]["skipped_cycles"][0]
    result = aimcsim_("timeline", jumping, "--cycles", f"{first + 5}:{first + 15}")
    assert (result.exit_code, result.stdout) == (2, "")
    told = f"cycles {first + 5} to {first + 15} were passed over by fast-forward and are not (all) in the op log"
    assert f"{told}; the log holds cycles 0 to {first}, {end} to " in " ".join(result.stderr.split())


def test_a_window_that_touches_what_was_passed_over_says_so_below(jumping: Path) -> None:
    first, _ = json.loads((jumping / "summary.json").read_text())["fast_forward"]["skipped_cycles"][0]
    lines = aimcsim_("timeline", jumping, "--cycles", f"{first - 10}:{first + 5}").stdout.splitlines()
    assert lines[-1].startswith(f"cycles {first} to {first + 5} were passed over by fast-forward")
    whole = aimcsim_("timeline", jumping).stdout
    assert "fast-forward" not in whole


@pytest.mark.parametrize("form", ["png", "svg", "html", "perfetto", "vcd"])
def test_every_file_that_shows_what_was_passed_over_says_so(jumping: Path, form: str) -> None:
    first, end = json.loads((jumping / "summary.json").read_text())["fast_forward"]["skipped_cycles"][0]
    told = "were passed over by fast-forward"
    inside = aimcsim_("timeline", jumping, "--format", form, "--cycles", f"{first + 5}:{first + 15}")
    assert (inside.exit_code, told in inside.stderr) == (2, True)
    across = aimcsim_("timeline", jumping, "--format", form, "--cycles", f"{first - 10}:{end + 10}")
    assert (across.exit_code, f"cycles {first} to {end} {told}" in across.stderr) == (0, True)


def test_gaps_that_are_no_gaps_are_a_broken_log(run: Path) -> None:
    table = pq.read_table(run / "ops.parquet")
    pq.write_table(table.replace_schema_metadata({"aimcsim.skipped_cycles": "[[1, true]]"}), run / "ops.parquet")
    result = aimcsim_("timeline", run)
    assert result.exit_code == 2
    assert "is no list of stretches of cycles" in " ".join(result.stderr.split())
