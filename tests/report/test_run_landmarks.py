"""Where a run fills, repeats itself and drains, read from logs whose times follow from formulas."""

from __future__ import annotations

from pathlib import Path

import pytest

from aimcsim.errors import RunFolderError
from aimcsim.report.broken_axis import Landmarks, shared_spans
from aimcsim.report.op_window import open_ops
from aimcsim.report.run_landmarks import landmarks, repeats_from
from aimcsim.report.run_reader import read_summary
from tests.report.run_folders import run_folder


def pipeline(micro_batches: int) -> str:
    """SMALL of `run_folders` with more micro-batches: every 4 cycles the same again, from cycle 3 on.

    Stage 1 starts F0, F1 at 0, 1 and then F(k+2), B(k), U(k) at 6, 3, 4 + 4k; stage 2 F, B, U at 1, 2, 3 + 4k.
    """
    lines = []
    for k in range(micro_batches):
        forward = k if k < 2 else 6 + 4 * (k - 2)
        first_stage = (("F", forward, 1), ("B", 3 + 4 * k, 1), ("U", 4 + 4 * k, 2))
        second_stage = (("F", 1 + 4 * k, 1), ("B", 2 + 4 * k, 1), ("U", 3 + 4 * k, 2))
        lines += [f"s1.a.r0c0 {kind} {k} {start} {start + length}" for kind, start, length in first_stage]
        lines += [f"s2.b.r0c0 {kind} {k} {start} {start + length}" for kind, start, length in second_stage]
    return "\n".join(sorted(lines, key=lambda line: int(line.split()[-1])))


def uneven(micro_batches: int) -> str:
    """One stage whose B takes a cycle for every divisor of the micro-batch's number: nothing repeats."""
    lines, clock = [], 0
    for k in range(micro_batches):
        length = sum(1 for divisor in range(1, k + 2) if (k + 1) % divisor == 0)
        lines += [f"s1.a.r0c0 F {k} {clock} {clock + 1}", f"s1.a.r0c0 B {k} {clock + 1} {clock + 1 + length}"]
        clock += 1 + length
    return "\n".join(lines)


def found(folder: Path) -> Landmarks:
    return landmarks(open_ops(folder), read_summary(folder))


def test_steady_periods_follow_the_fill_where_the_log_repeats_from_there_on(tmp_path: Path) -> None:
    # 4 micro-batches of 4 cycles are shown; the last, number 49, enters at 6 + 4·47 and is done at 4 + 4·49 + 2.
    folder = run_folder(tmp_path / "run", pipeline(50), period_cycles=4.0)
    assert found(folder) == Landmarks(end=202, fill=3, steady=3, shown=16, drain=194)


def test_two_periods_of_several_micro_batches_are_shown_where_only_these_repeat(tmp_path: Path) -> None:
    # Mini-batches of 3: F F F B B B U, 7 cycles for 3 micro-batches; the period is 7/3 per micro-batch.
    lines = []
    for n in range(30):
        kinds = [("F", 0), ("F", 1), ("F", 2), ("B", 0), ("B", 1), ("B", 2), ("U", 2)]
        lines += [f"s1.a.r0c0 {kind} {3 * n + k} {7 * n + i} {7 * n + i + 1}" for i, (kind, k) in enumerate(kinds)]
    folder = run_folder(tmp_path / "run", "\n".join(lines), period_cycles=7 / 3, micro_batches=3)
    # 4 micro-batches at least are 2 periods of 3; the last micro-batch, the third of its mini-batch, enters at 203 + 2.
    assert found(folder) == Landmarks(end=210, fill=0, steady=0, shown=14, drain=205)


def test_a_run_that_never_repeats_shows_its_middle(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run", uneven(40), period_cycles=5.0)
    # The first 40 natural numbers have 158 divisors, so the run takes 198 cycles. Micro-batch 39 (40 has 8 divisors)
    # enters 9 cycles before the end. 4 micro-batches take some 20 cycles: 89 to 109 is the middle.
    assert found(folder) == Landmarks(end=198, fill=2, steady=89, shown=20, drain=189)


def test_a_pattern_that_holds_at_first_only_is_not_taken_for_the_steady_state(tmp_path: Path) -> None:
    early = [f"s1.a.r0c0 F {k} {2 * k} {2 * k + 1}" for k in range(20)]
    late = [f"s1.a.r0c0 F {k} {40 + 6 * (k - 20)} {44 + 6 * (k - 20)}" for k in range(20, 60)]
    folder = run_folder(tmp_path / "run", "\n".join([*early, *late]), period_cycles=2.0)
    marks = found(folder)
    assert marks.steady == (marks.end - marks.shown) // 2


def test_a_log_of_the_first_cycles_has_no_drain(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run", pipeline(50), period_cycles=4.0, makespan_cycles=900, samples=225)
    assert found(folder) == Landmarks(end=202, fill=3, steady=3, shown=16, drain=None)


def test_without_a_period_no_steady_state_is_claimed(tmp_path: Path) -> None:
    assert found(run_folder(tmp_path / "run")) == Landmarks(end=14, fill=14, steady=None, shown=0, drain=6)


def test_what_repeats_is_found_from_its_first_cycle(tmp_path: Path) -> None:
    log = open_ops(run_folder(tmp_path / "run", pipeline(20)))
    table = log.table(0, 40, ["s1.a.r0c0", "s2.b.r0c0"])
    assert repeats_from(table, 1, 4) == 3
    assert repeats_from(table, 2, 8) == 3
    assert repeats_from(table, 1, 5) is None
    assert repeats_from(table, 2, 4) is None


@pytest.mark.parametrize(
    "others", [{"micro_batch": 0}, {"period_cycles": 1e18}, {"micro_batches": -3, "stages": 10**9}]
)
def test_figures_that_make_no_sense_do_no_harm(tmp_path: Path, others: dict[str, object]) -> None:
    marks = found(run_folder(tmp_path / "run", pipeline(50), **({"period_cycles": 4.0} | others)))
    assert shared_spans([marks])[0].first == 0


def test_a_truncated_log_is_named(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run", pipeline(50), period_cycles=4.0)
    content = (folder / "ops.parquet").read_bytes()
    log, summary = open_ops(folder), read_summary(folder)
    (folder / "ops.parquet").write_bytes(content[: len(content) // 2])
    with pytest.raises(RunFolderError, match=r"ops.parquet cannot be read, it is truncated or no op log"):
        landmarks(log, summary)


def test_a_log_that_leaves_out_its_middle_shows_the_periods_after_the_fill(tmp_path: Path) -> None:
    # 50 micro-batches of 4 cycles, of which those from cycle 40 to 160 are not in the log.
    rows = [line for line in pipeline(50).splitlines() if not 40 <= int(line.split()[3]) < 160]
    whole = found(run_folder(tmp_path / "whole", pipeline(50), period_cycles=4.0))
    assert found(run_folder(tmp_path / "gap", "\n".join(rows), period_cycles=4.0, samples=50)) == whole
    # Of a run that never repeats as well: the middle, 89 to 109 of 198, is not there.
    rows = [line for line in uneven(40).splitlines() if not 80 <= int(line.split()[3]) < 120]
    marks = found(run_folder(tmp_path / "odd", "\n".join(rows), period_cycles=5.0, samples=40))
    assert marks.steady == marks.fill
