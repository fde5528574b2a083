"""Scenario files, read and checked as a whole: types, cross-field rules, and whether the parts fit together."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aimcsim.assembly import Assembly, assemble
from aimcsim.data.stored import nominal_epoch
from aimcsim.errors import FieldError, FieldErrors, ScenarioError, collect
from aimcsim.fitting import check_trainable
from aimcsim.scenario.load import read_scenario
from aimcsim.scenario.marks import Marks, problems_from_field_errors
from aimcsim.scenario.spec import Scenario
from aimcsim.shipped import find_scenario

Overrides = Mapping[str, Any] | Sequence[str] | None


@dataclass(frozen=True)
class Loaded:
    """A scenario put together, with the places of its fields in its files, for errors that only a run can find."""

    scenario: Scenario
    marks: Marks
    assembly: Assembly

    def explain(self, error: FieldError | FieldErrors) -> ScenarioError:
        """The error with file, line and column."""
        return _explained(error, self.marks)


def load(path: str | os.PathLike[str], overrides: Overrides = None, *, train: bool = False) -> Loaded:
    """Read and check a scenario file, or a shipped scenario by name. `train`: for a run that trains, where it can.

    Raises ScenarioError with all that is wrong.
    """
    scenario, marks = read_scenario(find_scenario(os.fspath(path)), overrides)
    return put_together(scenario, marks, train=train)


def put_together(scenario: Scenario, marks: Marks, *, train: bool = False) -> Loaded:
    """A typed scenario, assembled. `train`: for a run that trains. Raises ScenarioError with all that does not fit."""
    errors = check_trainable(scenario) if train else []
    assembly = collect(errors, lambda: assemble(scenario, nominal_epoch(scenario.data)))
    if errors or assembly is None:
        raise _explained(FieldErrors(errors), marks)
    return Loaded(scenario, marks, assembly)


def _explained(error: FieldError | FieldErrors, marks: Marks) -> ScenarioError:
    errors = error if isinstance(error, FieldErrors) else FieldErrors([error])
    return problems_from_field_errors(errors, marks)


def load_scenario(path: str | os.PathLike[str], overrides: Overrides = None) -> Scenario:
    """As `load`, the scenario alone. `overrides` maps dotted paths to values, or lists `path=value` texts."""
    return load(path, overrides).scenario
