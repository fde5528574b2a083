"""Texts in figures: short names that tell designs apart, and nothing that would be read as a formula."""

from __future__ import annotations

import json
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
    columns = [_column([each.get(path) for each in settings]) for path in varied]
    names = [", ".join(column[number] for column in columns) for number in range(len(settings))]
    return names, ", ".join(_short_paths(varied))


def _column(values: Sequence[Any]) -> list[str]:
    """Short texts of one path's values: of a mapping with a name that, and what tells it from others of that name."""
    mappings = [_named_mapping(value) for value in values]
    names = []
    for value, mapping in zip(values, mappings, strict=True):
        if mapping is None:
            names.append(_short(value))
            continue
        alike = [other for other in mappings if other is not None and other["name"] == mapping["name"]]
        told = [key for key in mapping if len({text_of(other.get(key)) for other in alike}) > 1]
        names.append(" ".join([harmless(mapping["name"], 30), *(f"{key} {_short(mapping[key])}" for key in told)]))
    return names


def _named_mapping(value: Any) -> dict[str, Any] | None:
    """What the table holds as the JSON text of a mapping with a name."""
    if not (isinstance(value, str) and value.startswith("{")):
        return None
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("name"), str) else None


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else harmless(text_of(value), 30)


def _short_paths(paths: Sequence[str]) -> list[str]:
    """The last part of each path, or the whole path where two end alike."""
    last = [path.rsplit(".", 1)[-1] for path in paths]
    return [end if last.count(end) == 1 else path for path, end in zip(paths, last, strict=True)]


def defined(name: str) -> str:
    """A figure with its definition in two lines at most, or nothing where it has none."""
    definition = DEFINITIONS.get(name.split(".")[0], "")
    lines = textwrap.wrap(f"{name}: {definition}", 78, max_lines=2, placeholder=" …") if definition else []
    return "\n".join(lines)


def plain(text: str, limit: int = 120) -> str:
    """Text that matplotlib draws as it is: names and settings come from files, and $ would begin a formula."""
    return "\n".join(harmless(line, limit) for line in text.split("\n")).replace("$", r"\$")


def wrapped(heading: str, width: int) -> str:
    """The heading of a legend, which must not push the figure aside."""
    return "\n".join(plain(line) for line in textwrap.wrap(harmless(heading, 6 * width), width))
