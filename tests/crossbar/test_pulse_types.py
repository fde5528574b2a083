"""Each way of sending pulses: expectation and variance of the counts, rounding of probabilities, slots.

Statistical tests have fixed seeds and a false-alarm probability of 1 %.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimcsim.crossbar import AnalogTile
from aimcsim.crossbar.pulses import plan_train, rules_of
from aimcsim.scenario.pulse_spec import PulseSpec
from tests.crossbar.helpers import equal_cells, normal_limit, unscaled_tile

X = np.array([[1.0, -0.5, 0.25, -0.05, 0.0]])
D = np.array([[-0.8, 0.4, 0.1]])


def counting(pulses: PulseSpec, shape: tuple[int, int] = (3, 5), seed: int = 0) -> AnalogTile:
    """Weights count pulses one by one: step 1, bounds so far away that steps do not shrink."""
    exact = pulses.model_copy(update={"stepping": "exact"})
    return unscaled_tile(equal_cells(1.0, 1e9), exact, np.zeros(shape), seed)


def counts_of_calls(pulses: PulseSpec, rate: float, runs: int) -> tuple[np.ndarray, int]:
    """Pulse counts (signed as ΔW) of every update, (runs, out, in), and the slots of one."""
    tile = counting(pulses)
    drawn, slots = np.empty((runs, 3, 5)), 0
    for run in range(runs):
        tile.restore(np.zeros((3, 5)))
        slots = tile.update(X, D, rate)
        drawn[run] = tile.weights
    return drawn, slots


@pytest.mark.parametrize("pulse_type", ["stochastic-compressed", "stochastic"])
def test_stochastic_counts_are_binomial_in_one_phase_and_in_two(pulse_type: str) -> None:
    runs, rate, length = 3000, 4.4, 4
    drawn, slots = counts_of_calls(PulseSpec.model_validate({"pulse_type": pulse_type}), rate, runs)
    # ⌈4.4·1·0.8⌉ = 4 slots a phase. A cell steps in one phase only: binomial(4, rate·|x·d|/4).
    assert slots == (length if pulse_type == "stochastic-compressed" else 2 * length)
    expected = -rate * D.T @ X
    p = np.abs(expected) / length
    awake = p > 0.0
    mean_z = ((drawn.mean(axis=0) - expected) / np.sqrt(length * p * (1 - p) / runs + 1e-30))[awake]
    # Of binomial counts the variance of the sample variance is (μ₄ − σ⁴)/runs, μ₄ = σ²(1 + 3σ² − 6σ²/length).
    variance = length * p * (1 - p)
    fourth = variance * (1 + 3 * variance - 6 * variance / length)
    variance_z = ((drawn.var(axis=0) - variance) / np.sqrt((fourth - variance**2) / runs + 1e-30))[awake]
    limit = normal_limit(0.01, 2 * awake.sum())
    assert np.abs(mean_z).max() < limit
    assert np.abs(variance_z).max() < limit
    assert not drawn[:, ~awake].any()


def test_in_two_phases_inputs_of_unlike_sign_share_no_pulses_of_their_row() -> None:
    # Rows fire in half of the slots, columns always: without phases the counts of a row are equal, with phases
    # those of unlike sign are independent.
    x, d = np.array([[1.0, 1.0, -1.0]]), np.array([[1.0]])
    pulses = PulseSpec(pulse_type="stochastic", desired_bl=20, update_management=False, update_bl_management=False)
    compressed = pulses.model_copy(update={"pulse_type": "stochastic-compressed"})
    runs = 3000
    found = {}
    for spec in (pulses, compressed):
        tile = counting(spec, (1, 3))
        drawn = np.empty((runs, 3))
        for run in range(runs):
            tile.restore(np.zeros((1, 3)))
            # p_x = p_d = √(10/20)
            tile.update(x, d, 10.0)
            drawn[run] = np.abs(tile.weights[0])
        found[spec.pulse_type] = np.corrcoef(drawn.T)
    # Cov of counts that share a row train: BL·p_x²·p_d(1 − p_d); variance BL·½·½, p = 0.7071: correlation 0.4142.
    standard_error = 1.0 / np.sqrt(runs)
    limit = normal_limit(0.01, 4) * standard_error
    assert abs(found["stochastic-compressed"][0, 2] - (np.sqrt(2) - 1)) < limit
    assert abs(found["stochastic-compressed"][0, 1] - (np.sqrt(2) - 1)) < limit
    assert abs(found["stochastic"][0, 1] - (np.sqrt(2) - 1)) < limit
    assert abs(found["stochastic"][0, 2]) < limit


@pytest.mark.parametrize("length", [20, 33, 64, 65])
def test_two_phases_of_certain_pulses_step_every_cell_by_the_length_of_one(length: int) -> None:
    tile = counting(PulseSpec(pulse_type="stochastic", desired_bl=length), (2, 3))
    assert tile.update([[1.0, -1.0, 0.0]], [[1.0, -1.0]], float(length)) == 2 * length
    np.testing.assert_array_equal(tile.weights, np.array([[-1, 1, 0], [1, -1, 0]]) * length)
    assert tile.nominal_slots == 2 * length


def test_mean_counts_are_the_rounded_product_of_rounded_counts() -> None:
    # BL = 31, no management: A = B = √(4.4/31), so p_x = A|x| and p_d = A|d|.
    pulses = PulseSpec(pulse_type="mean-count", update_management=False, update_bl_management=False)
    tile = counting(pulses)
    assert tile.update(X, D, 4.4) == 31
    a = np.sqrt(4.4 / 31)
    n_x, n_d = np.rint(31 * np.minimum(a * np.abs(X), 1.0)), np.rint(31 * np.minimum(a * np.abs(D), 1.0))
    # 11.68 -> 12, 5.84 -> 6, 2.92 -> 3, 0.58 -> 1, 0 and 9.34 -> 9, 4.67 -> 5, 1.17 -> 1
    np.testing.assert_array_equal(n_x, [[12, 6, 3, 1, 0]])
    np.testing.assert_array_equal(n_d, [[9, 5, 1]])
    np.testing.assert_array_equal(tile.weights, -np.rint(n_d.T @ n_x / 31) * np.sign(D.T @ X))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31), rate=st.floats(0.5, 40.0))
def test_mean_counts_do_not_fluctuate_and_miss_the_product_by_no_more_than_their_rounding(
    seed: int, rate: float
) -> None:
    rng = np.random.default_rng(seed)
    x, d = rng.uniform(-1, 1, (1, 6)), rng.uniform(-1, 1, (1, 4))
    x[0, 0] = d[0, 0] = 1.0
    pulses = PulseSpec(pulse_type="mean-count", desired_bl=60)
    one, other = counting(pulses, (4, 6)), counting(pulses, (4, 6), seed=1)
    slots = one.update(x, d, rate)
    other.update(x, d, rate)
    np.testing.assert_array_equal(one.weights, other.weights)
    # Half a pulse on either line, times at most the whole train of the other, and half a step.
    assert np.abs(one.weights + rate * d.T @ x).max() <= 1.5 + 0.25 / slots + 1e-4


def test_a_float_update_with_the_device_follows_its_response_and_stays_within_its_bounds() -> None:
    pulses = PulseSpec(pulse_type="none-with-device")
    rng = np.random.default_rng(2)
    w = rng.uniform(-0.4, 0.5, (4, 6))
    x, d = rng.uniform(-1, 1, (3, 6)), rng.uniform(-1, 1, (3, 4))
    tile = unscaled_tile(equal_cells(0.01, 0.6, w_min=-0.4, dw_min_std=0.5), pulses, w)
    assert tile.update(x, d, 0.05) == 0
    assert tile.nominal_slots == 0
    expected = w.astype(np.float32).astype(float)
    for s in range(3):
        step = -0.05 * np.outer(d[s], x[s])
        expected += step * np.where(step > 0.0, 1.0 - expected / 0.6, 1.0 + expected / 0.4)
    np.testing.assert_allclose(tile.weights, expected, atol=1e-6)
    tile.update(-np.ones((1, 6)), np.ones((1, 4)), 100.0)
    np.testing.assert_allclose(tile.weights, 0.6, rtol=1e-6)
    tile.update(np.ones((1, 6)), np.ones((1, 4)), 100.0)
    np.testing.assert_allclose(tile.weights, -0.4, rtol=1e-6)
    tile.weights = np.full((4, 6), 3.0)
    np.testing.assert_allclose(tile.weights, 0.6, rtol=1e-6)
    with pytest.raises(ValueError, match="must be finite"):
        tile.update(np.full((1, 6), np.nan), np.ones((1, 4)), 1.0)


def test_each_cell_answers_a_float_update_by_its_own_mean_step() -> None:
    tile = unscaled_tile(
        equal_cells(0.01, 0.6, dw_min_dtod=0.3), PulseSpec(pulse_type="none-with-device"), np.zeros((5, 7))
    )
    tile.update(-np.ones((1, 7)), np.ones((1, 5)), 0.005)
    np.testing.assert_allclose(tile.weights, 0.5 * tile.devices.steps[1], rtol=1e-5)


def test_the_gradient_scale_counts_the_largest_error_as_smaller_or_larger() -> None:
    # k = 0.01·0.8·(0.5·0.5)/0.001 = 2 slots instead of 4, A·√(0.8/0.25), B·√(0.25/0.8), A = B = √(0.01/0.002).
    slots, a, b = plan_train(0.01, 0.8, 0.4999 * 1.0, rules_of(PulseSpec(um_grad_scale=0.5), 0.001))
    assert slots == 2
    scaled = 0.4999 * 0.5
    assert a == pytest.approx(np.sqrt(5.0) * np.sqrt(0.8 / scaled))
    assert b == pytest.approx(np.sqrt(5.0) * np.sqrt(scaled / 0.8))
    # Without management it has no part.
    free = PulseSpec(update_management=False, update_bl_management=False)
    plain = plan_train(0.01, 0.8, 0.5, rules_of(free, 0.001))
    assert plan_train(0.01, 0.8, 0.5, rules_of(free.model_copy(update={"um_grad_scale": 0.5}), 0.001)) == plain


def test_probabilities_are_rounded_to_their_resolution() -> None:
    # BL = 40, A = B = 0.5 (rate 10): p_x = 0.5, 0.3, 0.1, 0.02 to steps of 0.2: 0.4 (tie to even), 0.4, 0, 0; and
    # p_d = 0.5 -> 0.4. Deterministic counts 40·0.4·0.4 = 6.4 -> 6.
    pulses = PulseSpec(
        pulse_type="deterministic-implicit", desired_bl=40, update_management=False, update_bl_management=False, res=0.2
    )
    tile = counting(pulses, (1, 4))
    assert tile.update([[1.0, -0.62, 0.19, 0.04]], [[1.0]], 10.0) == 40
    np.testing.assert_array_equal(tile.weights, [[-6, 6, 0, 0]])


@pytest.mark.parametrize("pulse_type", ["stochastic-compressed", "stochastic"])
def test_probabilities_rounded_at_random_keep_the_expected_count(pulse_type: str) -> None:
    pulses = PulseSpec.model_validate(
        {
            "pulse_type": pulse_type,
            "desired_bl": 10,
            "update_management": False,
            "update_bl_management": False,
            "res": 0.25,
            "sto_round": True,
        }
    )
    # One cell, p_x = p_d = √(1/10) = 0.316: rounded to 0.25 or 0.5, on average itself, in each update anew.
    runs = 4000
    tile = counting(pulses, (1, 1))
    tile.update(np.ones((runs, 1)), np.ones((runs, 1)), 1.0)
    # Given the rounded p, binomial(10, p_x p_d): variance E[10q(1 − q)] + 100·Var(q) with q = p_x p_d.
    p = np.sqrt(0.1)
    up = (p - 0.25) / 0.25
    second = 0.25**2 * (1 - up) + 0.5**2 * up
    variance = 10 * (0.1 - second**2) + 100 * (second**2 - 0.1**2)
    z = (-float(tile.weights[0, 0]) - runs) / np.sqrt(runs * variance)
    assert abs(z) < normal_limit(0.01)


@pytest.mark.parametrize("pulse_type", ["stochastic", "mean-count", "none-with-device", "deterministic-implicit"])
def test_one_call_for_many_samples_equals_one_call_for_each(pulse_type: str) -> None:
    rng = np.random.default_rng(4)
    x = rng.standard_normal((9, 70)) * (rng.random((9, 70)) < rng.choice([0.05, 1.0], (9, 1)))
    d = rng.standard_normal((9, 20)) * np.geomspace(1e-3, 1.0, 9)[:, None]
    pulses = PulseSpec.model_validate({"pulse_type": pulse_type, "res": 0.05, "sto_round": True})
    together, alone = (AnalogTile(20, 70, pulses=pulses, seed=6) for _ in "ab")
    slots = together.update(x, d, 0.1, first_sample=2**33)
    assert slots == sum(alone.update(x[s : s + 1], d[s : s + 1], 0.1, first_sample=2**33 + s) for s in range(9))
    np.testing.assert_array_equal(together.weights, alone.weights)
    assert np.abs(together.weights).max() > 0.0
