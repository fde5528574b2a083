"""Each effect of the converters against its formula in float64, bound management by hand, and what is reported.

Statistical tests have fixed seeds and a false-alarm probability of 1 %.
"""

from __future__ import annotations

import numpy as np
import pytest

from aimcsim.crossbar import AnalogTile, FloatTile
from aimcsim.scenario.io_spec import BackwardIOSpec, IOSpec, backward_of
from tests.crossbar.helpers import UNSCALED, mean_z, normal_limit, variance_z

#: Inputs in steps of 1/4 of the scale, outputs in steps of 1/2 up to 4: everything below is exact in binary.
DYADIC = IOSpec(inp_res=1 / 8, out_bound=4.0, out_res=1 / 16, out_noise=0.0)
#: Bounded outputs and nothing else.
BOUNDED = IOSpec(inp_res=0.0, out_bound=4.0, out_res=0.0, out_noise=0.0)
BARE = IOSpec(inp_res=0.0, out_bound=1e6, out_res=0.0, out_noise=0.0)


def tile_of(weights: object, io: IOSpec, seed: int = 0, **more: object) -> AnalogTile:
    matrix = np.atleast_2d(np.asarray(weights, float))
    return AnalogTile(*matrix.shape, device="ideal", io=io, mapping=UNSCALED, seed=seed, weights=matrix, **more)  # type: ignore[arg-type]


def changed(io: IOSpec, **fields: object) -> IOSpec:
    return type(io).model_validate(io.model_dump() | fields)


# ------------------------------------------------------------------ bound management


def test_the_default_is_iterative_forward_and_none_backward() -> None:
    assert IOSpec().bound_management == "iterative"
    assert BackwardIOSpec().bound_management == "none"
    assert backward_of(IOSpec(out_bound=3.0)) == IOSpec(out_bound=3.0, bound_management="none")


@pytest.mark.parametrize(
    ("product", "passes", "y"),
    # Outputs beyond 4 at reductions 1, 2, 4... until they are within: 3; 6, 3·2; 9, 4.5, 2.25·4; 33, ..., 2.0625·16.
    [(3.0, 0, 3.0), (4.0, 0, 4.0), (6.0, 1, 6.0), (9.0, 2, 9.0), (-9.0, 2, -9.0), (33.0, 4, 33.0)],
)
def test_an_output_that_saturates_is_read_again_at_half_the_input(product: float, passes: int, y: float) -> None:
    tile = tile_of([[product]], BOUNDED)
    assert tile.forward([[1.0]]) == y
    assert tile.repeated_products == passes


def test_only_the_samples_that_saturate_are_repeated_and_counted() -> None:
    tile = tile_of([[1.0, 1.0], [3.0, 3.0]], BOUNDED)
    x = np.array([[1.0, 1.0], [0.5, 0.1], [1.0, -1.0], [0.2, 0.2], [1.0, 0.5]])
    # With α = max|x| row 1 gives 6, 3.6, 0, 6, 4.5: samples 0, 3 and 4 are repeated once.
    np.testing.assert_allclose(tile.forward(x), x @ np.array([[1.0, 3.0], [1.0, 3.0]]), rtol=1e-6)
    assert tile.repeated_products == 3
    tile.forward(x[1:3])
    assert tile.repeated_products == 0


def test_repetition_stops_at_the_largest_factor() -> None:
    # Repeated while the reduction is not above the factor: 1, 2, 4 (at 3: 4 is above it, its result stands: 4·4).
    tile = tile_of([[100.0]], changed(BOUNDED, max_bm_factor=3))
    assert tile.forward([[1.0]]) == 16.0
    assert tile.repeated_products == 2


def test_repetition_stops_where_the_converter_has_no_resolution_left() -> None:
    # The DAC's step is 2·1/8 = 1/4: repeated while the reduction is not above max_bm_res/step = 0.5/0.25 = 2. At
    # 4 the input is one step, 100/4 saturates and stands as 4·4.
    tile = tile_of([[100.0]], changed(DYADIC, max_bm_res=0.5))
    assert tile.forward([[1.0]]) == 16.0
    assert tile.repeated_products == 2
    # aihwkit's defaults: 0.25/(2/126) = 15.75, so 1, 2, 4, 8, 16: four repetitions.
    default = tile_of([[1e4]], IOSpec(out_noise=0.0))
    assert default.forward([[1.0]]) == pytest.approx(12.0 * 16.0)
    assert default.repeated_products == 4


def test_the_lower_bound_counts_only_where_it_is_tested() -> None:
    one_sided = changed(BOUNDED, bm_test_negative_bound=False)
    assert tile_of([[-9.0]], one_sided).forward([[1.0]]) == -4.0
    assert tile_of([[9.0]], one_sided).forward([[1.0]]) == 9.0


def test_an_output_that_rounds_to_the_bound_has_not_saturated_and_one_that_rounds_beyond_has() -> None:
    # Steps of 1/2 up to 4: 4.24 is rounded to 4.0, 4.26 to 4.5.
    for product, repeated in ((4.24, 0), (4.26, 1)):
        tile = tile_of([[product]], DYADIC)
        tile.forward([[1.0]])
        assert tile.repeated_products == repeated
    # 255 steps of 24/510 are the bound of 12, although neither is exact in binary.
    tile = tile_of([[12.02]], IOSpec(out_noise=0.0))
    assert tile.forward([[1.0]]) == pytest.approx(12.0)
    assert tile.repeated_products == 0


def test_without_management_outputs_are_cut_and_a_shift_lowers_all_of_them() -> None:
    weights = [[6.0], [1.0], [-3.0], [-5.0]]
    np.testing.assert_array_equal(
        tile_of(weights, changed(BOUNDED, bound_management="none")).forward([[2.0]]), [[8, 2, -6, -8]]
    )
    # The largest is 2 too high: 6, 1, −3, −5 become 4, −1, −5 and −7, the last two cut at −4; times α = 2.
    shifted = tile_of(weights, changed(BOUNDED, bound_management="shift"))
    np.testing.assert_array_equal(shifted.forward([[2.0]]), [[8, -2, -8, -8]])
    # Of −6, −1, 3, 5 the largest is 1 too high: −7 (cut at −4), −2, 2, 4.
    np.testing.assert_array_equal(shifted.forward([[-1.0]]), [[-4, -2, 2, 4]])
    assert shifted.repeated_products == 0


def test_the_transposed_product_repeats_only_where_its_own_converters_say_so() -> None:
    tile = tile_of([[9.0]], BOUNDED)
    assert tile.backward([[1.0]]) == 4.0
    assert tile.repeated_products == 0
    managed = tile_of([[9.0]], BOUNDED, io_backward=changed(BOUNDED, out_bound=6.0))
    assert managed.backward([[1.0]]) == 9.0
    assert managed.repeated_products == 1
    perfect = tile_of([[9.0]], BOUNDED, io_backward=IOSpec(is_perfect=True))
    assert perfect.backward([[1.0]]) == 9.0


def test_a_repeated_read_has_new_noise_and_what_was_not_repeated_keeps_its_own() -> None:
    io = changed(BOUNDED, out_noise=0.1)
    zero = changed(io, bound_management="none", out_bound=1e6)
    size = 400
    loud = tile_of(np.full((size, 1), 6.0), io).forward([[1.0]], first_sample=5)[0] - 6.0
    quiet = tile_of(np.full((size, 1), 1.0), io).forward([[1.0]], first_sample=5)[0] - 1.0
    once = tile_of(np.zeros((size, 1)), zero).forward([[1.0]], first_sample=5)[0]
    np.testing.assert_allclose(quiet, once, atol=1e-6)
    limit = normal_limit(0.01, 2)
    # Twice the noise, for the output is scaled back by 2; and another draw.
    assert abs(variance_z(loud.astype(float), 0.2**2)) < limit
    assert abs(np.corrcoef(loud, once)[0, 1]) * np.sqrt(size) < limit


def test_repeated_samples_do_not_depend_on_those_beside_them() -> None:
    rng = np.random.default_rng(7)
    io = IOSpec(out_bound=2.0, out_res=0.0, inp_noise=0.02, inp_sto_round=True, out_noise_std=0.3)
    tile = tile_of(rng.standard_normal((9, 8)), io)
    x = rng.standard_normal((12, 8))
    together = tile.forward(x, first_sample=2**33)
    repeated = tile.repeated_products
    assert repeated > 0
    alone, counted = [], 0
    for s in range(12):
        alone.append(tile.forward(x[s : s + 1], first_sample=2**33 + s))
        counted += tile.repeated_products
    np.testing.assert_allclose(np.concatenate(alone), together, atol=2e-5)
    assert counted == repeated
    np.testing.assert_array_equal(tile.forward(x, first_sample=2**33), together)


def test_samples_that_are_not_finite_are_not_repeated() -> None:
    tile = tile_of([[9.0, 9.0]], changed(BOUNDED, out_noise=0.01))
    y = tile.forward([[np.nan, 1.0], [np.inf, 0.0], [0.0, 0.0]])
    assert np.isnan(y[:2]).all()
    assert y[2] == 0.0
    assert tile.repeated_products == 0


def test_a_float_tile_never_repeats() -> None:
    assert FloatTile(2, 2).repeated_products == 0


# ------------------------------------------------------------------ noise management


def test_the_scale_is_the_largest_value_the_largest_magnitude_or_a_constant() -> None:
    x = np.array([[0.5, -2.0], [-1.0, -3.0], [4.0, 1.0]])
    # The identity with inputs cut at 1 and no rounding: y = α·clip(x/α).
    scales = {
        "abs-max": [2.0, 3.0, 4.0],
        "max": [0.5, 0.0, 4.0],
        "constant": [1.0, 1.0, 1.0],
        "none": [1.0, 1.0, 1.0],
    }
    for management, alphas in scales.items():
        y = tile_of(np.eye(2), changed(BARE, noise_management=management)).forward(x)
        expected = [a * np.clip(row / a, -1.0, 1.0) if a else 0.0 * row for row, a in zip(x, alphas, strict=True)]
        np.testing.assert_allclose(y, expected, rtol=1e-6, err_msg=management)
    held = {"abs-max": [2.0, 2.5, 2.5], "max": [0.5, 0.0, 2.5], "constant": [2.5, 2.5, 2.5]}
    for management, alphas in held.items():
        y = tile_of(np.eye(2), changed(BARE, noise_management=management, nm_thres=2.5)).forward(x)
        expected = [a * np.clip(row / a, -1.0, 1.0) if a else 0.0 * row for row, a in zip(x, alphas, strict=True)]
        np.testing.assert_allclose(y, expected, rtol=1e-6, err_msg=management)


def test_the_average_scale_runs_over_the_samples_in_their_order_and_evaluations_leave_it() -> None:
    io = changed(BARE, noise_management="average-abs-max", nm_decay=0.25)
    x = np.array([[1.0], [5.0], [2.0]])
    # α: 1, then 0.75·1 + 0.25·5 = 2, then 0.75·2 + 0.25·2 = 2; values beyond α are cut.
    together, alone = tile_of([[1.0]], io), tile_of([[1.0]], io)
    np.testing.assert_allclose(together.forward(x), [[1.0], [2.0], [2.0]])
    np.testing.assert_allclose(np.concatenate([alone.forward(row[None]) for row in x]), [[1.0], [2.0], [2.0]])
    assert together.forward([[9.0]], purpose="evaluation") == 2.0
    assert together.forward([[9.0]], purpose="evaluation") == 2.0
    # Backward has an average of its own, and both are part of the state.
    assert together.backward([[7.0]]) == 7.0
    copy = tile_of([[1.0]], io)
    copy.load_state(together.state())
    assert copy.forward([[10.0]]) == together.forward([[10.0]]) == 4.0


# ------------------------------------------------------------------ rounding and noise


@pytest.mark.parametrize("side", ["inp", "out"])
def test_stochastic_rounding_is_right_on_average_and_lands_on_the_two_nearest_steps(side: str) -> None:
    # A value 0.3 of a step above a step goes up with probability 0.3.
    step = 0.25
    value = 0.5 + 0.3 * step
    steps = {"inp_res": step / 2.0} if side == "inp" else {"out_res": step / 8.0, "out_bound": 4.0}
    io = changed(BARE, noise_management="none", **steps, **{f"{side}_sto_round": True})
    runs = 20000
    y = tile_of([[1.0]], io).forward(np.full((runs, 1), value))[:, 0]
    assert set(np.unique(y)) == {0.5, 0.75}
    z = ((y == 0.75).sum() - 0.3 * runs) / np.sqrt(runs * 0.3 * 0.7)
    assert abs(z) < normal_limit(0.01)


def test_output_noise_differs_from_line_to_line_as_its_spread_says() -> None:
    lines, reads = 300, 400
    io = changed(BARE, out_noise=0.05, out_noise_std=0.3)
    tile = tile_of(np.zeros((lines, 2)), io)
    noise = tile.forward(np.ones((reads, 2))).astype(float)
    # The deviation of a line over its reads estimates |0.05(1 + 0.3ξ)| within a relative 1/√(2·400) = 3.5 %:
    # relative variance over lines 0.09 + (1 + 0.09)/800.
    relative = noise.std(axis=0, ddof=1) / 0.05
    limit = normal_limit(0.01, 2)
    assert abs(mean_z(relative, 1.0)) < limit
    assert abs(variance_z(relative, 0.09 + 1.09 / 800)) < limit
    again = tile_of(np.zeros((lines, 2)), io).forward(np.ones((reads, 2)))
    np.testing.assert_array_equal(again, noise.astype(np.float32))


def test_pcm_read_noise_grows_with_the_root_of_the_conductance() -> None:
    io = changed(BARE, w_noise=0.1, w_noise_type="pcm-read", out_noise=0.02)
    weights = np.array([[0.5, -0.25, 0.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    x = np.array([1.0, -0.5, 0.25])
    noise = tile_of(weights, io).forward(np.tile(x, (20000, 1))).astype(float) - weights @ x
    limit = normal_limit(0.01, 3 * 2)
    for i in range(3):
        variance = 0.02**2 + 0.1**2 * (np.abs(weights[i]) * x**2).sum()
        assert abs(mean_z(noise[:, i], 0.0)) < limit
        assert abs(variance_z(noise[:, i], variance)) < limit


def test_weight_noise_of_type_none_is_none() -> None:
    io = changed(BARE, w_noise=0.5, w_noise_type="none")
    np.testing.assert_allclose(tile_of([[2.0]], io).forward(np.ones((5, 1))), 2.0)


@pytest.mark.parametrize("forward", [True, False])
def test_the_voltage_drop_follows_its_formula(forward: bool) -> None:
    rng = np.random.default_rng(3)
    weights, v = rng.standard_normal((20, 20)), rng.standard_normal((6, 20))
    io = changed(BARE, ir_drop=0.7, ir_drop_g_ratio=400.0, noise_management="none", inp_bound=10.0)
    tile = tile_of(weights, io)
    matrix = weights if forward else weights.T
    place = 1.0 - np.arange(20) / 20
    a = 20 / 400.0 * np.abs(v) @ np.abs(matrix).T
    c = 0.05 * a**3 - 0.2 * a**2 + 0.5 * a
    expected = v @ matrix.T - 0.7 * c * ((v * (1.0 - place**2)) @ matrix.T)
    np.testing.assert_allclose((tile.forward if forward else tile.backward)(v), expected, rtol=1e-4, atol=1e-4)
    assert np.abs(expected - v @ matrix.T).max() > 0.1
