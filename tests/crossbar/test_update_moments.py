"""Mean and variance of ΔW under every pulse type for every device, against formulas and against a plain float64 loop.

One row of independent, equal cells: the row fires in every slot and a column in each with probability p, so that a cell
gets binomial(BL, p) pulses under stochastic trains and exactly BL·p under the others. False alarm: 1e-4 over the file.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aimcsim.crossbar import AnalogTile
from aimcsim.scenario.hardware_spec import PulseSpec
from tests.crossbar.helpers import PERFECT, UNSCALED, normal_limit
from tests.crossbar.test_devices_trajectories import CASES, DW, HIGH, LOW, Step, device, granularity_of

CELLS, REFERENCE = 100_000, 400_000
BL, P, START, NOISE = 10, 0.4, -0.2, 0.3
PULSES = ["stochastic-compressed", "stochastic", "mean-count", "deterministic-implicit"]
STOCHASTIC = PULSES[:2]
LIMIT = normal_limit(1e-4, 600)


def moved(spec: dict[str, Any], pulse_type: str, up: bool, stepping: str = "auto") -> np.ndarray:
    """Weights of all cells after one sample's train, float64."""
    pulses = PulseSpec.model_validate(
        {
            "pulse_type": pulse_type,
            "desired_bl": BL,
            "update_management": False,
            "update_bl_management": False,
            "stepping": stepping,
        }
    )
    weights = np.full((1, CELLS), START)
    step = granularity_of(spec.get("device", spec))
    tile = AnalogTile(1, CELLS, device=spec, io=PERFECT, pulses=pulses, mapping=UNSCALED, weights=weights)
    # Probabilities are √(rate/(Δ·BL)) = 1 times the magnitudes.
    slots = tile.update(np.full((1, CELLS), P), [[-1.0 if up else 1.0]], step * BL)
    assert slots == (2 * BL if pulse_type == "stochastic" else BL)
    return tile.weights[0].astype(np.float64)


def counts(pulse_type: str, rng: np.random.Generator) -> np.ndarray:
    if pulse_type in STOCHASTIC:
        return rng.binomial(BL, P, REFERENCE)
    return np.full(REFERENCE, round(BL * P))


def loop(step: Step, sign: float, additive: float | None, number: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The pulses one after the other: w ± step(w)(1 + σξ), or with noise relative to the fixed step `additive`."""
    grid = np.linspace(LOW, HIGH, 20_001)
    steps = np.array([step(float(w)) for w in grid])
    w = np.full(number.size, START)
    for pulse in range(BL):
        size = np.interp(w, grid, steps)
        noise = NOISE * rng.standard_normal(w.size)
        size = size * (1.0 + noise) if additive is None else size + additive * noise
        w = np.where(number > pulse, np.clip(w + sign * size, LOW, HIGH), w)
    return w


def assert_same_moments(got: np.ndarray, reference: np.ndarray) -> None:
    mean, variance = reference.mean(), reference.var()
    spread = np.sqrt(variance * (1.0 / got.size + 1.0 / reference.size))
    # float32 weights are rounded once a pulse: 3e-8 each.
    assert abs(got.mean() - mean) < LIMIT * spread + 3e-7
    fourth = ((reference - mean) ** 4).mean()
    error = np.sqrt((fourth - variance**2) * (1.0 / got.size + 1.0 / reference.size))
    assert abs(got.var() - variance) < LIMIT * error + 1e-9


#: Devices whose noise is relative to the step at weight zero unless told otherwise.
RELATIVE = {"linear", "reference", "response-linear", "response-generalised", "response-power", "response-exponential"}
RESPONSES = {name: case for name, case in CASES.items() if name != "exponential"}


@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize("pulse_type", PULSES)
@pytest.mark.parametrize("name", RESPONSES)
def test_every_device_moves_by_the_law_of_its_pulses_one_after_the_other(name: str, pulse_type: str, up: bool) -> None:
    spec, step_up, step_down = RESPONSES[name]
    spec = {**spec, "dw_min_std": NOISE, **({"mult_noise": True} if name in RELATIVE else {})}
    rng = np.random.default_rng(CELLS)
    reference = loop(step_up if up else step_down, 1.0 if up else -1.0, None, counts(pulse_type, rng), rng)
    assert_same_moments(moved(spec, pulse_type, up), reference)


@pytest.mark.parametrize("name", ["linear", "reference", "soft-bounds-with-hidden-state"])
@pytest.mark.parametrize("pulse_type", PULSES)
def test_additive_noise_is_relative_to_the_step_at_weight_zero(name: str, pulse_type: str) -> None:
    spec, step_up, _ = CASES[name]
    rng = np.random.default_rng(CELLS)
    reference = loop(step_up, 1.0, DW, counts(pulse_type, rng), rng)
    assert_same_moments(moved({**spec, "dw_min_std": NOISE, "mult_noise": False}, pulse_type, True), reference)


@pytest.mark.parametrize("pulse_type", STOCHASTIC)
@pytest.mark.parametrize("stepping", ["exact", "closed-form"])
@pytest.mark.parametrize("up", [True, False])
def test_soft_bounds_have_the_moments_of_the_binomial_mixture(pulse_type: str, stepping: str, up: bool) -> None:
    # Of c pulses the distance left is r·Π(1 − a(1 + σξ)). With c ~ binomial(BL, P) its mean is r(1 − aP)^BL and its
    # mean square r²(1 − P + P((1 − a)² + a²σ²))^BL.
    bound = HIGH if up else LOW
    a, r = DW / abs(bound), bound - START
    mean = r * (1.0 - a * P) ** BL
    square = r**2 * (1.0 - P + P * ((1.0 - a) ** 2 + (a * NOISE) ** 2)) ** BL
    spec = device("soft-bounds", dw_min_std=NOISE)
    left = bound - moved(spec, pulse_type, up, stepping)
    variance = square - mean**2
    assert abs(left.mean() - mean) < LIMIT * np.sqrt(variance / CELLS) + 3e-6
    centred = (left - left.mean()) ** 2
    assert abs(left.var() - variance) < LIMIT * np.sqrt(centred.var() / CELLS) + 1e-8


@pytest.mark.parametrize("pulse_type", STOCHASTIC)
@pytest.mark.parametrize("up", [True, False])
def test_constant_steps_add_the_variances_of_the_count_and_of_the_noise(pulse_type: str, up: bool) -> None:
    got = moved(device("constant-step", dw_min_std=NOISE), pulse_type, up) - START
    mean = (1.0 if up else -1.0) * DW * BL * P
    variance = DW**2 * (BL * P * (1.0 - P) + NOISE**2 * BL * P)
    assert abs(got.mean() - mean) < LIMIT * np.sqrt(variance / CELLS) + 3e-7
    assert abs(got.var() - variance) < LIMIT * np.sqrt(((got - mean) ** 2).var() / CELLS) + 1e-9


@pytest.mark.parametrize("pulse_type", PULSES)
@pytest.mark.parametrize("up", [True, False])
def test_exponential_steps_have_a_noise_of_the_step_plus_a_constant_plus_a_slope(pulse_type: str, up: bool) -> None:
    spec, step_up, step_down = CASES["exponential"]
    add, slope = 0.01, 0.014
    spec = {**spec, "dw_min_std": NOISE, "dw_min_std_add": add, "dw_min_std_slope": slope}
    rng = np.random.default_rng(CELLS)
    grid = np.linspace(LOW, HIGH, 20_001)
    steps = np.array([(step_up if up else step_down)(float(w)) for w in grid])
    number, w = counts(pulse_type, rng), np.full(REFERENCE, START)
    for pulse in range(BL):
        size = np.interp(w, grid, steps)
        spread = NOISE * (size + add + slope * np.abs(w))
        stepped = w + (1.0 if up else -1.0) * size + spread * rng.standard_normal(w.size)
        w = np.where(number > pulse, np.clip(stepped, LOW, HIGH), w)
    assert_same_moments(moved(spec, pulse_type, up), w)


@pytest.mark.parametrize("pulse_type", PULSES)
@pytest.mark.parametrize("up", [True, False])
def test_a_pair_moves_the_device_of_the_direction_only(pulse_type: str, up: bool) -> None:
    spec = {"name": "one-sided", "device": device("soft-bounds", dw_min_std=NOISE)}
    rng = np.random.default_rng(CELLS)
    # −0.2 stands on the minus device as 0.2; both only ever step up, toward HIGH.
    number, started = counts(pulse_type, rng), 0.0 if up else -START
    g = np.full(REFERENCE, started)
    for pulse in range(BL):
        size = DW * (1.0 - g / HIGH) * (1.0 + NOISE * rng.standard_normal(g.size))
        g = np.where(number > pulse, np.clip(g + size, 0.0, HIGH), g)
    assert_same_moments(moved(spec, pulse_type, up), START + (g if up else -(g - started)))
