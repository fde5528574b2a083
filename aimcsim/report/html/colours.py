"""The colours of the HTML report, light and dark, told apart by colour-blind eyes too (after Okabe and Ito)."""

from __future__ import annotations

from typing import NamedTuple

from aimcsim.report.op_table import KINDS


class Colour(NamedTuple):
    """One meaning on a light and on a dark page, as #rrggbb; `ink` is readable on either of the two."""

    light: str
    dark: str
    ink: str = "#000000"


#: Colours of the kinds of operation.
KIND_COLOURS = {
    "F": Colour("#0072b2", "#3d9bdc", "#ffffff"),
    "B": Colour("#e69f00", "#e8a628"),
    "U": Colour("#009e73", "#1fb58a"),
    "W": Colour("#d55e00", "#f0743a"),
    "T": Colour("#cc79a7", "#d893b9"),
}

#: What the letters stand for.
KIND_NAMES = {"F": "forward", "B": "backward", "U": "update", "W": "weight gradient", "T": "transfer"}

#: Lines of compared runs, one after the other; a dash pattern tells those of one colour apart.
RUN_COLOURS = (
    Colour("#0072b2", "#56b4e9"),
    Colour("#d55e00", "#f0843c"),
    Colour("#007f5c", "#2cc39a"),
    Colour("#a8437f", "#dd9dc1"),
    Colour("#8a6d00", "#f0e442"),
    Colour("#5f6b76", "#aab4bd"),
)

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
    named = {kind: KIND_COLOURS[kind] for kind in KINDS} | PAGE_COLOURS
    named |= {f"run-{number}": colour for number, colour in enumerate(RUN_COLOURS)}
    light = "".join(f"--{name}:{colour.light};" for name, colour in named.items())
    dark = "".join(f"--{name}:{colour.dark};" for name, colour in named.items())
    inks = "".join(f"--{kind}-ink:{KIND_COLOURS[kind].ink};" for kind in KINDS)
    black = "".join(f"--{kind}-ink:#000000;" for kind in KINDS)
    return (
        f":root{{color-scheme:light dark;{light}{inks}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{{dark}{black}}}}}\n"
    )
