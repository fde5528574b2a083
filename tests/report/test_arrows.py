"""Which update wrote what a forward reads, on logs written out here."""

from __future__ import annotations

from aimcsim.report.arrows import version_arrows, writers
from tests.report.html.small import table


def test_a_forward_is_told_the_update_that_wrote_its_version_and_an_update_the_first_forward_that_holds_it() -> None:
    # A flush of two updates: no forward reads version 1, the next one holds it all the same.
    rows = [
        (0, "F", 0, 0, 1, 0, -1), (0, "U", 0, 1, 2, 0, 1), (0, "U", 1, 2, 3, 1, 2),
        (0, "F", 2, 3, 4, 2, -1), (0, "F", 3, 4, 5, 2, -1), (1, "F", 2, 4, 5, 2, -1),
    ]  # fmt: skip
    ops = table(rows)
    assert writers(ops).tolist() == [-1, -1, -1, 2, 2, -1]
    found = version_arrows(ops)
    assert sorted(zip(found.source.tolist(), found.target.tolist(), strict=True)) == [(1, 3), (2, 3)]


def test_a_log_without_updates_or_without_forwards_has_no_writers() -> None:
    assert writers(table([(0, "F", 0, 0, 1, 0, -1)])).tolist() == [-1]
    assert writers(table([(0, "U", 0, 0, 1, 0, 1)])).tolist() == [-1]
