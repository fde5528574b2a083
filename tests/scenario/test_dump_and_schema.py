"""Writing a scenario back, and the schema for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings

from aimcsim.scenario.base import Spec
from aimcsim.scenario.dump import scenario_yaml
from aimcsim.scenario.keys import all_keys
from aimcsim.scenario.load import read_scenario, scenario_from_data
from aimcsim.scenario.schema import json_schema
from aimcsim.scenario.spec import Scenario
from tests.scenario.examples import FILES, TRAINED, scenario_data


def build(data: Any) -> Scenario:
    return scenario_from_data(data)[0]


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=scenario_data)
def test_a_written_scenario_reads_back_equal(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    scenario = build(data)
    file = tmp_path_factory.getbasetemp() / "written.yaml"
    file.write_text(scenario_yaml(scenario), encoding="utf-8")
    assert read_scenario(file)[0] == scenario


def test_a_scenario_of_several_files_is_written_as_one(tmp_path: Path) -> None:
    for name, content in {"s.yaml": TRAINED, **FILES}.items():
        (tmp_path / name).write_text(content)
    scenario, _ = read_scenario(tmp_path / "s.yaml")
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "s.yaml").write_text(scenario_yaml(scenario))
    assert read_scenario(alone / "s.yaml")[0] == scenario


def test_a_written_scenario_keeps_the_order_of_the_specs_and_quotes_what_reads_as_a_number() -> None:
    text = scenario_yaml(build({"training": {"samples": 4}, "model": {"chain": 2}, "name": "1e3"}))
    tops = [line.split(":")[0] for line in text.splitlines() if not line.startswith((" ", "-"))]
    assert tops == ["name", "seed", "model", "data", "hardware", "pipeline", "training", "evaluation", "trace"]
    assert text.startswith("name: '1e3'\nseed: 0\nmodel:\n  chain: 2\ndata:\n  name: none\n")


def test_the_schema_has_every_part_and_its_descriptions() -> None:
    schema = json_schema()
    assert list(schema["properties"]) == list(Scenario.model_fields)
    assert schema["required"] == ["name", "model"]
    assert schema["additionalProperties"] is False
    micro_batch = schema["$defs"]["PipelineSpec"]["properties"]["micro_batch"]
    assert (micro_batch["description"], micro_batch["minimum"]) == ("samples of a micro-batch", 1)


def test_the_schema_takes_the_short_forms_of_a_scenario_file() -> None:
    schema = json_schema()
    model = schema["properties"]["model"]["anyOf"]
    assert [form.get("$ref", form.get("type")) for form in model] == [
        "#/$defs/NetworkSpec",
        "#/$defs/ChainSpec",
        "string",
    ]
    device = schema["$defs"]["HardwareSpec"]["properties"]["device"]["anyOf"]
    assert {"ideal", "soft-bounds"} <= set(device[-1]["enum"])
    algorithm = schema["$defs"]["TrainingSpec"]["properties"]["algorithm"]["anyOf"]
    assert {"digital-sgd", "analog-sgd"} <= set(algorithm[-1]["enum"])
    schedule = schema["$defs"]["PipelineSpec"]["properties"]["schedule"]["oneOf"]
    assert [form.get("type") or form["$ref"] for form in schedule] == ["string", "#/$defs/TableSchedule"]


def test_every_reference_of_the_schema_leads_somewhere() -> None:
    schema = json_schema()

    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [each for child in node.values() for each in references(child)]
        return [each for child in node for each in references(child)] if isinstance(node, list) else []

    found = references(schema)
    assert found
    assert {each.removeprefix("#/$defs/") for each in found} <= set(schema["$defs"])


def specs_below(spec: type[Spec]) -> list[type[Spec]]:
    return [each for child in spec.__subclasses__() for each in (child, *specs_below(child))]


def test_no_name_that_chooses_a_form_is_also_a_key() -> None:
    """The tags that pydantic puts into an error's location are told from keys by this alone."""
    chosen = {
        word
        for spec in specs_below(Spec)
        for key, field in spec.model_fields.items()
        if key in ("name", "type")
        for word in get_args(field.annotation)
        if isinstance(word, str)
    }
    assert {"dense", "conv2d", "ideal", "analog-sgd"} <= chosen
    assert not chosen & all_keys()
