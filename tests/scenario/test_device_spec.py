"""Devices in a scenario: names, presets, pairs, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from aimcsim.errors import ScenarioError
from aimcsim.scenario.device_presets import PRESETS
from aimcsim.scenario.device_spec import (
    DEVICES,
    NAMES,
    Device,
    LinearStepDevice,
    SoftBoundsDevice,
    SoftBoundsReferenceDevice,
    device_of,
)
from aimcsim.scenario.load import scenario_from_data
from aimcsim.scenario.schema import json_schema

BASE = {"name": "x", "model": {"chain": 2}, "training": {"samples": 4}}


def read(device: Any) -> Device:
    scenario, _ = scenario_from_data({**BASE, "hardware": {"device": device}})
    return scenario.hardware.device


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_a_device_by_name_and_its_resolved_form_reads_back_the_same(name: str) -> None:
    device = read(name)
    assert device == read(device.model_dump()) == device_of(name)
    assert device.name == PRESETS[name].parameters["name"]


def test_a_preset_may_be_changed_and_stand_in_a_pair() -> None:
    assert read({"name": "pcm", "dw_min": 0.02}) == read(read("pcm").model_dump() | {"dw_min": 0.02})
    assert read({"name": "one-sided", "device": "pcm"}) == read(
        {"name": "one-sided", "device": read("pcm").model_dump()}
    )


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("pcn", "hardware.device.name: must be ideal, .* or pcm, did you mean pcm"),
        ({"name": "capacitor", "dw_min": -1.0}, r"hardware.device.dw_min: must be > 0 \(got -1.0\)"),
        ({"name": "reram-es", "gamma": 1.0}, "hardware.device.gamma: unknown key"),
        ({"name": "one-sided", "device": "ideal"}, "hardware.device.device.name: must be constant-step, .*'ideal'"),
        ({"name": "one-sided"}, "hardware.device.device: missing key"),
        ({"name": "response"}, "hardware.device.form: missing key"),
        ({"name": "response", "form": "power", "w_min": 0.0}, "hardware.device: w_min must be below zero"),
        ({"name": "soft-bounds", "w_min": 0.0}, "hardware.device.w_min: must be < 0"),
        ({"name": "constant-step", "w_min": 0.1}, "hardware.device.w_min: must be <= 0"),
        ({"name": "constant-step", "corrupt_devices_prob": 1.5}, "hardware.device.corrupt_devices_prob: must be <= 1"),
        ({"name": "constant-step", "lifetime": 10.0}, "hardware.device: lifetime counts updates: .* leak_lifetime_s"),
        ({"name": "constant-step", "diffusion": 0.1}, "hardware.device: diffusion counts updates: .*per_root_s"),
        (
            {"name": "constant-step", "time_convention": "per-mini-batch", "drift_nu": 0.1},
            "hardware.device: drift_nu needs time_convention: simulated",
        ),
        ({"name": "constant-step", "drift_nu": 0.1, "leak_lifetime_s": 1.0}, "drift_nu cannot be combined with"),
        ({"name": "piecewise-step", "piecewise_up": []}, "hardware.device.piecewise_up: must have at least 1 item"),
        (
            {"name": "response-table", "points_up": [[0.0, 1.0], [0.0, 1.0]], "points_down": [[0.0, 1.0], [1.0, 1.0]]},
            "hardware.device: points_up must have weights that rise",
        ),
        (
            {"name": "response-table", "points_up": [[0.0, 1.0], [1.0, 1.0]], "points_down": [[0.0, 1.0], [1.0, -1.0]]},
            "hardware.device: points_down must have no step below zero",
        ),
    ],
)
def test_what_makes_no_device_is_refused_where_it_stands(device: Any, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        read(device)


def test_the_schema_knows_presets_by_name_and_with_changes() -> None:
    forms = json_schema()["$defs"]["HardwareSpec"]["properties"]["device"]["anyOf"]
    assert set(NAMES) == set(next(form["enum"] for form in forms if "enum" in form))
    changed = next(form for form in forms if form.get("type") == "object" and "properties" in form)
    assert changed["properties"]["name"]["enum"] == [*PRESETS]


def test_names_are_unique() -> None:
    assert len(set(NAMES)) == len(DEVICES) + len(PRESETS)


@pytest.mark.parametrize(
    ("name", "relative"),
    # The defaults of aihwkit 1.2.0's LinearStepDevice, SoftBoundsDevice and SoftBoundsReferenceDevice.
    [("linear-step", True), ("soft-bounds", True), ("soft-bounds-reference", False)],
)
def test_step_noise_is_relative_to_the_step_by_default_where_it_is_in_aihwkit(name: str, relative: bool) -> None:
    device = device_of(name)
    assert isinstance(device, LinearStepDevice | SoftBoundsDevice | SoftBoundsReferenceDevice)
    assert device.mult_noise is relative
