"""The value change dump, read by two parsers that did not write it, and what GTKWave makes of it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from vcd.reader import TokenKind, tokenize

from aimcsim.report.run_window import whole_log
from aimcsim.report.vcd import identifier, write_vcd
from aimcsim.report.vcd_clock import Clock, clock_of
from aimcsim.report.vcd_signals import Names
from tests.report.small_run import FIRST, LOG, SECOND, save_run

Changes = dict[str, list[tuple[int, str]]]

TOP = {FIRST: "small.stage_1.s1_l1_r0c0", SECOND: "small.stage_2.s2_l2_r0c0"}
VALUES = {
    TokenKind.CHANGE_SCALAR: "scalar_change",
    TokenKind.CHANGE_VECTOR: "vector_change",
    TokenKind.CHANGE_STRING: "string_change",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_run(tmp_path_factory.mktemp("small") / "run")


def written(tmp_path: Path, *runs: Path, cycles: tuple[int, int | None] | None = None, tiles: str = "*") -> Path:
    write_vcd([whole_log(each, cycles, tiles, 10**6) for each in runs], tmp_path / "t.vcd")
    return tmp_path / "t.vcd"


def changes(file: Path) -> Changes:
    """Every signal's changes, as pyvcd's reader finds them."""
    scope: list[str] = []
    names: dict[str, str] = {}
    found: Changes = defaultdict(list)
    time = -1
    with open(file, "rb") as stream:
        for token in tokenize(stream):
            if token.kind is TokenKind.SCOPE:
                scope.append(token.scope.ident)
            elif token.kind is TokenKind.UPSCOPE:
                scope.pop()
            elif token.kind is TokenKind.VAR:
                assert token.var.id_code not in names
                names[token.var.id_code] = ".".join([*scope, token.var.reference])
            elif token.kind is TokenKind.CHANGE_TIME:
                assert token.time_change > time
                time = token.time_change
            elif token.kind in VALUES:
                change = getattr(token, VALUES[token.kind])
                found[names[change.id_code]].append((time, str(change.value)))
    assert scope == []
    return dict(found)


def drawn(tile: str) -> dict[str, list[tuple[int, str]]]:
    """The signals of a tile from the log on the page: cycle by cycle, then only where they change."""
    end = max(row[4] for row in LOG)
    shown: dict[str, list[str]] = {"op": ["."] * end, "busy": ["0"] * end, "micro_batch": ["z"] * end}
    version = ["0"] * (end + 1)
    for own, op, k, start, stop, _, new in LOG:
        if own == tile:
            for cycle in range(start, stop):
                shown["op"][cycle], shown["busy"][cycle], shown["micro_batch"][cycle] = f"{op}{k}", "1", str(k)
            if new is not None:
                version[stop:] = [str(new)] * (end + 1 - stop)
    shown["version"] = version
    return {
        name: [(t, v) for t, v in enumerate(values) if t == 0 or v != values[t - 1]] for name, values in shown.items()
    }


def test_every_change_of_the_small_run_is_in_the_dump_and_no_other(run: Path, tmp_path: Path) -> None:
    expected = {f"{TOP[tile]}.{name}": own for tile in TOP for name, own in drawn(tile).items()}
    expected |= {
        "small.stage_1.in_flight": [(0, "1"), (1, "2"), (10, "1"), (14, "0")],
        "small.stage_2.in_flight": [(0, "0"), (1, "1"), (13, "0")],
        "small.stage_1.queue": [(0, "0")],
        "small.stage_2.queue": [(0, "0"), (2, "1"), (5, "0"), (7, "1"), (9, "0")],
    }
    assert changes(written(tmp_path, run)) == expected


def test_another_parser_reads_the_same_numbers(run: Path, tmp_path: Path) -> None:
    vcdvcd = pytest.importorskip("vcdvcd", reason="needs the parser vcdvcd: pip install vcdvcd")
    file = written(tmp_path, run)
    found = vcdvcd.VCDVCD(str(file))
    # It skips texts; numbers it leaves in binary.
    read = {
        name: [(time, value if value == "z" else str(int(value, 2))) for time, value in found[name].tv]
        for name in found.signals
        if not name.endswith(".op")
    }
    assert read == {name: own for name, own in changes(file).items() if not name.endswith(".op")}
    assert found.timescale["magnitude"] == 1
    assert found.timescale["unit"] == "ns"


def test_a_window_begins_with_the_values_that_hold_there(run: Path, tmp_path: Path) -> None:
    found = changes(written(tmp_path, run, cycles=(5, 9), tiles="s1.*"))
    assert found == {
        "small.stage_1.in_flight": [(5, "2")],
        "small.stage_1.queue": [(5, "0")],
        f"{TOP[FIRST]}.op": [(5, "U0"), (6, "F2"), (7, "B1"), (8, "U1")],
        f"{TOP[FIRST]}.busy": [(5, "1")],
        f"{TOP[FIRST]}.micro_batch": [(5, "0"), (6, "2"), (7, "1")],
        f"{TOP[FIRST]}.version": [(5, "0"), (6, "1")],
    }


def test_a_window_of_one_operation_and_one_of_none_are_dumps_too(run: Path, tmp_path: Path) -> None:
    assert changes(written(tmp_path, run, cycles=(3, 4), tiles="s1.*"))[f"{TOP[FIRST]}.op"] == [(3, "B0")]
    idle = changes(written(tmp_path, run, cycles=(10, 11), tiles="s1.*"))
    assert (idle[f"{TOP[FIRST]}.op"], idle[f"{TOP[FIRST]}.busy"]) == ([(10, ".")], [(10, "0")])


def test_updates_of_no_length_show_in_the_version_alone(tmp_path: Path) -> None:
    run = save_run(tmp_path / "run", **{"hardware.timing": {"forward": 1, "backward": 1, "update": 0}})
    found = changes(written(tmp_path, run))
    assert [value for _, value in found[f"{TOP[FIRST]}.version"]] == ["0", "1", "2", "3"]
    assert {value[0] for _, value in found[f"{TOP[FIRST]}.op"]} == {"F", "B", "."}


def test_times_are_those_of_the_clock(tmp_path: Path) -> None:
    timing = {"forward": 1, "backward": 1, "update": 1, "clock_ns": 2.5}
    file = written(tmp_path, save_run(tmp_path / "run", **{"hardware.timing": timing}))
    text = file.read_text()
    assert "1 clock cycle is 2.5 ns: 25 x 100 ps" in text
    assert "$timescale 100 ps $end" in text
    assert [time % 25 for time, _ in changes(file)[f"{TOP[FIRST]}.op"]] == [0] * len(changes(file)[f"{TOP[FIRST]}.op"])


@pytest.mark.parametrize(
    ("cycles", "clock"),
    [
        ([None], Clock(1, "1 ns", "no clock is known: 1 ns of this file stands for 1 clock cycle")),
        ([100.0], Clock(1, "100 ns", "1 clock cycle is 100 ns: 1 x 100 ns")),
        ([0.3], Clock(3, "100 ps", "1 clock cycle is 0.3 ns: 3 x 100 ps")),
        ([5e3, 5e3], Clock(5, "1 us", "1 clock cycle is 5000 ns: 5 x 1 us")),
        ([1e-9], Clock(1, "1 fs", "1 clock cycle is 1e-09 ns (rounded to whole femtoseconds): 1 x 1 fs")),
        ([1.0, 2.0], Clock(1, "1 ns", "the runs differ in their clocks: 1 ns of this file stands for 1 clock cycle")),
        ([1.0, None], Clock(1, "1 ns", "the runs differ in their clocks: 1 ns of this file stands for 1 clock cycle")),
    ],
)
def test_a_cycle_is_a_multiple_of_the_coarsest_timescale(cycles: list[float | None], clock: Clock) -> None:
    assert clock_of(cycles, 1000) == clock


def test_several_runs_are_scopes_of_their_own(run: Path, tmp_path: Path) -> None:
    found = changes(written(tmp_path, run, run))
    assert {name.split(".")[0] for name in found} == {"small", "small_2"}
    assert found["small.stage_2.queue"] == found["small_2.stage_2.queue"]


def test_identifiers_differ_and_are_printable() -> None:
    found = [identifier(number) for number in range(20_000)]
    assert len(set(found)) == len(found)
    assert (found[0], found[93], found[94]) == ("!", "~", "!!")
    assert {character for text in found for character in text} <= {chr(code) for code in range(33, 127)}


def test_names_hold_nothing_that_a_dump_or_gtkwave_would_take_for_syntax() -> None:
    names = Names(set())
    hostile = ["$end", "a b", "a.b", "a\x00b", "é[3:0]", "", "../x", "a_b"]
    found = [names.unique(("run",), text)[1] for text in hostile]
    assert found == ["_end", "a_b", "a_b_2", "a_b_3", "__3_0_", "_", "___x", "a_b_4"]


def test_the_save_file_shows_the_operations_of_every_tile(run: Path, tmp_path: Path) -> None:
    file = written(tmp_path, run)
    lines = file.with_suffix(".gtkw").read_text().splitlines()
    assert lines[:2] == ['[dumpfile] "/t.vcd"', '[savefile] "/t.gtkw"']
    signals = set(changes(file))
    assert {line.split()[-1] for line in lines if "stage_" in line and not line.startswith("-")} == signals
    assert [line for line in lines if line.endswith(".op")] == [
        "+{s1_l1_r0c0} small.stage_1.s1_l1_r0c0.op",
        "+{s2_l2_r0c0} small.stage_2.s2_l2_r0c0.op",
    ]


def test_gtkwave_s_own_reader_takes_the_dump(run: Path, tmp_path: Path) -> None:
    tool = shutil.which("vcd2fst")
    back = shutil.which("fst2vcd")
    if tool is None or back is None:
        pytest.skip("needs vcd2fst and fst2vcd: apt install gtkwave")
    file = written(tmp_path, run)
    subprocess.run([tool, file, tmp_path / "t.fst"], check=True, capture_output=True, timeout=60)
    subprocess.run(
        [back, "-f", tmp_path / "t.fst", "-o", tmp_path / "back.vcd"], check=True, capture_output=True, timeout=60
    )
    # It writes every z of a number, where one stands for all.
    read = {
        name: [(time, re.sub("^z+$", "z", value)) for time, value in own]
        for name, own in changes(tmp_path / "back.vcd").items()
    }
    assert read == changes(file)


def test_a_hostile_summary_cannot_break_the_dump(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    summary: dict[str, Any] = json.loads((copy / "summary.json").read_text())
    (copy / "summary.json").write_text(json.dumps(summary | {"name": "$end\n#5 $scope \x1b[2J"}))
    found = changes(written(tmp_path, copy))
    assert {name.split(".")[0] for name in found} == {"_end__5__scope___2J"}
