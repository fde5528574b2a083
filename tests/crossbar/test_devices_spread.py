"""From device to device and from write to write: means and spreads against the numbers of the specification.

Every comparison of a sample mean or variance allows |z| such that a right program fails a test with probability 1e-6.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aimcsim.crossbar import AnalogTile
from aimcsim.crossbar.devices import make_devices
from aimcsim.crossbar.families import DOWN, HIGH, LOW, UP, granularity
from aimcsim.crossbar.population import Population, populate
from aimcsim.keys import stream
from aimcsim.scenario.device_presets import PRESETS
from aimcsim.scenario.device_spec import IdealDevice, OneSidedDevice, PulsedDevice, device_of
from aimcsim.scenario.hardware_spec import PulseSpec
from tests.crossbar.helpers import EXACT_COUNTS, PERFECT, UNSCALED, mean_z, normal_limit, variance_z

SHAPE = (200, 300)
LIMIT = normal_limit(1e-6, tests=8)
CLEAN: dict[str, Any] = {"dw_min_dtod": 0.0, "w_max_dtod": 0.0, "w_min_dtod": 0.0, "up_down_dtod": 0.0}


def pulsed(name: str, **more: Any) -> PulsedDevice:
    spec = device_of({"name": name, **more})
    assert isinstance(spec, PulsedDevice)
    return spec


def cells(**more: Any) -> Population:
    return populate(pulsed("constant-step", **more), SHAPE, stream(1, "test"))


def test_steps_and_bounds_have_the_mean_and_the_spread_that_were_asked_for() -> None:
    drawn = cells(
        dw_min=0.01, dw_min_dtod=0.2, w_max=1.0, w_max_dtod=0.1, w_min=-0.5, w_min_dtod=0.15, up_down_dtod=0.05
    )
    mean, difference = (drawn.step_up + drawn.step_down) / 2, (drawn.step_up - drawn.step_down) / 2
    for values, centre, deviation in (
        (mean, 0.01, 0.002),
        (difference, 0.0, 0.0005),
        (drawn.high, 1.0, 0.1),
        (drawn.low, -0.5, 0.075),
    ):
        assert abs(mean_z(values, centre)) < LIMIT
        assert abs(variance_z(values, deviation**2)) < LIMIT


def test_log_normal_steps_have_a_normal_logarithm() -> None:
    drawn = cells(**CLEAN | {"dw_min": 0.01, "dw_min_dtod": 0.8}, dw_min_dtod_log_normal=True)
    logarithm = np.log(drawn.step_up / 0.01)
    assert abs(mean_z(logarithm, 0.0)) < LIMIT
    assert abs(variance_z(logarithm, 0.64)) < LIMIT
    assert (drawn.step_up > 0.0).all()


@pytest.mark.parametrize(("up_down", "up", "down"), [(0.4, 0.01, 0.006), (-0.4, 0.006, 0.01)])
def test_the_bias_between_up_and_down_shrinks_one_side_only(up_down: float, up: float, down: float) -> None:
    drawn = cells(**CLEAN, dw_min=0.01, up_down=up_down)
    np.testing.assert_allclose(drawn.step_up, up)
    np.testing.assert_allclose(drawn.step_down, down)


def test_consistency_gives_steps_and_bounds_their_signs_and_nothing_is_stuck_by_crossing() -> None:
    wild = {"dw_min_dtod": 2.0, "w_max_dtod": 2.0, "w_min_dtod": 2.0}
    loose, strict = (cells(**wild, enforce_consistency=consistent) for consistent in (False, True))
    assert (loose.step_up < 0.0).any()
    assert loose.stuck.any()
    assert (strict.step_up >= 0.0).all()
    assert (strict.step_down >= 0.0).all()
    assert (strict.low <= 0.0).all()
    assert (strict.high >= 0.0).all()
    assert not strict.stuck.any()


def test_corrupt_devices_are_as_many_as_asked_for_and_do_not_move() -> None:
    spec = pulsed("constant-step", **CLEAN, corrupt_devices_prob=0.1, corrupt_devices_range=0.2, dw_min=0.01)
    tile = AnalogTile(200, 300, device=spec, io=PERFECT, mapping=UNSCALED, weights=np.full((200, 300), 0.5))
    stuck = tile.weights != 0.5
    # Binomial(60000, 0.1), normal approximation.
    assert abs((stuck.sum() - 6000) / np.sqrt(60000 * 0.1 * 0.9)) < LIMIT
    values = tile.weights[stuck]
    assert np.abs(values).max() <= 0.2
    assert abs(mean_z(values, 0.0)) < LIMIT
    assert abs(variance_z(values, 0.4**2 / 12)) < LIMIT
    before = tile.weights
    tile.update(np.ones((3, 300)), np.ones((3, 200)), 0.05)
    np.testing.assert_array_equal(tile.weights[stuck], before[stuck])
    assert (tile.weights[~stuck] < 0.5).all()


def test_a_perfect_bias_makes_the_last_column_nominal_and_wide() -> None:
    drawn = cells(perfect_bias=True, dw_min=0.01)
    np.testing.assert_array_equal(drawn.step_up[:, -1], 0.01)
    np.testing.assert_array_equal(drawn.high[:, -1], 60.0)
    assert drawn.step_up[:, :-1].std() > 0.002


def test_linear_slopes_are_spread_and_refer_to_the_mean_bound() -> None:
    spec = pulsed("linear-step", **CLEAN | {"w_max_dtod": 0.1}, dw_min=0.01, gamma_up=0.5, gamma_up_dtod=0.05)
    planes = make_devices(spec, *SHAPE, seed=0, name="t").planes[0].astype(float)
    gamma = -planes[UP + 1] * 0.6 / 0.01
    assert abs(mean_z(gamma, 0.5)) < LIMIT
    assert abs(variance_z(gamma, 0.05**2)) < LIMIT


def test_a_subtracted_symmetric_point_lies_at_zero_in_every_device() -> None:
    spec = pulsed("soft-bounds-reference", subtract_symmetry_point=True, enforce_consistency=True, up_down_dtod=0.2)
    array = make_devices(spec, *SHAPE, seed=0, name="t")
    planes = array.planes[0].astype(float)
    # Steps at weight zero, equal up and down; float32 rounds a reference of up to 1 times slopes of some 1e-3.
    np.testing.assert_allclose(planes[UP], -planes[DOWN], atol=1e-8)
    spread = (
        make_devices(spec.model_copy(update={"reference_std": 0.05}), *SHAPE, seed=0, name="t").planes[0].astype(float)
    )
    shift = planes[HIGH] - spread[HIGH]
    assert abs(mean_z(shift, 0.0)) < LIMIT
    assert abs(variance_z(shift, 0.05**2)) < LIMIT
    np.testing.assert_allclose(shift, planes[LOW] - spread[LOW], atol=1e-6)


@pytest.mark.parametrize("mult_noise", [True, False])
@pytest.mark.parametrize("name", ["linear-step", "soft-bounds-reference", "response"])
def test_cycle_noise_is_relative_to_the_step_or_to_the_step_at_zero(name: str, mult_noise: bool) -> None:
    # At w = 0.3 of 0.6 a soft-bounds step of 0.01 is 0.005: noise 0.3·0.005, or 0.3·0.01.
    shape = {"linear-step": {"gamma_up": 1.0, "gamma_up_dtod": 0.0}, "response": {"form": "linear"}}.get(name, {})
    spec = pulsed(name, **CLEAN, **shape, dw_min=0.01, dw_min_std=0.3, mult_noise=mult_noise)
    tile = AnalogTile(
        *SHAPE, device=spec, io=PERFECT, pulses=EXACT_COUNTS, mapping=UNSCALED, weights=np.full(SHAPE, 0.3)
    )
    tile.update(np.ones((1, 300)), -np.ones((1, 200)), 0.01)
    moved = tile.weights.astype(float) - np.float64(np.float32(0.3))
    assert abs(mean_z(moved, 0.005)) < LIMIT
    assert abs(variance_z(moved, (0.3 * (0.005 if mult_noise else 0.01)) ** 2)) < LIMIT


def test_complex_noise_of_the_exponential_step_adds_a_constant_and_a_slope() -> None:
    spec = pulsed(
        "exp-step",
        **CLEAN,
        dw_min=0.01,
        dw_min_std=0.5,
        A_up=0.0,
        dw_min_std_add=0.02,
        dw_min_std_slope=0.1,
        A_down=0.0,
    )
    tile = AnalogTile(
        *SHAPE, device=spec, io=PERFECT, pulses=EXACT_COUNTS, mapping=UNSCALED, weights=np.full(SHAPE, -0.3)
    )
    tile.update(np.ones((1, 300)), -np.ones((1, 200)), 0.01)
    moved = tile.weights.astype(float) + np.float64(np.float32(0.3))
    assert abs(mean_z(moved, 0.01)) < LIMIT
    assert abs(variance_z(moved, (0.5 * (0.01 + 0.02 + 0.1 * 0.3)) ** 2)) < LIMIT


def test_write_noise_is_redrawn_at_each_write_over_a_hidden_state_that_has_none() -> None:
    spec = pulsed("constant-step", **CLEAN, dw_min=0.01, dw_min_std=0.0, write_noise_std=2.0)
    tile = AnalogTile(*SHAPE, device=spec, io=PERFECT, pulses=EXACT_COUNTS, mapping=UNSCALED, weights=np.zeros(SHAPE))
    exact = np.zeros(SHAPE)
    noises = [tile.weights - exact]
    for rows in (slice(0, 200), slice(0, 100)):
        d = np.zeros((1, 200))
        d[:, rows] = -1.0
        tile.update(np.ones((1, 300)), d, 0.0275)  # 3 pulses of 0.01
        exact[rows] += 0.03
        np.testing.assert_allclose(tile.state()["hidden"][0], exact, atol=1e-7)
        noises.append(tile.weights - exact)
    for noise in noises:
        assert abs(mean_z(noise, 0.0)) < LIMIT
        assert abs(variance_z(noise, 0.02**2)) < LIMIT
    # What was not written is read as before; what was, independently.
    np.testing.assert_allclose(noises[2][100:], noises[1][100:], atol=1e-7)
    for first, second in ((noises[0], noises[1]), (noises[1][:100], noises[2][:100])):
        assert abs(mean_z(first * second, 0.0)) < LIMIT


def test_a_checkpoint_carries_hidden_states_and_goes_on_with_the_same_bits() -> None:
    rng = np.random.default_rng(0)
    x, d = rng.uniform(-1, 1, (4, 30)), rng.uniform(-1, 1, (4, 20))
    for spec in (
        "reram-es",
        {"name": "one-sided", "device": "pcm", "refresh_every": 2},
        {"name": "pcm", "drift_nu": 0.05},
    ):
        whole, part = (AnalogTile(20, 30, device=spec, seed=7, weights=rng.uniform(0, 0, (20, 30))) for _ in "ab")
        for tile in (whole, part):
            tile.update(x, d, 0.2)
            tile.elapse(3.0)
        fresh = AnalogTile(20, 30, device=spec, seed=7)
        fresh.load_state(part.state())
        for tile in (whole, fresh):
            tile.update(x, d, 0.2)
            tile.elapse(1.0)
        np.testing.assert_array_equal(whole.weights, fresh.weights)
        assert np.abs(whole.weights).max() > 0.0


# ---------------------------------------------------------------------------- pairs


PAIR = {
    "name": "one-sided",
    "device": {"name": "soft-bounds", "dw_min": 0.01, "dw_min_std": 0.0, "reset_std": 0.0, **CLEAN},
}


def pair_tile(weights: Any, **more: Any) -> AnalogTile:
    return AnalogTile(1, 1, device=PAIR | more, io=PERFECT, pulses=EXACT_COUNTS, mapping=UNSCALED, weights=weights)


def test_a_pair_only_steps_up_and_its_weight_is_the_difference() -> None:
    tile = pair_tile([[0.1]])
    tile.update([[1.0]], [[-1.0]], 0.0975)
    tile.update([[1.0]], [[1.0]], 0.0475)
    # g₊: ten pulses from 0.1, g₋: five from 0, both to the bound 0.6: 0.6 − (0.6 − g)(1 − 0.01/0.6)ⁿ.
    plus, minus = 0.6 - 0.5 * (1 - 0.01 / 0.6) ** 10, 0.6 - 0.6 * (1 - 0.01 / 0.6) ** 5
    np.testing.assert_allclose(tile.state()["hidden"].ravel(), [plus, minus], atol=1e-6)
    assert tile.weights[0, 0] == pytest.approx(plus - minus, abs=1e-6)


@pytest.mark.parametrize("refresh_every", [0, 1])
def test_a_worn_pair_is_reset_and_its_difference_written_back(refresh_every: int) -> None:
    tile = pair_tile([[0.0]], refresh_every=refresh_every, refresh_bl=31)
    tile.update([[1.0]], [[1.0]], 0.3975)  # 40 pulses: g₋ = 0.6(1 − (1 − 1/60)⁴⁰) = 0.294 > 0.25·0.6
    tile.update([[1.0]], [[-1.0]], 0.9975)  # 100 pulses: g₊ = 0.488 > 0.75·0.6
    minus, plus = (0.6 * (1 - (1 - 1 / 60) ** n) for n in (40, 100))
    if refresh_every:
        # Reset to 0, then round(0.194/0.01) = 19 pulses upward.
        assert round((plus - minus) / 0.01) == 19
        plus, minus = 0.6 * (1 - (1 - 1 / 60) ** 19), 0.0
    np.testing.assert_allclose(tile.state()["hidden"].ravel(), [plus, minus], atol=2e-6)
    assert tile.weights[0, 0] == pytest.approx(plus - minus, abs=2e-6)


def test_an_inverted_copy_steps_down_as_the_first_would_have_stepped_down_itself() -> None:
    spec = PAIR | {"device": PAIR["device"] | {"up_down": 0.5}, "copy_inverted": True}  # type: ignore[operator]
    tile = AnalogTile(1, 1, device=spec, io=PERFECT, pulses=EXACT_COUNTS, mapping=UNSCALED)
    tile.update([[1.0]], [[1.0]], 0.0075)
    assert tile.weights[0, 0] == pytest.approx(-0.005, abs=1e-7)


# ---------------------------------------------------------------------------- presets

#: (w_max − w_min)/dw_min as the literature counts them (arXiv 2510.02516 Table 3 has 21, 4.33, 1000, 7089, 400, 200).
STATES = {
    "reram-es": 2.0 / 0.00135,
    "reram-sb": 1000.0,
    "reram-array-om": 21.1,
    "reram-array-hfo2": 4.33,
    "capacitor": 400.0,
    "ecram": 1000.0,
    "ecram-mo": 7089.0,
    "idealized": 10000.0,
    "gokmen-vlasov": 1250.0,
    "pcm": 200.0,
}


@pytest.mark.parametrize("name", PRESETS)
def test_presets_have_the_published_number_of_states_and_run(name: str) -> None:
    spec = device_of(name)
    assert not isinstance(spec, IdealDevice)
    assert spec.states == pytest.approx(STATES[name], rel=3e-3)
    assert PRESETS[name].states == spec.states
    tile = AnalogTile(20, 30, device=name, pulses=PulseSpec(desired_bl=31))
    rng = np.random.default_rng(0)
    before = tile.weights
    tile.update(rng.uniform(-1, 1, (5, 30)), rng.uniform(-1, 1, (5, 20)), 1.0)
    assert np.isfinite(tile.weights).all()
    assert (tile.weights != before).any()


def test_parameters_beside_a_presets_name_overrule_it() -> None:
    spec = device_of({"name": "reram-es", "write_noise_std": 0.0})
    assert spec == device_of(device_of("reram-es").model_dump() | {"write_noise_std": 0.0})
    pair = device_of({"name": "one-sided", "device": "pcm"})
    assert isinstance(pair, OneSidedDevice)
    assert pair.device == device_of("pcm")


def test_granularities_of_curved_devices_are_their_mean_steps_at_weight_zero() -> None:
    assert granularity(pulsed("pow-step", dw_min=0.01, pow_gamma=2.0)) == pytest.approx(0.0025)
    assert granularity(pulsed("piecewise-step", dw_min=0.01, piecewise_up=[1, 3], piecewise_down=[1.0, 4.0, 1.0])) == (
        pytest.approx(0.03)
    )
    # ReRamES: up 1 + 1.18445·e^(−2.5), down (1 + 0.081404·e^(2.5))·(1 − 0.259359), mean times 0.00135.
    up, down = 1 + 1.18445 * np.exp(-2.5), (1 + 0.081404 * np.exp(2.5)) * (1 - 0.259359)
    assert granularity(pulsed("reram-es")) == pytest.approx(0.00135 * (up + down) / 2)
