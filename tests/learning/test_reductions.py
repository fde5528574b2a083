"""Where one algorithm is a special case of another, the numbers are the same, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.learning.driver import LINEAR, drive, scenario_with

PULSED: dict[str, Any] = {}
STEPS = 50


def last_weights(algorithm: Any, hardware: dict[str, Any]) -> Any:
    return [shard.weights for shard in drive(scenario_with(algorithm, hardware), STEPS)][-1]


@pytest.mark.parametrize("hardware", [LINEAR, PULSED], ids=["linear device", "pulses and noise"])
def test_residual_learning_without_gamma_is_tiki_taka(hardware: dict[str, Any]) -> None:
    residual = last_weights({"name": "residual-learning", "gamma": 0.0}, hardware)
    assert np.array_equal(residual, last_weights("tiki-taka", hardware))
    assert not np.array_equal(residual, last_weights({"name": "residual-learning", "gamma": 0.4}, hardware))


@pytest.mark.parametrize("hardware", [LINEAR, PULSED], ids=["linear device", "pulses and noise"])
def test_one_tile_of_multi_tile_residual_learning_is_analog_sgd(hardware: dict[str, Any]) -> None:
    alone = last_weights({"name": "multi-tile-residual", "tiles": 1}, hardware)
    assert np.array_equal(alone, last_weights("analog-sgd", hardware))


@pytest.mark.parametrize("hardware", [LINEAR, PULSED], ids=["linear device", "pulses and noise"])
def test_learned_factors_behind_one_tile_are_those_of_analog_sgd(hardware: dict[str, Any]) -> None:
    hardware = {**hardware, "mapping": {"learn_out_scaling": True}}
    alone = last_weights({"name": "multi-tile-residual", "tiles": 1}, hardware)
    assert np.array_equal(alone, last_weights("analog-sgd", hardware))


def test_two_tiles_are_residual_learning() -> None:
    shared = {"gamma": 0.3, "transfer_every": 2, "transfer_rate": 0.2, "scale_transfer_rate": False}
    residual = drive(scenario_with({"name": "residual-learning", **shared}, LINEAR), STEPS)
    tiles = drive(scenario_with({"name": "multi-tile-residual", "tiles": 2, **shared}, LINEAR), STEPS)
    for one, other in zip(residual, tiles, strict=True):
        assert np.array_equal(one.weights, other.weights)


def test_agad_that_never_chops_is_tiki_taka_v2() -> None:
    shared = {"transfer_rate": 0.5}
    assert np.array_equal(
        last_weights({"name": "agad", "chop_probability": 0.0, **shared}, PULSED),
        last_weights({"name": "tiki-taka-v2", **shared}, PULSED),
    )
    assert np.array_equal(
        last_weights({"name": "c-tiki-taka-v2", "chop_probability": 0.0, **shared}, PULSED),
        last_weights({"name": "tiki-taka-v2", **shared}, PULSED),
    )


def test_a_read_pulse_moves_a_device_by_one_granularity() -> None:
    # Symmetric constant steps without any spread: the buffered write is one certain pulse, the threshold its weight.
    step = {"name": "constant-step", "dw_min": 0.01, "w_max": 5.0, "w_min": -5.0}
    step |= dict.fromkeys(("dw_min_dtod", "dw_min_std", "w_max_dtod", "w_min_dtod", "up_down_dtod"), 0.0)
    hardware = {"device": step, "io": {"is_perfect": True}}
    algorithm = {"name": "tiki-taka-v2", "transfer_rate": 5.0}
    seen = [shard.weights for shard in drive(scenario_with(algorithm, hardware), STEPS)]
    moves = np.diff(np.array(seen), axis=0)
    assert np.abs(moves - np.round(moves / 0.01) * 0.01).max() < 1e-6
    assert {-1, 0, 1} == set(np.round(moves / 0.01).astype(int).ravel().tolist())
