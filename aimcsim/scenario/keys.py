"""Which keys a place of a scenario takes, read off the typed specs: for suggestions."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from functools import cache
from typing import Any, get_args

from aimcsim.scenario.base import Spec
from aimcsim.scenario.spec import Scenario


@cache
def all_keys() -> frozenset[str]:
    """Every key of every spec."""
    return frozenset(key for spec in _below(Spec) for key in spec.model_fields)


def _below(spec: type[Spec]) -> list[type[Spec]]:
    return [each for child in spec.__subclasses__() for each in (child, *_below(child))]


def specs_in(annotation: Any) -> list[type[Spec]]:
    """The spec classes that an annotation mentions."""
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        return [annotation]
    return [spec for part in get_args(annotation) for spec in specs_in(part)]


def specs_at(location: Sequence[str | int]) -> list[type[Spec]]:
    """The spec classes that may stand at a pydantic error location; tags in it narrow the choice."""
    specs: list[type[Spec]] = [Scenario]
    for part in location:
        if isinstance(part, int):
            continue
        having = [spec for spec in specs if part in spec.model_fields]
        if having:
            specs = [each for spec in having for each in specs_in(spec.model_fields[part].annotation)]
        else:
            specs = [spec for spec in specs if _answers_to(spec, part)] or specs
    return specs


def _answers_to(spec: type[Spec], tag: str) -> bool:
    values = (value for field in spec.model_fields.values() for value in get_args(field.annotation))
    return tag == f"({spec.__name__})" or tag in values


def suggestion(key: str, location: Sequence[str | int]) -> str:
    """`, did you mean …?` for an unknown `key` at `location`, or nothing.

    A key that is right elsewhere was more likely put into the wrong part than misspelt.
    """
    if key in Scenario.model_fields:
        return ", it belongs at the top level"
    parts = [
        part
        for part, field in Scenario.model_fields.items()
        if any(key in spec.model_fields for spec in specs_in(field.annotation))
    ]
    if len(parts) == 1:
        return f", did you mean {parts[0]}.{key}?"
    known = {name for spec in specs_at(location) for name in spec.model_fields}
    close = difflib.get_close_matches(key, sorted(known), 1)
    return f", did you mean {close[0]}?" if close else ""
