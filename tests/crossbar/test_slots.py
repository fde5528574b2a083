"""The slots of an update can be told without it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aimcsim.crossbar import AnalogTile, FloatTile
from aimcsim.scenario.hardware_spec import MappingSpec, PulseSpec
from aimcsim.scenario.pulse_spec import UNPULSED

PULSES: dict[str, dict[str, Any]] = {
    "managed": {},
    "desired length": {"update_bl_management": False},
    "free length": {"update_bl_management": False, "update_management": False, "fixed_bl": False},
    "coarse drivers": {"res": 0.05, "sto_round": True},
    "mean counts": {"pulse_type": "mean-count"},
    "deterministic": {"pulse_type": "deterministic-implicit"},
    "float": {"pulse_type": "none"},
}


@pytest.mark.parametrize("device", ["soft-bounds", "constant-step", "exp-step", "ideal"])
@pytest.mark.parametrize("pulses", PULSES)
def test_told_slots_are_those_that_the_update_takes(pulses: str, device: str) -> None:
    rng = np.random.default_rng(3)
    tile = AnalogTile(7, 9, device=device, pulses=PulseSpec(**PULSES[pulses]), weights=rng.uniform(-0.3, 0.3, (7, 9)))
    some = 0
    for batch, size in ((1, 0.3), (4, 1e-3), (6, 0.0)):
        x, d = rng.standard_normal((batch, 9)), rng.standard_normal((batch, 7)) * size
        before = tile.weights
        told = tile.slots(x, d, 0.05)
        assert np.array_equal(tile.weights, before)
        assert told == tile.update(x, d, 0.05)
        some += told
    pulsed = device != "ideal" and tile.pulses.pulse_type not in UNPULSED
    assert (some > 0) == pulsed


def test_learned_factors_count() -> None:
    rng = np.random.default_rng(4)
    mapping = MappingSpec(weight_scaling_omega=0.4, learn_out_scaling=True)
    tile = AnalogTile(7, 9, mapping=mapping, weights=rng.uniform(-0.3, 0.3, (7, 9)))
    for _ in range(5):
        x, d = rng.standard_normal((3, 9)), rng.standard_normal((3, 7))
        assert tile.slots(x, d, 0.05) == tile.update(x, d, 0.05) > 0


def test_what_an_update_refuses_has_no_slots() -> None:
    tile = AnalogTile(2, 3)
    with pytest.raises(ValueError, match="must be finite"):
        tile.slots([[1.0, np.nan, 0.0]], [[1.0, 1.0]], 0.1)
    with pytest.raises(ValueError, match="same batch size"):
        tile.slots(np.ones((1, 3)), np.ones((2, 2)), 0.1)
    assert FloatTile(2, 3).slots(np.ones((1, 3)), np.ones((1, 2)), 0.1) == 0
