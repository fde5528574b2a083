"""The colours of the HTML report, light and dark: those of every picture, and what only a page has."""

from __future__ import annotations

from typing import NamedTuple

from aimcsim.report import palette
from aimcsim.report.op_table import KINDS


class Colour(NamedTuple):
    """One meaning on a light and on a dark page, as #rrggbb."""

    light: str
    dark: str


#: Colours of the kinds of operation, and of the letters in them.
KIND_COLOURS = {kind: Colour(palette.FILL[kind], palette.DARK_FILL[kind]) for kind in KINDS}
KIND_INKS = {f"{kind}-ink": Colour(palette.INK[kind], palette.DARK_INK[kind]) for kind in KINDS}

#: Lines of compared runs, one after the other; a dash pattern tells those of one colour apart.
RUN_COLOURS = tuple(map(Colour, palette.RUNS, palette.DARK_RUNS))

#: Everything else: page, panel, text, faint text, lines, idle time, the mark of a bottleneck, focus.
PAGE_COLOURS = {
    "page": Colour("#f6f7f9", "#14171b"),
    "panel": Colour("#ffffff", "#1c2127"),
    "text": Colour("#1c2630", "#e6e9ec"),
    "faint": Colour("#55616d", "#a3adb7"),
    "line": Colour("#d9dee3", "#39424b"),
    "idle": Colour("#eceff2", "#272e36"),
    "mark": Colour("#c2410c", "#ff9159"),
    "focus": Colour("#0059b3", "#7cc0ff"),
}


def colour_rules() -> str:
    """CSS that gives every colour a custom property: `--F`, `--F-ink`, `--run-0`, `--text` and so on."""
    named = KIND_COLOURS | KIND_INKS | PAGE_COLOURS
    named |= {f"run-{number}": colour for number, colour in enumerate(RUN_COLOURS)}
    light = "".join(f"--{name}:{colour.light};" for name, colour in named.items())
    dark = "".join(f"--{name}:{colour.dark};" for name, colour in named.items())
    return f":root{{color-scheme:light dark;{light}}}\n@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"
