"""How matplotlib draws for aimcsim: without its global state, the same bytes every time, names taken literally.

Everything is drawn inside `drawing()`, whatever a user's own matplotlibrc says.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Literal

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import TextToPath

from aimcsim.errors import harmless
from aimcsim.report.palette import BACKGROUND, TEXT

FONT = "DejaVu Sans"

#: Dots per inch of a PNG; sizes in the modules that draw are in inches and points (72 an inch).
DPI = 150

#: No date, no version of the library, no random ids: the same run gives the same bytes.
_METADATA: dict[str, dict[str, Any]] = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}

_SETTINGS: dict[Any, Any] = {
    "font.family": [FONT],
    "text.parse_math": False,  # a $ in a name is a $
    "text.color": TEXT,
    "svg.hashsalt": "aimcsim",
    "figure.facecolor": BACKGROUND,
    "savefig.facecolor": BACKGROUND,
    "agg.path.chunksize": 20_000,
}


@contextmanager
def drawing() -> Iterator[None]:
    """matplotlib's own defaults and the settings above; what was set before comes back afterwards."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of that size in inches."""
    figure = Figure(figsize=(width, height), dpi=DPI)
    FigureCanvasAgg(figure)
    return figure


def picture_bytes(figure: Figure, form: Literal["png", "svg"]) -> bytes:
    """The figure as a file. To be called inside `drawing()`, as it was drawn."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=form, dpi=DPI, metadata=_METADATA[form])
    return buffer.getvalue()


def plain(text: str, limit: int = 60) -> str:
    """An untrusted text for a picture: control characters and what the font lacks escaped, its middle cut if long."""
    known = _characters()
    escaped = "".join(c if ord(c) in known else c.encode("unicode_escape").decode() for c in harmless(text, 10 * limit))
    return _cut(escaped, limit)


def fitting(text: str, points: float, size: float, bold: bool = False) -> str:
    """`text`, a harmless one, with its middle cut until it is at most `points` wide."""
    # The narrowest letters are wider than a quarter of their height.
    for limit in range(min(len(text), int(4 * points / size)), 2, -1):
        if width_of(cut := _cut(text, limit), size, bold) <= points:
            return cut
    return text[:1]


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 2
    return f"{text[: limit - 1 - tail]}…{text[len(text) - tail :]}"


@lru_cache(maxsize=4096)
def width_of(text: str, size: float, bold: bool = False) -> float:
    """Width in points of a text in letters of `size` points."""
    font = FontProperties(family=FONT, weight="bold" if bold else "normal", size=size)
    return float(TextToPath().get_text_width_height_descent(text, font, False)[0])


def grouped(number: int) -> str:
    """A whole number with its thousands apart.

    >>> grouped(25144) == "25" + chr(0x2009) + "144", grouped(997)
    (True, '997')
    """
    return f"{number:,}".replace(",", "\u2009")


@lru_cache(maxsize=1)
def _characters() -> frozenset[int]:
    return frozenset(get_font(findfont(FONT)).get_charmap())
