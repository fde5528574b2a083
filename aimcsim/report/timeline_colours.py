"""Colours of a timeline on a terminal; the text itself stays as `ascii_timeline` made it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from aimcsim.report.ascii_timeline import GAP, IDLE

#: The terminal's own colours nearest to those of the pictures; what is idle steps back.
STYLES = {"F": "blue", "B": "yellow", "U": "green", "W": "red", "T": "magenta", IDLE: "dim"}


def coloured(lines: Sequence[str]) -> Iterator[Text]:
    """Every operation of a row in the colour of its kind; idle cycles, ruler and legend dim."""
    margin = _margin(lines)
    for number, line in enumerate(lines):
        if number in (0, len(lines) - 1):
            yield Text(line, "dim")
            continue
        text = Text(line)
        row = line[margin:]
        for kind, style in STYLES.items():
            _colour(text, row, margin, kind, style)
        yield text


def _margin(lines: Sequence[str]) -> int:
    """Where the rows begin: the ruler's word is padded to the longest name, and names hold no double space."""
    return max((line.find(GAP) + len(GAP) for line in lines[1:-1] if GAP in line), default=0)


def _colour(text: Text, row: str, margin: int, kind: str, style: str) -> None:
    at = row.find(kind)
    while at >= 0:
        end = at + 1
        while end < len(row) and row[end] in "0123456789-":
            end += 1
        text.stylize(style, margin + at, margin + end)
        at = row.find(kind, end)
