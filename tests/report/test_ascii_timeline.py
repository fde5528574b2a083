"""The timeline's text, written out in full for logs small enough to draw by hand."""

from __future__ import annotations

import io

import numpy as np
from rich.console import Console

from aimcsim.pipeline.actions import Action
from aimcsim.report.ascii_timeline import picture_of
from aimcsim.report.ascii_timeline import timeline as drawn
from aimcsim.report.op_table import KINDS as ALL_KINDS
from aimcsim.report.op_table import OpTable
from aimcsim.report.timeline_colours import coloured

LOG = [
    ("s1.a.r0c0", "F", 0, 0, 1),
    ("s1.a.r0c0", "F", 1, 1, 2),
    ("s2.b.r0c0", "F", 0, 1, 3),
    ("s2.b.r0c0", "B", 0, 3, 4),
    ("s1.a.r0c0", "B", 0, 4, 5),
    ("s1.a.r0c0", "U", 0, 5, 9),
    ("s2.b.r0c0", "U", 0, 4, 4),
]
ORDER = ["s1.a.r0c0", "s2.b.r0c0", "s2.b.r1c0"]
NOTHING = np.empty(0, np.int64)
KINDS = "F forward, B backward, U update, W weight gradient, T transfer, . idle; "


def timeline(
    log: list[tuple[str, str, int, int, int]], order: list[str], first: int, end: int, width: int = 120
) -> list[str]:
    """The picture of those operations of a log that touch the cycles and stand in `order`."""
    own = [row for row in log if row[0] in order and row[3] < end and row[4] > first]
    values = zip(*((order.index(tile), ALL_KINDS.index(op), *numbers) for tile, op, *numbers in own), strict=True)
    tile, kind, micro_batch, start, end_at = (np.array(column, np.int64) for column in values) if own else [NOTHING] * 5
    none = np.zeros(len(own), np.int64)
    columns = (tile, none, kind, micro_batch, start, end_at, none, none, none)
    return drawn(OpTable(tuple(order), first, end, *columns, ("",)), width)


def text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


def test_every_cycle_is_a_cell_where_they_fit() -> None:
    assert text(timeline(LOG, ORDER, 0, 9)) == (
        "cycle      0  1  2  3  4  5  6  7  8\n"
        "s1.a.r0c0  F0 F1 .  .  B0 U0---------\n"
        "s2.b.r0c0  .  F0--- B0 .  .  .  .  .\n"
        "s2.b.r1c0  .  .  .  .  .  .  .  .  .\n" + KINDS + "digits: micro-batch\n"
    )


def test_every_cycle_is_a_character_where_cells_do_not_fit() -> None:
    assert text(timeline(LOG, ORDER[:2], 0, 9, width=20)) == (
        "cycle      0 2 4 6 8\n"
        "s1.a.r0c0  FF..BU0--\n"
        "s2.b.r0c0  .F0B.....\n" + KINDS + "digits: micro-batch\n"
    )  # fmt: skip


def test_several_cycles_share_a_character_that_shows_what_fills_most_of_it() -> None:
    # Columns of 2 cycles: F F, idle, B U (as long, so the first of F B U W T), U, and the last of one cycle U.
    assert text(timeline(LOG, ORDER[:2], 0, 9, width=16)) == (
        "cycle      0 4 8\n"
        "s1.a.r0c0  F.BUU\n"
        "s2.b.r0c0  FF...\n" + KINDS + "one column = 2 cycles\n"
    )  # fmt: skip


def test_operations_that_cross_the_edge_of_the_window_are_cut() -> None:
    assert timeline(LOG, ORDER[:1], 4, 7)[:2] == ["cycle      4  5  6", "s1.a.r0c0  B0 U0---"]
    assert timeline(LOG, ORDER[:1], 6, 8)[:2] == ["cycle      6  7", "s1.a.r0c0  U0---"]


def test_numbers_of_cycles_stand_above_their_cycle_without_touching() -> None:
    ruler = timeline([("t", "F", 7, 998, 1001)], ["t"], 995, 1010, width=60)[0]
    assert ruler == "cycle     996   998   1000  1002  1004  1006  1008"


def test_micro_batches_of_several_digits_widen_the_cells() -> None:
    lines = timeline([("t", "F", 9, 0, 1), ("t", "F", 10, 1, 2), ("t", "B", 9, 3, 5)], ["t"], 0, 5)
    assert lines[:2] == ["cycle  0   1   2   3   4", "t      F9  F10 .   B9-----"]


def test_tile_names_cannot_steer_the_terminal() -> None:
    name = "s1.\x1b[31m" + "x" * 100
    lines = timeline([(name, "F", 0, 0, 1)], [name], 0, 1)
    assert lines[1].startswith("s1.\\x1b[31mxxx")
    assert "\x1b" not in "".join(lines)
    assert len(lines[1]) < 60


def test_a_picture_has_a_row_a_stage_and_lower_case_for_the_second_chunk() -> None:
    actions = [
        (1, Action("F", 0, 0), 1, 2), (0, Action("F", 0, 0), 0, 1), (0, Action("F", 0, 1), 2, 3),
        (1, Action("F", 0, 1), 3, 5), (1, Action("U", 0, 0), 5, 5),
    ]  # fmt: skip
    assert picture_of(actions) == ["stage 1  F0 .  f0 .  .", "stage 2  .  F0 .  f0---"]


def test_colours_change_nothing_but_the_colour() -> None:
    lines = timeline(LOG, ORDER, 0, 9)
    for colour in (None, "standard"):
        screen = io.StringIO()
        console = Console(file=screen, width=120, force_terminal=colour is not None, color_system=colour)  # type: ignore[arg-type]
        for line in coloured(lines):
            console.print(line)
        if colour is None:
            assert screen.getvalue().splitlines() == lines
        else:
            assert "\x1b[32mU0---------\x1b[0m" in screen.getvalue()
            assert "\x1b[33mB0\x1b[0m" in screen.getvalue()
