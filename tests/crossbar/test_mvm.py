"""Converters and products, against the formulas evaluated here in float64 and against the laws of the noise.

Statistical tests have fixed seeds and a false-alarm probability of 1 %.
"""

from __future__ import annotations

import numpy as np
import pytest

from aimcsim.crossbar import AnalogTile
from aimcsim.scenario.hardware_spec import IOSpec
from tests.crossbar.helpers import PERFECT, UNSCALED, mean_z, normal_limit, variance_z

NOISELESS = IOSpec(out_noise=0.0)
#: Inputs in steps of 1/4 of the scale, outputs in steps of 1/2 up to 4: everything below is exact in binary.
DYADIC = IOSpec(inp_res=1 / 8, out_bound=4.0, out_res=1 / 16, out_noise=0.0, bound_management="none")
ONLY_NOISE = IOSpec(inp_res=0.0, out_res=0.0, out_bound=1e6, out_noise=0.06)


def plain_tile(weights: np.ndarray, io: IOSpec, seed: int = 0) -> AnalogTile:
    out_size, in_size = weights.shape
    return AnalogTile(out_size, in_size, device="ideal", io=io, mapping=UNSCALED, seed=seed, weights=weights)


def reference(x: np.ndarray, weights: np.ndarray, io: IOSpec) -> np.ndarray:
    """α·adc(dac(x/α) Wᵀ) in float64, without noise."""
    alpha = np.abs(x).max(axis=1, keepdims=True) if io.noise_management == "abs-max" else 1.0
    inp_step, out_step = 2 * io.inp_bound * io.inp_res, 2 * io.out_bound * io.out_res
    analog = np.clip(np.rint(x / alpha / inp_step) * inp_step, -io.inp_bound, io.inp_bound)
    return np.clip(np.rint(analog @ weights.T / out_step) * out_step, -io.out_bound, io.out_bound) * alpha


def test_a_hand_made_product_is_converted_exactly() -> None:
    tile = plain_tile(np.array([[1.0, -0.5, 2.0], [3.0, 3.0, 3.0]]), DYADIC)
    # α = 2; x/α = 1, −0.3, 0.4 -> 1, −0.25, 0.5; products 1 + 0.125 + 1 = 2.125 -> 2, and 3.75 -> 4 (ties to even: 7.5
    # steps -> 8); times α: 4 and 8.
    np.testing.assert_array_equal(tile.forward([[2.0, -0.6, 0.8]]), [[4.0, 8.0]])
    # The output bound: x/α = 1, 1, 1 gives 9 -> 4, times α = 1.
    np.testing.assert_array_equal(tile.forward([[1.0, 1.0, 1.0]])[0, 1], 4.0)


@pytest.mark.parametrize("management", ["abs-max", "none"])
def test_conversion_on_a_binary_grid_equals_the_formula_exactly(management: str) -> None:
    io = DYADIC.model_copy(update={"noise_management": management})
    rng = np.random.default_rng(0)
    weights = rng.integers(-8, 9, (9, 17)) / 8
    x = rng.integers(-64, 65, (20, 17)) / 64
    x[:, 3] = 1.0
    np.testing.assert_array_equal(plain_tile(weights, io).forward(x), reference(x, weights, io))
    d = rng.integers(-64, 65, (20, 9)) / 64
    d[:, 3] = -1.0
    np.testing.assert_array_equal(plain_tile(weights, io).backward(d), reference(d, weights.T, io))


def test_inputs_beyond_the_bound_are_cut_where_nothing_scales_them() -> None:
    io = IOSpec(noise_management="none", inp_res=0.0, out_res=0.0, out_noise=0.0)
    np.testing.assert_array_equal(plain_tile(np.eye(3), io).forward([[0.5, 3.0, -7.0]]), [[0.5, 1.0, -1.0]])


def test_default_converters_stay_within_half_a_step_of_each_converter() -> None:
    rng = np.random.default_rng(1)
    weights, x = rng.uniform(-0.1, 0.1, (30, 40)), rng.uniform(-3, 3, (10, 40))
    alpha = np.abs(x).max(axis=1, keepdims=True)
    error = np.abs(plain_tile(weights, NOISELESS).forward(x) - x @ weights.T) / alpha
    # Half an input step on each line, weighted by |W|, and half an output step: 1/126 and 12/510.
    assert (error <= 1 / 126 * np.abs(weights).sum(axis=1) + 12 / 510 + 1e-5).all()
    assert error.max() > 0.0


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_perfect_converters_give_the_plain_product(direction: str) -> None:
    rng = np.random.default_rng(2)
    weights, v = rng.standard_normal((12, 12)), rng.standard_normal((5, 12))
    tile = AnalogTile(12, 12, device="ideal", io=PERFECT, weights=weights)
    expected = v @ weights.T if direction == "forward" else v @ weights
    np.testing.assert_allclose(getattr(tile, direction)(v), expected, rtol=1e-5, atol=1e-5)


def test_a_sample_of_zeros_gives_zeros_and_one_that_is_not_finite_gives_nan_in_its_own_row_only() -> None:
    tile = plain_tile(np.ones((4, 3)), IOSpec())
    x = np.ones((4, 3))
    x[1], x[2, 1], x[3, 0] = 0.0, np.nan, np.inf
    y = tile.forward(x)
    assert np.isfinite(y[0]).all()
    np.testing.assert_array_equal(y[1], 0.0)
    assert np.isnan(y[2:]).all()


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_output_noise_is_a_normal_of_the_stated_size_times_the_scale_of_the_sample(direction: str) -> None:
    tile = plain_tile(np.zeros((200, 200)), ONLY_NOISE)
    noise = getattr(tile, direction)(np.full((300, 200), 2.5)).astype(float)
    limit = normal_limit(0.01, 3 * 2)
    assert abs(mean_z(noise, 0.0)) < limit
    assert abs(variance_z(noise, (2.5 * 0.06) ** 2)) < limit
    z = noise.ravel() / 0.15
    assert abs((z**4).mean() - 3.0) * np.sqrt(z.size / 96.0) < limit


def test_weight_noise_grows_with_the_norm_of_the_input() -> None:
    io = ONLY_NOISE.model_copy(update={"out_noise": 0.03, "w_noise": 0.02})
    noise = plain_tile(np.zeros((200, 9)), io).forward(np.full((300, 9), 1.0)).astype(float)
    # Nine lines at full scale: variance 0.03² + 0.02²·9.
    assert abs(variance_z(noise, 0.03**2 + 0.02**2 * 9)) < normal_limit(0.01)


def test_input_noise_comes_through_the_weights_and_is_common_to_the_outputs() -> None:
    io = ONLY_NOISE.model_copy(update={"out_noise": 0.0, "inp_noise": 0.05})
    noise = plain_tile(np.array([[3.0, 0.0], [3.0, 0.0], [0.0, 1.0]]), io).forward(np.ones((20000, 2))).astype(float)
    limit = normal_limit(0.01, 4)
    np.testing.assert_allclose(noise[:, 0], noise[:, 1], rtol=1e-6)
    assert abs(mean_z(noise[:, 0], 3.0)) < limit
    assert abs(variance_z(noise[:, 0], (3.0 * 0.05) ** 2)) < limit
    assert abs(variance_z(noise[:, 2], 0.05**2)) < limit
    assert abs(mean_z((noise[:, 0] - 3.0) * (noise[:, 2] - 1.0), 0.0)) < limit


def test_noise_of_a_sample_does_not_depend_on_the_samples_beside_it() -> None:
    rng = np.random.default_rng(3)
    silent, x = plain_tile(np.zeros((11, 7)), IOSpec(w_noise=0.1, inp_noise=0.1)), rng.standard_normal((8, 7))
    together = silent.forward(x, first_sample=40)
    alone = np.concatenate([silent.forward(x[s : s + 1], first_sample=40 + s) for s in range(8)])
    np.testing.assert_array_equal(alone, together)
    tile = plain_tile(rng.standard_normal((11, 7)), IOSpec(out_res=0.0))
    together = tile.forward(x, first_sample=40)
    alone = np.concatenate([tile.forward(x[s : s + 1], first_sample=40 + s) for s in range(8)])
    np.testing.assert_array_equal(alone, together)


def test_without_sample_numbers_calls_go_on_where_the_last_one_ended() -> None:
    x = np.ones((6, 5))
    counted, numbered = (plain_tile(np.zeros((5, 5)), ONLY_NOISE) for _ in range(2))
    first, second = counted.forward(x[:4]), counted.forward(x[4:])
    np.testing.assert_array_equal(np.concatenate([first, second]), numbered.forward(x, first_sample=0))


def test_noise_is_new_for_every_sample_direction_purpose_draw_name_and_seed() -> None:
    ones, zeros = np.ones((200, 60)), np.zeros((60, 60))

    def tile(**more: object) -> AnalogTile:
        return AnalogTile(60, 60, device="ideal", io=ONLY_NOISE, mapping=UNSCALED, weights=zeros, **more)  # type: ignore[arg-type]

    base = tile()
    drawn = [
        base.forward(ones, first_sample=0),
        base.forward(ones, first_sample=200),
        base.backward(ones, first_sample=0),
        base.forward(ones, first_sample=0, purpose="evaluation"),
        base.forward(ones, first_sample=0, purpose="evaluation", draw=1),
        tile(seed=1).forward(ones, first_sample=0),
        tile(name="other").forward(ones, first_sample=0),
    ]
    flat = np.array(drawn).reshape(len(drawn), -1)
    correlations = np.corrcoef(flat)[np.triu_indices(len(drawn), 1)]
    assert np.abs(correlations).max() * np.sqrt(flat.shape[1]) < normal_limit(0.01, correlations.size)
    np.testing.assert_array_equal(drawn[4], base.forward(ones, first_sample=0, purpose="evaluation", draw=1))
