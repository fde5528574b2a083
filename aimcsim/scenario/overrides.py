"""Values set from outside a scenario file: `--set path=value` and the mapping of the Python interface."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aimcsim.scenario.marks import Draft, FieldPath, Mark, Marks
from aimcsim.scenario.yaml_marks import DEEPEST, MOST_NODES, parse_yaml

#: What stands for a file name in the report of an overridden value.
SET = "--set"

Overrides = Mapping[str, Any] | Sequence[str]

_OUTSIDE = Mark(SET)


@dataclass(frozen=True)
class Override:
    """One value to set; `path` is dotted, with list indices, and `mark` is where it was written."""

    path: str
    value: Draft
    mark: Mark = _OUTSIDE


class OverrideError(Exception):
    """An override cannot be put anywhere."""


def parse_overrides(overrides: Overrides | None) -> tuple[list[Override], list[str]]:
    """`overrides` in the order given, and the texts among them that are no `path=value`.

    The values of texts are YAML 1.2; those of a mapping are taken as they are.
    """
    if overrides is None:
        return [], []
    if isinstance(overrides, Mapping):
        return [Override(str(path), plain_draft(value, SET)) for path, value in overrides.items()], []
    pairs = [(text, *text.partition("=")) for text in ([overrides] if isinstance(overrides, str) else overrides)]
    good = [Override(path.strip(), _at_one_place(parse_yaml(value, SET))) for _, path, equals, value in pairs if equals]
    return good, [text for text, _, equals, _ in pairs if not equals]


def _at_one_place(value: Draft) -> Draft:
    """The draft of a command-line text, whose lines and columns mean nothing to its reader."""
    there = Draft(value.data, Marks(Mark(SET)), broken=value.broken)
    for each in value.findings:
        there.fail(each.path, each.what, each.got)
    return there


def plain_draft(value: Any, name: str) -> Draft:
    """Data given in Python as a draft, copied; all of it is cited at `name`, line 1. Paths become text."""
    draft = Draft(None, Marks(Mark(name)))
    draft.data = _plain(value, (), draft, [0])
    return draft


def _plain(value: Any, path: FieldPath, draft: Draft, count: list[int]) -> Any:
    count[0] += 1
    if len(path) > DEEPEST or count[0] > MOST_NODES:
        if not draft.is_broken(()):
            draft.fail((), f"more than {DEEPEST} levels or {MOST_NODES} keys and values", broken=True)
        return None
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                draft.fail(path, "a key must be text", key)
        return {key: _plain(each, (*path, key), draft, count) for key, each in value.items() if isinstance(key, str)}
    if isinstance(value, list | tuple):
        return [_plain(each, (*path, number), draft, count) for number, each in enumerate(value)]
    draft.fail(path, f"must be plain data (got a {type(value).__name__})", broken=True)
    return None


def apply_override(draft: Draft, override: Override, expand: Callable[[Draft, FieldPath], None]) -> None:
    """Put the value of `override` into `draft`; mappings that are missing on the way are made.

    `expand(draft, path)` is called for every path passed through, and may replace a file name by its content.
    Raises OverrideError.
    """
    path: FieldPath = ()
    node = draft.data
    parts = override.path.split(".")
    if "" in parts:
        raise OverrideError("the path before '=' must be keys and list indices joined by dots")
    for part in parts[:-1]:
        place = _place(node, part, path)
        path = (*path, place)
        if isinstance(node, dict) and node.get(part) is None:
            if draft.is_broken(path):
                return
            node[part] = {}
            draft.marks.add(path, override.mark, override.mark)
        expand(draft, path)
        if draft.is_broken(path):
            return
        node = node[place]
    place = _place(node, parts[-1], path)
    draft.graft((*path, place), override.value)
    node[place] = override.value.data


def _place(node: Any, part: str, path: FieldPath) -> str | int:
    """`part` as a key or index of `node`, which stands at `path`."""
    where = ".".join(map(str, path))
    if isinstance(node, dict):
        return part
    if isinstance(node, list):
        if part.isascii() and part.isdecimal() and len(part) < 8 and int(part) < len(node):
            return int(part)
        named = [each.get("name") if isinstance(each, dict) else None for each in node]
        close = difflib.get_close_matches(part, [name for name in named if isinstance(name, str)], 1)
        hint = f"; {close[0]} is {where}.{named.index(close[0])}" if close else ""
        last = f"0 to {len(node) - 1}" if node else "none, as it is empty"
        raise OverrideError(f"{where} is a list: its indices are {last}{hint}")
    raise OverrideError(f"{where} is a single value, with nothing inside it")
