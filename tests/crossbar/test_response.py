"""Updates by known numbers of pulses, against the closed forms of the asymmetric linear device.

Notation: Δ granularity, τ bound, α learning rate, g gradient. The closed forms are computed here in float64.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimcsim.crossbar import AnalogTile
from aimcsim.crossbar.response import asymmetric_part, q_down, q_up, symmetric_part, symmetric_point
from aimcsim.scenario.hardware_spec import PulseSpec
from tests.crossbar.helpers import EXACT_COUNTS, equal_cells, unscaled_tile

#: float32 has 24 bits; a train rounds once a pulse, each time relative to τ, and the contraction keeps the sum small.
ROUNDING = 2e-6


def one_cell(w: float, step: float, tau: float) -> AnalogTile:
    return unscaled_tile(equal_cells(step, tau), EXACT_COUNTS, np.array([[w]]))


@settings(max_examples=100, deadline=None)
@given(
    tau=st.floats(0.1, 10.0),
    states=st.floats(4.0, 2000.0),
    reach=st.floats(0.01, 1.0),
    seed=st.integers(0, 2**32 - 1),
)
def test_deterministic_pulses_follow_the_analog_update_within_the_bound_of_its_discretisation(
    tau: float, states: float, reach: float, seed: int
) -> None:
    # W − αg − (α/τ)|g|⊙W. n pulses make (τ∓w)(1 − (1 − Δ/τ)ⁿ) of the wanted (τ∓w)|αg|/τ, where |nΔ − |αg|| ≤ Δ and
    # 0 ≤ nΔ/τ − (1 − (1 − Δ/τ)ⁿ) ≤ n(n−1)/2·(Δ/τ)², so the error is at most
    # (1 + |w|/τ)(Δ + Δ²n(n−1)/(2τ)), n = ⌈|αg|/Δ⌉ (derived; the bound in arXiv 2406.12774 eq. (20) lacks the factor).
    rng = np.random.default_rng(seed)
    step = 2.0 * tau / states
    w = rng.uniform(-tau, tau, (3, 4)).astype(np.float32)
    x, d = rng.uniform(-1.0, 1.0, (1, 4)).astype(np.float32), rng.uniform(-1.0, 1.0, (1, 3)).astype(np.float32)
    rate = min(reach * tau, 900.0 * step)
    tile = unscaled_tile(equal_cells(step, tau), EXACT_COUNTS, w)
    tile.update(x, d, rate)
    gradient = d.astype(float).T @ x.astype(float)
    wanted = w - rate * gradient - rate / tau * np.abs(gradient) * w
    pulses = np.ceil(rate * np.abs(gradient) / step)
    bound = (1.0 + np.abs(w) / tau) * (step + step**2 * pulses * (pulses - 1.0) / (2.0 * tau))
    assert (np.abs(tile.weights - wanted) <= bound + ROUNDING * tau).all()


def test_the_published_bound_of_the_discretisation_does_not_hold() -> None:
    # τ = 2, Δ = 0.1, wanted 0.06 up from −1.8: one pulse instead of 0.6 of one overshoots by 0.4·Δ·(1 + 0.9) = 0.076,
    # while Δ/τ + Δ²·BL(BL−1)/(2τ) with BL = 1 allows 0.05.
    tau, step, w, wanted = 2.0, 0.1, -1.8, 0.06
    tile = one_cell(w, step, tau)
    tile.update([[1.0]], [[-1.0]], wanted)
    error = abs(tile.weights[0, 0] - (w + wanted * (1.0 - w / tau)))
    assert error == pytest.approx(0.076, abs=1e-6)
    assert error > step / tau


@pytest.mark.parametrize("n", [1, 2, 3, 31, 200])
@pytest.mark.parametrize("w", [-0.55, 0.0, 0.3])
def test_n_equal_pulses_follow_the_closed_form(n: int, w: float) -> None:
    tau, step = 0.6, 0.01
    shrink = (1.0 - step / tau) ** n
    up, down = one_cell(w, step, tau), one_cell(w, step, tau)
    assert up.update([[1.0]], [[-1.0]], n * step) == n
    assert down.update([[1.0]], [[1.0]], n * step) == n
    assert up.weights[0, 0] == pytest.approx(tau - (tau - w) * shrink, abs=ROUNDING * tau)
    assert down.weights[0, 0] == pytest.approx(-tau + (tau + w) * shrink, abs=ROUNDING * tau)


def test_a_positive_product_lowers_the_weight_and_a_negative_rate_turns_it_round() -> None:
    for x, d, rate, sign in [(1.0, 1.0, 0.1, -1), (-1.0, 1.0, 0.1, 1), (-1.0, -1.0, 0.1, -1), (1.0, 1.0, -0.1, 1)]:
        tile = one_cell(0.0, 0.01, 0.6)
        tile.update([[x]], [[d]], rate)
        assert np.sign(tile.weights[0, 0]) == sign


def test_pulses_at_a_bound_toward_it_change_nothing() -> None:
    tile = one_cell(0.6, 0.01, 0.6)
    before = tile.weights
    tile.update([[1.0]], [[-1.0]], 0.5)
    np.testing.assert_array_equal(tile.weights, before)


def test_more_pulses_never_move_a_weight_less() -> None:
    reached = []
    for n in range(1, 60):
        tile = one_cell(-0.4, 0.02, 0.6)
        tile.update([[1.0]], [[-1.0]], n * 0.02)
        reached.append(tile.weights[0, 0])
    assert (np.diff(reached) > 0.0).all()


def test_up_down_pairs_end_between_the_symmetric_point_and_one_step_from_it() -> None:
    # With unequal bounds and steps: 0.02 up, 0.02·(1 − 0.4) down.
    step_up, step_down, high, low = 0.02, 0.012, 0.9, -0.5
    device = equal_cells(step_up, high, w_min=low, up_down=0.4)
    tile = unscaled_tile(device, EXACT_COUNTS, np.array([[-0.3]]))
    for _ in range(400):
        # One pulse each: trains are planned with the mean step, 0.02.
        tile.update([[1.0]], [[-1.0]], 0.02)
        tile.update([[1.0]], [[1.0]], 0.02)
    # Equal steps: 0.02(1 − w/0.9) = 0.012(1 + w/0.5), so w = 0.008/(0.02/0.9 + 0.012/0.5) = 0.17308.
    assert symmetric_point(step_up, step_down, high, low) == pytest.approx(0.173077, abs=1e-6)
    assert tile.weights[0, 0] == pytest.approx(0.173077, abs=step_up)
    assert tile.weights[0, 0] < 0.173077


@given(w=st.floats(-0.9, 0.9), high=st.floats(1.0, 2.0), low=st.floats(-2.0, -1.0), wanted=st.floats(-0.1, 0.1))
def test_symmetric_and_asymmetric_part_put_the_response_together(
    w: float, high: float, low: float, wanted: float
) -> None:
    direct = w + wanted * (q_up(w, high) if wanted >= 0.0 else q_down(w, low))
    parts = w + wanted * symmetric_part(w, high, low) - abs(wanted) * asymmetric_part(w, high, low)
    assert parts == pytest.approx(direct, abs=1e-12)


def test_the_linear_device_of_the_papers_has_f_one_and_g_proportional_to_the_weight() -> None:
    w = np.linspace(-0.6, 0.6, 7)
    np.testing.assert_allclose(symmetric_part(w, 0.6, -0.6), 1.0)
    np.testing.assert_allclose(asymmetric_part(w, 0.6, -0.6), w / 0.6, atol=1e-15)


@pytest.mark.parametrize("multiplicative", [True, False])
@pytest.mark.parametrize("pulse_type", ["stochastic-compressed", "deterministic-implicit"])
def test_no_cell_ever_leaves_its_bounds_however_noisy_its_steps(multiplicative: bool, pulse_type: str) -> None:
    device = equal_cells(
        0.05, 0.6, dw_min_std=3.0, mult_noise=multiplicative, w_max_dtod=0.3, w_min_dtod=0.3, dw_min_dtod=0.3
    )
    pulses = PulseSpec.model_validate({"pulse_type": pulse_type})
    rng = np.random.default_rng(3)
    tile = unscaled_tile(device, pulses, rng.uniform(-0.6, 0.6, (40, 50)))
    low, high = tile.devices.bounds
    for _ in range(20):
        tile.update(rng.uniform(-1, 1, (5, 50)), rng.uniform(-1, 1, (5, 40)), 1.0)
        assert (tile.weights >= low).all()
        assert (tile.weights <= high).all()
