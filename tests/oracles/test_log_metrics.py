"""The metrics of small logs that were drawn and counted by hand."""

from __future__ import annotations

from fractions import Fraction

from tests.oracles.log_metrics import (
    Staleness,
    TileOperation,
    density,
    makespan,
    makespan_bubble,
    missed_by_version,
    peak,
    peak_activations,
    peak_in_flight,
    period,
    span_bubble,
    staleness,
    utilisation,
)
from tests.oracles.vocabulary import Timed

PICTURE = (
    "F0 F1 .. B0 U0 F2 B1 U1 .. B2 U2",  # async, two stages, three micro-batches, unit times
    ".. F0 B0 U0 F1 B1 U1 F2 B2 U2 ..",
)
LOG = [
    Timed(stage, cell[0], 0, int(cell[1]), cycle, cycle + 1)
    for stage, row in enumerate(PICTURE)
    for cycle, cell in enumerate(row.split())
    if cell != ".."
]


def test_makespan_density_and_bubbles_of_the_drawn_log() -> None:
    assert makespan(LOG) == 11
    assert density(LOG, 2) == Fraction(18, 22)
    assert makespan_bubble(LOG, 2) == 2
    assert span_bubble(LOG, 2) == 2  # the first stage spans all 11 cycles, the second its 9 busy ones


def test_staleness_of_the_drawn_log() -> None:
    # First stage: F1 starts at 1, before U0 ends at 5; F2 starts at 5 and sees U0 but not U1, which ends at 8.
    assert staleness(LOG, 0, 1) == Staleness(Fraction(2, 3), 1, Fraction(0), 0)
    assert staleness(LOG, 1, 1) == Staleness(Fraction(0), 0, Fraction(0), 0)


def test_an_update_of_the_same_mini_batch_is_not_missed() -> None:
    assert staleness(LOG, 0, 3) == Staleness(Fraction(0), 0, Fraction(0), 0)
    assert staleness(LOG, 0, 2) == Staleness(Fraction(1, 3), 1, Fraction(0), 0)  # F2 should have seen U0 and U1


def test_staleness_by_version_counts_the_updates_after_the_version_that_was_read() -> None:
    updates = [a for a in LOG if a.stage == 0 and a.kind == "U"]
    backward = next(a for a in LOG if (a.stage, a.kind, a.micro_batch) == (0, "B", 2))
    assert [missed_by_version(backward, version, updates, 1) for version in (0, 1, 2)] == [2, 1, 0]


def test_peaks_of_the_drawn_log() -> None:
    # First stage: F1 starts at 1 with micro-batch 0 in flight until 5; F2 starts at 5, when that has just ended.
    assert [(peak_in_flight(LOG, m), peak_activations(LOG, m)) for m in (0, 1)] == [(2, 2), (1, 1)]


def test_an_update_for_the_whole_mini_batch_keeps_all_of_it_in_flight() -> None:
    log = [a for a in LOG if a.kind != "U" or a.micro_batch == 2]
    assert [peak_in_flight(log, m) for m in (0, 1)] == [3, 3]


def test_intervals_that_only_touch_do_not_overlap() -> None:
    assert peak([(0, 2), (2, 4), (4, 4), (3, 5)]) == 2


def test_the_period_is_counted_over_the_middle_half_of_the_first_stage_commits() -> None:
    assert period(LOG, 1) == 3  # commits at 5, 8, 11: one step, from the first
    commits = [2, 10, 13, 17, 19, 40]  # n = 6: three steps, from number 1 to number 4
    log = [Timed(0, "U", 0, k, end - 1, end) for k, end in enumerate(commits)]
    assert period(log, 1) == Fraction(19 - 10, 3)
    assert period(log, 2) == Fraction(17 - 10, 2)  # those that close a mini-batch: 10, 17, 40
    assert period(log[:1], 1) is None


def test_utilisation_is_each_tiles_own_busy_share_of_the_run() -> None:
    operations = [
        TileOperation("s1.a.r0c0", 0, "F", 0, 0, 4),
        TileOperation("s1.a.r0c1", 0, "F", 0, 0, 3),
        TileOperation("s1.a.r0c0", 0, "B", 0, 6, 8),
    ]
    assert utilisation(operations, 10) == {"s1.a.r0c0": Fraction(6, 10), "s1.a.r0c1": Fraction(3, 10)}
