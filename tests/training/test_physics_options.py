"""Options of converters, pulses and mapping in a whole simulated training: they run, and repeat bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.training.scenarios import HARDWARE, digits, run, same_weights

PIPELINE = {"schedule": "async", "stages": 3, "micro_batch": 4}

OPTIONS: dict[str, dict[str, Any]] = {
    "two phases": {"pulses": {"pulse_type": "stochastic"}},
    "mean counts": {"pulses": {"pulse_type": "mean-count", "res": 0.01, "sto_round": True}},
    "float steps with the device": {"pulses": {"pulse_type": "none-with-device"}},
    "all converters": {
        "io": {
            "out_bound": 1.0,
            "inp_sto_round": True,
            "out_noise_std": 0.2,
            "w_noise": 0.01,
            "w_noise_type": "pcm-read",
            "ir_drop": 1.0,
            "noise_management": "average-abs-max",
        },
        "io_backward": {"bound_management": "shift", "out_noise": 0.02},
    },
    "learned factors": {
        "mapping": {"weight_scaling_omega": 0.4, "weight_scaling_columnwise": True, "learn_out_scaling": True}
    },
    "pairs": {"mapping": {"reference": {"mean": 0.1, "std": 0.02}}},
}


@pytest.mark.parametrize("option", OPTIONS)
def test_a_run_with_more_physics_repeats_bit_for_bit_and_differs_from_one_without(option: str) -> None:
    scenario = digits(PIPELINE, samples=48, hardware={**HARDWARE, **OPTIONS[option]})
    one, other = run(scenario), run(scenario)
    assert one.losses == other.losses
    assert one.rows == other.rows
    assert same_weights(one.weights, other.weights)
    assert np.isfinite(list(one.losses.values())).all()
    assert run(digits(PIPELINE, samples=48)).losses != one.losses


def test_two_phases_take_their_time() -> None:
    def longest(pulse_type: str) -> int:
        timing = {"forward": 1, "backward": 1, "update": 0, "pulse": 1}
        pulses = {"pulse_type": pulse_type, "update_bl_management": False}
        hardware = {"timing": timing, "pulses": pulses, "tile": {"rows": 64, "columns": 16}}
        return max(row.end - row.start for row in run(digits(PIPELINE, samples=8, hardware=hardware)).rows)

    # Trains of fixed length: 31 slots a sample, 4 samples; twice that in two phases.
    assert longest("stochastic-compressed") == 4 * 31
    assert longest("stochastic") == 2 * 4 * 31
