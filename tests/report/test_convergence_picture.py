"""Convergence as a picture: curves, targets, crossings and ends as the evaluations say."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from aimcsim.report import palette
from aimcsim.report.convergence_curves import Curve, apart, can_be_drawn
from aimcsim.report.picture_convergence import convergence_figure
from aimcsim.report.picture_style import drawing, picture_bytes
from tests.report.run_folders import trained

#: Samples, cycle, training loss, test accuracy. The target of 80 % is reached at 200 samples.
ROWS = [(0, 0, None, 0.1), (100, 250, 2.0, 0.5), (200, 500, 1.0, 0.85), (300, 750, 0.5, 0.8)]
REACHED = {"target_accuracy": 0.8, "samples_to_target": 200, "cycles_to_target": 500}


def curve(label: str = "run", rows: Any = ROWS, is_reference: bool = False, **others: Any) -> Curve:
    return Curve(label, *trained(rows, **others), is_reference)


def figure_of(*curves: Curve) -> Figure:
    with drawing():
        return convergence_figure(curves)


def axes_of(figure: Figure) -> dict[str, Axes]:
    return {str(axes.get_label()): axes for axes in figure.axes}


def lines(axes: Axes, label: str) -> list[list[tuple[float, float]]]:
    return [
        [(float(x), float(y)) for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)]
        for line in axes.lines
        if line.get_label() == label
    ]


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_loss_and_accuracy_stand_against_samples_cycles_and_time() -> None:
    axes = axes_of(figure_of(curve(cycle_ns=20.0)))
    assert list(axes) == [
        f"{up} against {along}"
        for up in ("training loss", "test accuracy in %")
        for along in ("samples", "cycles", "simulated time")
    ]
    assert lines(axes["training loss against samples"], "run") == [[(100, 2.0), (200, 1.0), (300, 0.5)]]
    accuracy = [10.0, 50.0, 85.0, 80.0]
    for along, places in (("samples", (0, 100, 200, 300)), ("cycles", (0, 250, 500, 750))):
        assert lines(axes[f"test accuracy in % against {along}"], "run") == [list(zip(places, accuracy, strict=True))]
    (drawn,) = lines(axes["test accuracy in % against simulated time"], "run")
    assert [x for x, _ in drawn] == pytest.approx([0, 5e-6, 10e-6, 15e-6])


def test_there_is_no_axis_for_what_no_run_has() -> None:
    without_accuracy = [(samples, cycle, loss, None) for samples, cycle, loss, _ in ROWS]
    assert list(axes_of(figure_of(curve(rows=without_accuracy)))) == [
        "training loss against samples",
        "training loss against cycles",
    ]
    assert not can_be_drawn(curve(rows=[]))
    assert not can_be_drawn(curve(rows=[(0, 0, None, None)]))
    assert can_be_drawn(curve(rows=[(0, 0, None, 0.1)]))


def test_a_run_that_was_evaluated_once_is_a_dot() -> None:
    axes = axes_of(figure_of(curve(rows=[(0, 0, None, 0.1)])))
    (line,) = [line for line in axes["test accuracy in % against cycles"].lines if line.get_label() == "run"]
    assert line.get_marker() == "o"


def test_the_target_is_a_line_and_its_first_crossing_is_marked_with_its_place() -> None:
    figure = figure_of(curve(**REACHED))
    axes = axes_of(figure)["test accuracy in % against cycles"]
    assert lines(axes, "target") == [[(0.0, 80.0), (1.0, 80.0)]]
    assert lines(axes, "first at the target") == [[(500, 85.0)]]
    assert lines(axes, "down to the axis") == [[(500, 0), (500, 85.0)]]
    assert {"target 80 %", "200", "500 cycles"} <= set(texts(figure))


def test_a_target_that_was_not_reached_is_a_line_alone() -> None:
    axes = axes_of(figure_of(curve(target_accuracy=0.9)))["test accuracy in % against samples"]
    assert len(lines(axes, "target")) == 1
    assert lines(axes, "first at the target") == []


def test_a_run_that_diverged_ends_with_a_cross_where_its_loss_was_not_finite() -> None:
    rows = [*ROWS[:2], (200, 500, None, None)]
    figure = figure_of(curve("wild", rows, status="diverged", diverged={"cycle": 440, "samples": 176}))
    for along, place in (("samples", 176), ("cycles", 440)):
        assert lines(axes_of(figure)[f"training loss against {along}"], "diverged") == [[(place, 2.0)]]
    assert texts(figure).count("wild: diverged") == 2


def test_a_divergence_that_the_summary_does_not_place_is_marked_at_the_last_evaluation() -> None:
    axes = axes_of(figure_of(curve(rows=ROWS[:2], status="diverged")))
    assert lines(axes["training loss against cycles"], "diverged") == [[(250, 2.0)]]


def test_runs_have_colours_of_their_own_and_their_names_beside_their_ends_the_reference_in_grey() -> None:
    figure = figure_of(curve("first"), curve("reference", is_reference=True), curve("second"))
    (axes,) = [axes for name, axes in axes_of(figure).items() if name == "training loss against cycles"]
    colours = {str(line.get_label()): to_hex(line.get_color()).upper() for line in axes.lines}
    assert colours == {"first": palette.RUNS[0], "second": palette.RUNS[1], "reference": palette.FAINT}
    named = {text.get_text(): to_hex(text.get_color()).upper() for text in axes.texts}
    assert named == {
        "first": palette.RUNS[0],
        "second": palette.RUNS[1],
        "reference (no staleness)": palette.FAINT,
    }


def test_labels_do_not_overlap_and_stay_inside_the_picture() -> None:
    figure = figure_of(*(curve(f"a-run-with-a-name-that-is-long-{i}-{'x' * 60}", **REACHED) for i in range(7)))
    with drawing():
        figure.draw_without_rendering()
    for axes in figure.axes:
        beside = [text for text in axes.texts if text.get_text().startswith("a-run")]
        boxes = sorted((text.get_window_extent() for text in beside), key=lambda box: box.y0)
        assert all(low.y1 <= high.y0 + 1 for low, high in itertools.pairwise(boxes))
        assert all(box.x1 <= figure.bbox.x1 for box in boxes)


def test_a_loss_over_several_decades_is_drawn_logarithmically() -> None:
    wide = [(100 * k, 250 * k, 10.0 ** (2 - k), None) for k in range(5)]
    assert axes_of(figure_of(curve(rows=wide)))["training loss against samples"].get_yscale() == "log"
    assert axes_of(figure_of(curve()))["training loss against samples"].get_yscale() == "linear"


def test_a_loss_near_the_largest_number_is_left_out() -> None:
    huge = [*ROWS[:2], (200, 500, 1.7e308, 0.1)]
    assert lines(axes_of(figure_of(curve(rows=huge)))["training loss against samples"], "run") == [[(100, 2.0)]]


def test_names_are_taken_literally_and_the_bytes_are_the_same_every_time() -> None:
    def once() -> bytes:
        with drawing():
            return picture_bytes(convergence_figure([curve("$x^2$ <&>\x1b", cycle_ns=2.0, **REACHED)]), "svg")

    assert once() == once()
    assert ET.fromstring(once()).tag.endswith("svg")
    assert b"Date" not in once()
    assert r"$x^2$ <&>\x1b" in texts(figure_of(curve("$x^2$ <&>\x1b")))


@given(st.lists(st.floats(0, 1), max_size=12), st.floats(0.01, 0.3))
def test_labels_are_moved_apart_within_bounds_and_keep_their_order(wanted: list[float], least: float) -> None:
    places = apart(wanted, least, 0.0, 1.0)
    kept = min(least, 1 / max(1, len(wanted) - 1))
    assert len(places) == len(wanted)
    assert all(-1e-9 <= place <= 1 + 1e-9 for place in places)
    by_wish = [place for _, place in sorted(zip(wanted, places, strict=True), key=lambda pair: pair)]
    assert all(b - a >= kept - 1e-9 for a, b in itertools.pairwise(by_wish))
    if len(wanted) < 2 or np.min(np.diff(np.sort(wanted))) >= least:
        assert places == pytest.approx(wanted)
