"""Which cycles a picture shows, and where they stand on an axis with gaps."""

from __future__ import annotations

import numpy as np
import pytest

from aimcsim.report.broken_axis import (
    BrokenAxis,
    Landmarks,
    Span,
    axis_of,
    joined,
    round_ticks,
    shared_spans,
)


def run_spans(marks: Landmarks) -> tuple[Span, ...]:
    return shared_spans([marks])


def test_a_long_run_shows_its_fill_two_periods_from_its_middle_and_its_drain() -> None:
    marks = Landmarks(end=10_000, fill=20, steady=5_000, shown=2 * 12, drain=9_980)
    assert run_spans(marks) == (Span(0, 20), Span(5_000, 5_024), Span(9_980, 10_000))


def test_periods_that_follow_the_fill_are_shown_without_a_break() -> None:
    assert run_spans(Landmarks(10_000, 20, 20, 24, 9_980)) == (Span(0, 44), Span(9_980, 10_000))


@pytest.mark.parametrize("end", [1, 44, 65, 96])
def test_a_short_run_is_shown_whole(end: int) -> None:
    # Fill and periods take 44 cycles, the drain 20: 64 of 96 are two thirds.
    assert run_spans(Landmarks(end, 20, 20, 24, max(0, end - 20))) == (Span(0, end),)


def test_a_run_is_broken_as_soon_as_less_than_two_thirds_would_be_shown() -> None:
    assert run_spans(Landmarks(97, 20, 20, 24, 77)) == (Span(0, 44), Span(77, 97))


def test_a_run_without_a_known_period_is_shown_whole() -> None:
    assert run_spans(Landmarks(end=10_000, fill=20, steady=None, shown=0, drain=9_980)) == (Span(0, 10_000),)


def test_a_log_that_lacks_the_end_of_the_run_has_no_drain() -> None:
    assert run_spans(Landmarks(10_000, 20, 5_000, 24, None)) == (Span(0, 20), Span(5_000, 5_024))


def test_runs_on_one_axis_share_the_opening_and_show_the_first_and_the_last_drain() -> None:
    sync = Landmarks(end=25_144, fill=0, steady=0, shown=56, drain=25_130)
    between = Landmarks(end=22_000, fill=5, steady=5, shown=20, drain=21_990)
    asynchronous = Landmarks(end=21_556, fill=5, steady=5, shown=12, drain=21_547)
    assert shared_spans([sync, between, asynchronous]) == (Span(0, 56), Span(21_547, 21_556), Span(25_130, 25_144))


def test_a_run_that_ended_early_does_not_make_the_others_be_shown_whole() -> None:
    diverged = Landmarks(end=60, fill=60, steady=None, shown=0, drain=None)
    long = Landmarks(end=25_144, fill=0, steady=0, shown=56, drain=25_130)
    assert shared_spans([long, diverged]) == (Span(0, 60), Span(25_130, 25_144))


def test_a_run_of_very_long_periods_does_not_squeeze_the_others() -> None:
    serial = Landmarks(end=54_400, fill=0, steady=0, shown=1_088, drain=54_336)
    quick = Landmarks(end=9_628, fill=29, steady=29, shown=24, drain=9_580)
    assert shared_spans([serial, quick])[0] == Span(0, 4 * (29 + 24))


def test_a_gap_too_small_to_be_worth_a_break_is_closed() -> None:
    # 40 + 40 cycles are wanted: a gap of 10 is an eighth of them, one of 11 is more.
    assert joined([Span(0, 40), Span(50, 90)], 1_000) == (Span(0, 90),)
    assert joined([Span(0, 40), Span(51, 91)], 1_000) == (Span(0, 40), Span(51, 91))


def test_spans_outside_the_run_and_in_another_order_are_put_right() -> None:
    assert joined([Span(900, 2_000), Span(-5, 100), Span(3_000, 4_000)], 1_000) == (Span(0, 100), Span(900, 1_000))


def test_cycles_stand_on_one_scale_with_gaps_between_the_spans() -> None:
    axis = BrokenAxis((Span(0, 10), Span(100, 104), Span(200, 206)), gap=2.0)
    assert axis.offsets == (0.0, 12.0, 18.0)
    assert axis.length == 24.0
    assert axis.place(1, np.array([99, 100, 103, 104, 150])).tolist() == [12.0, 12.0, 15.0, 16.0, 16.0]


def test_each_gap_takes_its_share_of_the_whole_length() -> None:
    axis = axis_of((Span(0, 47), Span(1_000, 1_047)), gap_share=0.06)
    assert axis.length == pytest.approx(100)
    assert axis.gap == pytest.approx(6)
    assert axis_of((Span(3, 8),)).length == 5


@pytest.mark.parametrize(
    ("first", "end", "least", "expected"),
    [
        (0, 10, 1, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        (7, 31, 4, [10, 15, 20, 25, 30]),
        (21_547, 21_556, 4, [21_550, 21_555]),
        (11, 14, 5, []),
        (0.0, 0.25, 0.06, [0.0, 0.1, 0.2]),
    ],
)
def test_ticks_are_round_numbers_with_room_between_them(
    first: float, end: float, least: float, expected: list[float]
) -> None:
    assert round_ticks(first, end, least) == pytest.approx(expected)
