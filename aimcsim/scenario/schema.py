"""The JSON Schema of a scenario file, for editors."""

from __future__ import annotations

from typing import Any

from aimcsim.scenario.device_presets import PRESETS
from aimcsim.scenario.spec import Scenario


def json_schema() -> dict[str, Any]:
    """The schema of what may be written in a scenario file, which is more than the typed scenario holds.

    A model may be the path of a file, a device or an algorithm a bare name.
    """
    schema = Scenario.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "aimcsim scenario"
    _also(schema["properties"]["model"], {"type": "string", "title": "path of a model file"})
    parts = schema["$defs"]
    for part, key in (("HardwareSpec", "device"), ("TrainingSpec", "algorithm")):
        field = parts[part]["properties"][key]
        names = sorted(field["discriminator"]["mapping"])
        _also(field, {"enum": [*names, *PRESETS] if key == "device" else names, "title": "name alone"})
    changed = {"name": {"enum": [*PRESETS]}}
    preset = {"type": "object", "title": "preset, some parameters changed", "required": ["name"], "properties": changed}
    parts["HardwareSpec"]["properties"]["device"]["anyOf"].insert(-1, preset)
    return schema


def _also(field: dict[str, Any], form: dict[str, Any]) -> None:
    """Let `field`, a choice of forms, take one more."""
    choices = field.pop("oneOf")
    field.pop("discriminator", None)
    field["anyOf"] = [*choices, form]
