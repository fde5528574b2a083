"""pydantic's errors in the words of a scenario file, with file, line and column."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pydantic

from aimcsim.errors import Problem
from aimcsim.scenario.base import NAME_PATTERN, RUN_NAME_PATTERN
from aimcsim.scenario.device_presets import PRESETS
from aimcsim.scenario.keys import all_keys, suggestion
from aimcsim.scenario.marks import Draft, FieldPath, Finding, Spelled
from aimcsim.scenario.pipeline_spec import CELL_PATTERN

_KINDS = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
    "finite_number": "finite",
}
_BOUNDS = {
    "greater_than_equal": ("ge", ">="),
    "greater_than": ("gt", ">"),
    "less_than_equal": ("le", "<="),
    "less_than": ("lt", "<"),
}
_PATTERNS = {
    NAME_PATTERN: "must be a name: at most 64 letters, digits, _ and -, not beginning with -",
    RUN_NAME_PATTERN: "must be a name: at most 128 letters, digits, _, - and ., not beginning with - or .",
    CELL_PATTERN: "must be empty or read like 0F3: virtual stage, then F, B, U or W, then micro-batch",
}


@dataclass(frozen=True)
class Wording:
    """What a kind of file calls its keys: which parts of pydantic's locations are keys, and what a wrong one meant."""

    is_key: Callable[[str], bool]
    suggestion: Callable[[str, FieldPath], str]


SCENARIO = Wording(lambda part: part in all_keys(), suggestion)


def problems_of_validation(error: pydantic.ValidationError, draft: Draft, wording: Wording = SCENARIO) -> list[Problem]:
    """One problem for each of pydantic's errors, save those about values that could not even be read."""
    found = [_finding(dict(each), draft, wording) for each in error.errors(include_url=False)]
    return [each.problem() for each in found if not draft.is_broken(each.path)]


def _finding(error: Mapping[str, Any], draft: Draft, wording: Wording) -> Finding:
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    location: FieldPath = error["loc"]
    path = _without_tags(location, wording, keep_last=kind == "extra_forbidden")
    marks = draft.marks
    if kind == "extra_forbidden":
        return Finding(path, "unknown key" + wording.suggestion(str(path[-1]), location[:-1]), marks.key(path))
    if kind == "missing":
        return Finding(path, "missing key", marks.owner(path[:-1]))
    if kind == "union_tag_not_found":
        return Finding((*path, context["discriminator"].strip("'")), "missing key", marks.owner(path))
    if kind == "union_tag_invalid":
        path = (*path, context["discriminator"].strip("'"))
        words = re.findall(r"'([^']*)'", context["expected_tags"])
        if path[-2:-1] == ("device",):
            words += PRESETS
        return Finding(path, _one_of(words, context["tag"]), marks.value(path), _shown(_at(draft.data, path)))
    if kind == "value_error":
        return Finding(path, str(context["error"]), marks.value(path))
    return Finding(path, _what(kind, value, context, error["msg"]), marks.value(path), _shown(value))


def _without_tags(location: FieldPath, wording: Wording, keep_last: bool) -> FieldPath:
    """The path in the file: pydantic adds the tag of each union's chosen branch, and no tag is a key of any spec.

    An unknown key comes last and stays, whatever it is.
    """
    last = len(location) - 1
    return tuple(
        part
        for number, part in enumerate(location)
        if isinstance(part, int) or wording.is_key(part) or (keep_last and number == last)
    )


def _what(kind: str, value: Any, context: Mapping[str, Any], message: str) -> str:
    if kind in _KINDS:
        return f"must be {_KINDS[kind]}"
    if kind in _BOUNDS:
        name, sign = _BOUNDS[kind]
        return f"must be {sign} {_number(context[name])}"
    if kind == "literal_error":
        return _one_of(re.findall(r"'([^']*)'", context["expected"]), value)
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(context["pattern"], f"must match {context['pattern']}")
    return _LENGTHS[kind](context) if kind in _LENGTHS else message


_LENGTHS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "string_too_short": lambda context: "must not be empty",
    "string_too_long": lambda context: f"must have at most {context['max_length']} characters",
    "too_short": lambda context: f"must have at least {_items(context['min_length'])}",
    "too_long": lambda context: f"must have at most {_items(context['max_length'])}",
}


def _items(count: int) -> str:
    return f"{count} item" + "s" * (count != 1)


def _number(bound: float) -> str:
    return str(bound) if isinstance(bound, int) else f"{bound:.15g}"


def _one_of(words: list[str], value: Any) -> str:
    close = difflib.get_close_matches(value, words, 1) if isinstance(value, str) else []
    choice = f"must be {words[0]}" if len(words) == 1 else f"must be {', '.join(words[:-1])} or {words[-1]}"
    return choice + (f", did you mean {close[0]}?" if close else "")


def _at(data: Any, path: FieldPath) -> Any:
    for part in path:
        if isinstance(data, str):
            return data  # a bare name where a mapping with that name is meant
        data = data[part]
    return data


def _shown(value: Any) -> Any:
    """The value as a report shows it: lists and mappings by their size, the rest as YAML writes it."""
    if isinstance(value, dict):
        return Spelled("a mapping")
    if isinstance(value, list):
        return Spelled(f"a list of {_items(len(value))}")
    if value is None or isinstance(value, bool):
        return Spelled("null" if value is None else str(value).lower())
    if isinstance(value, int) and abs(value) >= 10**64:
        return Spelled("a number of more than 64 digits")
    return value
