"""Figures as people read them; the examples in the docstrings hold."""

from __future__ import annotations

import doctest

import pytest

from aimcsim.report import ascii_timeline, figures
from aimcsim.report.figures import figure


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (10**12, "1000000000000"), (0, "0"), (0.5, "0.5"), (1 / 3, "0.3333"), (1e-9, "1e-09"), (999.96, "1000"),
        (1234.5678, "1234.6"), (-2.5, "-2.5"), (1e12, "1e+12"), (None, "–"), ("a\x1b", "a\\x1b"),
    ],
)  # fmt: skip
def test_a_figure_is_short_and_harmless(value: float | str | None, text: str) -> None:
    assert figure(value) == text


def test_the_examples_in_the_docstrings_hold() -> None:
    for module in (figures, ascii_timeline):
        assert doctest.testmod(module).failed == 0
