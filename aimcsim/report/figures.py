"""How figures and untrusted texts are written for people."""

from __future__ import annotations

from aimcsim.errors import harmless

#: Stands for a figure that does not apply.
DASH = "–"

#: Longest sentence (a bottleneck, a note) that is shown.
LONGEST_SENTENCE = 1000


def figure(value: float | str | None) -> str:
    """A figure in at most some ten characters: whole numbers in full, others to four significant digits or a tenth.

    >>> figure(404), figure(2.0), figure(0.297222), figure(12345.67), figure(None)
    ('404', '2', '0.2972', '12345.7', '–')
    """
    if value is None:
        return DASH
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, int):
        return str(value)
    return f"{value:.1f}" if 1000 <= abs(value) < 1e9 else f"{value:.4g}"


def sentence(text: str) -> str:
    """A sentence from a summary, harmless for a terminal."""
    return harmless(text, LONGEST_SENTENCE)
