"""Texts in figures: short names that tell designs apart, and nothing that would be read as a formula."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from aimcsim.errors import harmless
from aimcsim.sweep.axes import text_of
from aimcsim.sweep.series import Row
from aimcsim.trace.definitions import DEFINITIONS


def short_names(settings: Sequence[Row]) -> tuple[list[str], str]:
    """What tells each of several settings from the others, values in the order of the paths, and the paths' names."""
    paths = list(dict.fromkeys(path for each in settings for path in each))
    varied = [path for path in paths if len({text_of(each.get(path)) for each in settings}) > 1]
    names = [", ".join(_short(each.get(path)) for path in varied) for each in settings]
    return names, ", ".join(_short_paths(varied))


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else harmless(text_of(value), 30)


def _short_paths(paths: Sequence[str]) -> list[str]:
    """The last part of each path, or the whole path where two end alike."""
    last = [path.rsplit(".", 1)[-1] for path in paths]
    return [end if last.count(end) == 1 else path for path, end in zip(paths, last, strict=True)]


def defined(name: str) -> str:
    """A figure with its definition in one line, or nothing where it has none."""
    definition = DEFINITIONS.get(name.split(".")[0], "")
    return textwrap.shorten(f"{name}: {definition}", 110, placeholder=" …") if definition else ""


def plain(text: str, limit: int = 120) -> str:
    """Text that matplotlib draws as it is: names and settings come from files, and $ would begin a formula."""
    return "\n".join(harmless(line, limit) for line in text.split("\n")).replace("$", r"\$")


def wrapped(heading: str, width: int) -> str:
    """The heading of a legend, which must not push the figure aside."""
    return "\n".join(plain(line) for line in textwrap.wrap(harmless(heading, 6 * width), width))
