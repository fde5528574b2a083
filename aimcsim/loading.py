"""Scenario files, read and checked as a whole: types, cross-field rules, and whether the parts fit together."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aimcsim.assembly import assemble
from aimcsim.data.shapes import shape_of
from aimcsim.errors import FieldError, FieldErrors, ScenarioError
from aimcsim.scenario.load import read_scenario
from aimcsim.scenario.marks import Marks, problems_from_field_errors
from aimcsim.scenario.spec import Scenario
from aimcsim.shipped import find_scenario

Overrides = Mapping[str, Any] | Sequence[str] | None


@dataclass(frozen=True)
class Loaded:
    """A scenario with the places of its fields in its files, for errors that only a run can find."""

    scenario: Scenario
    marks: Marks

    def explain(self, error: FieldError | FieldErrors) -> ScenarioError:
        """The error with file, line and column."""
        errors = error if isinstance(error, FieldErrors) else FieldErrors([error])
        return problems_from_field_errors(errors, self.marks)


def load(path: str | os.PathLike[str], overrides: Overrides = None) -> Loaded:
    """Read and check a scenario file, or a shipped scenario by name. Raises ScenarioError with all that is wrong."""
    scenario, marks = read_scenario(find_scenario(os.fspath(path)), overrides)
    loaded = Loaded(scenario, marks)
    try:
        assemble(scenario, nominal_epoch(scenario))
    except (FieldError, FieldErrors) as error:
        raise loaded.explain(error) from None
    return loaded


def load_scenario(path: str | os.PathLike[str], overrides: Overrides = None) -> Scenario:
    """As `load`, the scenario alone. `overrides` maps dotted paths to values, or lists `path=value` texts."""
    return load(path, overrides).scenario


def nominal_epoch(scenario: Scenario) -> int | None:
    """Size of the training set without loading it, so that epochs can be counted in a check or a timing-only run."""
    if scenario.data.train is not None:
        return scenario.data.train
    shape = shape_of(scenario.data)
    return None if shape is None else shape.train
