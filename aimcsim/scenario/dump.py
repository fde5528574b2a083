"""Writing of a scenario as YAML that reads back as an equal scenario."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml
from yamlcore import CCoreDumper

from aimcsim.scenario.spec import Scenario


class _Dumper(CCoreDumper):  # type: ignore[misc]  # yamlcore carries no types
    """YAML 1.2 core: texts that would read as a number (`1e3`) are quoted. Lists of single values take one line."""


def _list(dumper: Any, values: Sequence[Any]) -> yaml.SequenceNode:
    flat = not any(isinstance(value, dict | list) for value in values)
    node: yaml.SequenceNode = dumper.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=flat)
    return node


_Dumper.add_representer(list, _list)


def scenario_yaml(scenario: Scenario) -> str:
    """The resolved scenario, defaults and all, keys in the order of the specs; floats keep every bit."""
    return plain_yaml(scenario.model_dump(mode="python"))


def plain_yaml(data: Any) -> str:
    """Mappings, lists and single values as YAML 1.2."""
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return text
