"""Timelines as pictures: the artists say what the log says."""

from __future__ import annotations

import struct
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from aimcsim.errors import RunFolderError
from aimcsim.report import palette
from aimcsim.report.broken_axis import Span, axis_of
from aimcsim.report.picture_style import drawing, fitting, picture_bytes, plain, width_of
from aimcsim.report.picture_timeline import timeline_figure
from aimcsim.report.run_window import EmptyWindow
from aimcsim.report.timeline_panel import NoTimeline, Source, open_source
from aimcsim.report.timeline_picture import run_pictures
from tests.report.run_folders import SMALL, rows_of, run_folder

TILES = ["s1.a.r0c0", "s2.b.r0c0"]


def figure_of(runs: Sequence[Source | NoTimeline], spans: Sequence[Span], cycle_ns: float | None = None) -> Figure:
    with drawing():
        return timeline_figure([run.panel(spans) for run in runs], axis_of(tuple(spans)), cycle_ns)


def axes_of(figure: Figure) -> list[Axes]:
    return [axes for axes in figure.axes if str(axes.get_label()).startswith("run ")]


def bars(axes: Axes, kind: str) -> list[tuple[float, float, float, float]]:
    """Left, right, top and bottom of the bars of a kind, in the order drawn."""
    return [
        (*path.get_extents().intervalx, *path.get_extents().intervaly)
        for collection in axes.collections
        if collection.get_label() == kind
        for path in collection.get_paths()
    ]


def places(axes: Axes, kind: str) -> list[tuple[float, float]]:
    """Left and right of the bars of a kind."""
    return [bar[:2] for bar in bars(axes, kind)]


def texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def colour(axes: Axes, label: str) -> str:
    (found,) = [collection for collection in axes.collections if collection.get_label() == label]
    colours = found.get_edgecolor() if "no length" in label else found.get_facecolor()
    return to_hex(np.asarray(colours)[0]).upper()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return run_folder(tmp_path / "run")


def test_every_operation_is_a_bar_of_its_kinds_colour_from_its_start_to_its_end_in_its_tiles_row(run: Path) -> None:
    (axes,) = axes_of(figure_of([open_source(run)], [Span(0, 14)]))
    for kind in "FBU":
        own = [row for row in rows_of(SMALL) if row["op"] == kind]
        drawn = bars(axes, kind)
        assert [(left, right) for left, right, _, _ in drawn] == [(row["start"], row["end"]) for row in own]
        # Rows of 0.42 inches, the first stage's on top.
        assert [int(top // 0.42) for _, _, top, _ in drawn] == [TILES.index(row["tile"]) for row in own]
        assert all(int(bottom // 0.42) == int(top // 0.42) for _, _, top, bottom in drawn)
        assert colour(axes, kind) == palette.FILL[kind]
    assert {collection.get_label() for collection in axes.collections} == {"F", "B", "U", "idle", "axis"}
    assert axes.get_ylim()[0] > axes.get_ylim()[1]


def test_letters_and_micro_batches_stand_in_the_bars_and_the_tiles_beside_their_rows(run: Path) -> None:
    (axes,) = axes_of(figure_of([open_source(run)], [Span(0, 14)]))
    shown = texts(axes)
    for kind in "FBU":
        assert shown.count(kind) == 6
    # Each of the micro-batches 0, 1, 2 in six bars; the axis has a 0, 1 and 2 of its own.
    assert [shown.count(str(micro_batch)) for micro_batch in range(3)] == [7, 7, 7]
    assert [text for text in shown if text in TILES] == TILES
    middles = {(text.get_position()[0], text.get_text()) for text in axes.texts}
    assert {(0.5, "F"), (3.5, "B"), (5.0, "U"), (13.0, "U")} <= middles


def test_labels_that_do_not_fit_are_left_out(tmp_path: Path) -> None:
    log = "".join(f"s1.a.r0c0 F {12_345 + k} {k} {k + 1}\n" for k in range(60))
    narrow = run_folder(tmp_path / "narrow", log)
    (axes,) = axes_of(figure_of([open_source(narrow)], [Span(0, 60)]))
    assert (texts(axes).count("F"), "12345" in texts(axes)) == (60, False)
    (axes,) = axes_of(figure_of([open_source(narrow)], [Span(0, 10)]))
    assert "12345" in texts(axes)
    log = "".join(f"s1.a.r0c0 F {k} {k} {k + 1}\n" for k in range(600))
    (axes,) = axes_of(figure_of([open_source(run_folder(tmp_path / "narrower", log))], [Span(0, 600)]))
    assert "F" not in texts(axes)


def test_operations_are_cut_at_the_window(run: Path) -> None:
    (axes,) = axes_of(figure_of([open_source(run)], [Span(4, 6)]))
    assert bars(axes, "U") == [(0.0, 1.0, *bars(axes, "U")[0][2:]), (0.0, 2.0, *bars(axes, "U")[1][2:])]
    assert places(axes, "F") == [(1.0, 2.0)]
    assert bars(axes, "B") == []


def test_spans_stand_side_by_side_with_a_gap_and_a_mark(run: Path) -> None:
    (axes,) = axes_of(figure_of([open_source(run)], [Span(0, 3), Span(11, 14)]))
    gap = 0.03 * 6 / 0.97
    assert places(axes, "B") == [(2, 3), (pytest.approx(3 + gap), pytest.approx(4 + gap))]
    assert np.array(places(axes, "U")) == pytest.approx(np.array([(3, 5), (4, 6)]) + gap)
    assert "···" in texts(axes)


def test_idle_cycles_are_grey_up_to_the_end_of_the_run_and_no_further(run: Path) -> None:
    (axes,) = axes_of(figure_of([open_source(run)], [Span(0, 5), Span(10, 30)]))
    gap = 0.03 * 25 / 0.97
    assert colour(axes, "idle") == palette.IDLE
    assert set(places(axes, "idle")) == {(0, 5), (5 + gap, 9 + gap)}
    assert "done at 14" in texts(axes)


def test_an_update_of_no_length_is_a_tick_also_at_the_very_end(tmp_path: Path) -> None:
    times = ("F 0 0 1", "B 0 1 2", "U 0 2 2", "F 1 2 3", "B 1 3 4", "U 1 4 4")
    log = "\n".join(f"s1.a.r0c0 {each}" for each in times)
    source = open_source(run_folder(tmp_path / "run", log))
    (axes,) = axes_of(figure_of([source], [Span(0, 4)]))
    ticks = bars(axes, "U of no length")
    assert [(left, right) for left, right, _, _ in ticks] == [(2.0, 2.0), (4.0, 4.0)]
    assert all(bottom - top == pytest.approx(0.42) for _, _, top, bottom in ticks)
    assert colour(axes, "U of no length") == palette.UPDATE
    # It belongs to the cycle that begins when it happens.
    assert source.log.table(0, 2, source.tiles).kind.tolist() == [0, 1]
    assert source.log.table(2, 4, source.tiles).micro_batch.tolist() == [0, 1, 1, 1]


def test_one_operation_makes_a_picture(tmp_path: Path) -> None:
    (axes,) = axes_of(figure_of([open_source(run_folder(tmp_path / "run", "s1.a.r0c0 F 0 0 1\n"))], [Span(0, 1)]))
    assert places(axes, "F") == [(0.0, 1.0)]


def test_a_window_in_which_nothing_happens_is_idle(tmp_path: Path) -> None:
    source = open_source(run_folder(tmp_path / "run", "s1.a.r0c0 F 0 0 1\ns1.a.r0c0 B 0 90 91\n"))
    (axes,) = axes_of(figure_of([source], [Span(20, 30)]))
    assert {collection.get_label() for collection in axes.collections} == {"idle", "axis"}


def test_tiles_of_one_stage_stand_closer_than_stages(tmp_path: Path) -> None:
    # Two row blocks of a layer and a digital sum on stage 1, one tile on stage 2.
    log = "s1.a.r0c0 F 0 0 1\ns1.a.r1c0 F 0 0 1\ns1.a.sum F 0 1 2\ns2.b.r0c0 F 0 2 3\n"
    (axes,) = axes_of(figure_of([open_source(run_folder(tmp_path / "run", log))], [Span(0, 3)]))
    tops = [top for _, _, top, _ in bars(axes, "F")]
    assert np.diff(tops) == pytest.approx([0.42, 0.42, 0.42 * 1.35])
    assert "s1.a.sum" in texts(axes)


def test_the_header_names_schedule_makespan_density_and_staleness(tmp_path: Path) -> None:
    stale = {"1": {"forward_mean": 1.9, "forward_max": 2, "backward_mean": 0.0, "backward_max": 0}}
    folder = run_folder(tmp_path / "run", staleness=stale, makespan_cycles=12_345, cycle_ns=2.0, name="my-run")
    figure = figure_of([open_source(folder)], [Span(0, 14)], 2.0)
    written = [text.get_text() for text in figure.texts]
    assert "my-run" in written
    thin = chr(0x2009)
    assert (
        f"async  ·  12{thin}345 cycles = 24.69 µs  ·  density 0.75  ·  staleness by stage 2  ·  op log up to cycle 14"
        in written
    )
    assert {"F forward", "B backward", "U update", "idle"} <= set(written)
    assert "T transfer" not in written


def test_a_known_clock_gives_a_second_axis_in_time(run: Path) -> None:
    (axes,) = axes_of(figure_of([open_source(run)], [Span(0, 14)], 2.5))
    assert "ns" in texts(axes)
    assert {"0", "5", "10", "35"} <= set(texts(axes))
    by_text = {text.get_text(): text.get_position()[0] for text in axes.texts}
    assert by_text["35"] == 14.0  # 14 cycles of 2.5 ns
    (axes,) = axes_of(figure_of([open_source(run)], [Span(0, 14)]))
    assert "ns" not in texts(axes)


def test_runs_share_the_axis_and_one_without_a_log_says_why(tmp_path: Path) -> None:
    first = open_source(run_folder(tmp_path / "a"), title="above")
    second = open_source(run_folder(tmp_path / "b", SMALL.replace("s2.b", "s2.other")), title="below")
    absent = NoTimeline("absent", first.summary, "kept no op log")
    figure = figure_of([first, second, absent], [Span(0, 14)])
    upper, lower = axes_of(figure)
    assert upper.get_xlim() == lower.get_xlim()
    assert upper.get_position().y0 > lower.get_position().y1
    assert upper.get_position().x0 == lower.get_position().x0
    assert ("cycle" in texts(upper), "cycle" in texts(lower)) == (False, True)
    written = [text.get_text() for text in figure.texts]
    assert [title for title in written if title in ("above", "below", "absent")] == ["above", "below", "absent"]
    assert any(text.endswith("kept no op log") for text in written)


@pytest.mark.parametrize("tiles", [1, 3, 40, 250])
def test_a_picture_is_twelve_inches_wide_and_no_taller_than_can_be_drawn(tmp_path: Path, tiles: int) -> None:
    log = "".join(f"s{1 + i % 9}.l{i}.r0c0 F 0 {i} {i + 1}\n" for i in range(tiles))
    (png,) = run_pictures([run_folder(tmp_path / "run", log)], None, "*", ["png"])
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    assert width == 12 * 150
    assert 150 < height < 60 * 150


def test_the_same_run_gives_the_same_bytes_and_no_date(run: Path) -> None:
    once, again = (run_pictures([run], None, "*", ["png", "svg"]) for _ in range(2))
    assert once == again
    assert b"Date" not in once[0] + once[1]
    assert b"tEXt" not in once[0]


def test_an_svg_is_xml_and_names_are_taken_literally(tmp_path: Path) -> None:
    hostile = r"$\frac{1}{0}$ <&> ]]> -- \x1b[2J " + "\x1b\x00\u202e\U0001f600"
    log = SMALL.replace("s1.a.r0c0", "s1.<a>&$x$--")
    folder = run_folder(tmp_path / "run", log, name=hostile, schedule="$" + "\x07", status="<\x9b>")
    png, svg = run_pictures([folder], None, "*", ["png", "svg"])
    assert ET.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
    assert not {0x1B, 0x00, 0x07} & set(svg)
    assert png[:4] == b"\x89PNG"
    figure = figure_of([open_source(folder)], [Span(0, 14)])
    assert any(text.get_text().startswith(r"$\frac{1}{0}$ <&> ]]>") for text in figure.texts)
    assert "s1.<a>&$x$--" in texts(axes_of(figure)[0])


def test_long_names_lose_their_middle_and_stay_apart() -> None:
    assert plain("s1.a-very-long-layer.r0c1", 15) == "s1.a-ve…er.r0c1"
    assert plain("a\x1b\u4e2d") == r"a\x1b\u4e2d"
    cut = fitting("x" * 500, 72, 10)
    assert width_of(cut, 10) <= 72 < width_of("x" * 6 + "…" + "x" * 6, 10)
    assert fitting("short", 72, 10) == "short"


def test_a_users_own_settings_of_matplotlib_change_nothing_and_come_back(run: Path) -> None:
    import matplotlib

    (plainly,) = run_pictures([run], None, "*", ["svg"])
    with matplotlib.rc_context({"font.size": 30, "text.usetex": True, "lines.linewidth": 9, "svg.fonttype": "none"}):
        (after,) = run_pictures([run], None, "*", ["svg"])
        assert matplotlib.rcParams["font.size"] == 30
    assert after == plainly


def test_windows_and_patterns_that_hold_nothing_are_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(EmptyWindow, match="no operation from cycle 14 on: the op log ends at cycle 14"):
        run_pictures([run], (14, None), "*", ["png"])
    with pytest.raises(EmptyWindow, match=r"no tile of this run matches s9\.\*; its tiles are like s1\.a\.r0c0"):
        run_pictures([run], None, "s9.*", ["png"])
    with pytest.raises(RunFolderError, match="is no run folder of aimcsim"):
        run_pictures([tmp_path / "none"], None, "*", ["png"])
    (run / "ops.parquet").write_bytes((run / "ops.parquet").read_bytes()[:-80])
    with pytest.raises(RunFolderError, match="it is truncated or no op log"):
        run_pictures([run], None, "*", ["png"])


def test_a_picture_is_saved_as_it_was_drawn(run: Path) -> None:
    with drawing():
        panel = open_source(run).panel([Span(0, 14)])
        figure = timeline_figure([panel], axis_of((Span(0, 14),)), None)
        assert [picture_bytes(figure, "svg")] == run_pictures([run], (0, 14), "*", ["svg"])


def test_operations_finer_than_a_pixel_are_shares_of_the_cycles_as_high_as_they_are_long(tmp_path: Path) -> None:
    # One tile for 40 000 cycles: F 1, B 2, idle 1, over and over. F is a quarter of the height, B a half above it.
    log = "".join(
        f"s1.a.r0c0 F {k} {4 * k} {4 * k + 1}\ns1.a.r0c0 B {k} {4 * k + 1} {4 * k + 3}\n" for k in range(10_000)
    )
    figure = figure_of([open_source(run_folder(tmp_path / "run", log))], [Span(0, 40_000)])
    (axes,) = axes_of(figure)
    bar, middle = 0.42 * 0.86, 0.42 / 2
    for kind, low, high in (("F", 0.0, 0.25), ("B", 0.25, 0.75)):
        (path,) = [c.get_paths()[0] for c in axes.collections if c.get_label() == f"{kind} shares"]
        corners = path.vertices[(path.vertices[:, 0] > 100) & (path.vertices[:, 0] < 39_900)]
        heights = (middle + bar / 2 - corners[:, 1]) / bar
        ends = np.where(np.abs(heights - low) < np.abs(heights - high), low, high)
        # A step averages over a dozen periods or more, of which it may cut two.
        assert np.abs(heights - ends).max() < 0.1
        assert high in ends
    assert any("heights are shares of the cycles" in text.get_text() for text in figure.texts)
    assert len(picture_bytes(figure, "svg")) < 400_000


def test_only_rows_of_very_many_operations_are_shares(tmp_path: Path) -> None:
    log = "".join(f"s1.a.r0c0 F {k} {k} {k + 1}\n" for k in range(3000)) + "s2.b.r0c0 F 0 10 2990\n"
    (axes,) = axes_of(figure_of([open_source(run_folder(tmp_path / "run", log))], [Span(0, 3000)]))
    assert places(axes, "F") == [(10, 2990)]
    (shares,) = [c.get_paths() for c in axes.collections if c.get_label() == "F shares"]
    assert [path.get_extents().intervalx.tolist() for path in shares] == [[0, 3000]]
