"""Scales by output line, learned factors and reference arrays: W = learned · scale · line · (C − C_ref)."""

from __future__ import annotations

import numpy as np
import pytest

from aimcsim.crossbar import AnalogTile, FloatTile, make_tile
from aimcsim.scenario.io_spec import IOSpec
from aimcsim.scenario.mapping_spec import MappingSpec, ReferenceSpec
from aimcsim.scenario.pulse_spec import PulseSpec
from tests.crossbar.helpers import PERFECT, equal_cells, mean_z, normal_limit, variance_z

COLUMNWISE = MappingSpec(weight_scaling_omega=0.5, weight_scaling_columnwise=True)
LEARNED = MappingSpec(learn_out_scaling=True)
WEIGHTS = np.array([[3.0, -1.5, 0.0], [0.0, 0.0, 0.0], [0.75, 0.3, -1.0]])


def ideal(mapping: MappingSpec, weights: np.ndarray, **more: object) -> AnalogTile:
    return AnalogTile(*weights.shape, device="ideal", io=PERFECT, mapping=mapping, weights=weights, **more)  # type: ignore[arg-type]


def samples(batch: int, inputs: int, outputs: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (batch, inputs)), rng.uniform(-1, 1, (batch, outputs))


def test_columnwise_the_largest_weight_of_every_output_becomes_omega() -> None:
    tile = ideal(COLUMNWISE, WEIGHTS)
    # Lines are scaled by 6, 1 (nothing to scale) and 2.
    np.testing.assert_allclose(tile.snapshot(), [[0.5, -0.25, 0.0], [0, 0, 0], [0.375, 0.15, -0.5]], rtol=1e-6)
    np.testing.assert_allclose(tile.weights, WEIGHTS, rtol=1e-6)
    assert tile.out_scales is None
    tile.weights = WEIGHTS * 10.0
    np.testing.assert_allclose(np.abs(tile.snapshot()).max(axis=1), [0.5, 0.0, 0.5])
    unscaled = ideal(MappingSpec(weight_scaling_columnwise=True), WEIGHTS)
    np.testing.assert_array_equal(unscaled.snapshot(), WEIGHTS.astype(np.float32))


@pytest.mark.parametrize("mapping", [COLUMNWISE, MappingSpec(reference=ReferenceSpec(mean=0.3, std=0.2)), LEARNED])
def test_products_and_updates_are_those_of_the_weights_whatever_the_mapping(mapping: MappingSpec) -> None:
    x, d = samples(6, 3, 3)
    tile = ideal(mapping, WEIGHTS)
    np.testing.assert_allclose(tile.forward(x), x @ WEIGHTS.T, atol=1e-5)
    np.testing.assert_allclose(tile.backward(d), d @ WEIGHTS, atol=1e-5)
    if mapping is not LEARNED:
        tile.update(x, d, 0.3)
        np.testing.assert_allclose(tile.weights, WEIGHTS - 0.3 * d.T @ x, atol=1e-5)


def test_columnwise_the_devices_see_the_rate_over_the_scale_of_their_line() -> None:
    # Deterministic counts; the largest product of C needs at most 0.05·1·1/1e-5 = 5000 pulses of the 2^16.
    x, d = samples(4, 3, 3, seed=1)
    pulses = PulseSpec(pulse_type="deterministic-implicit", desired_bl=2**16)
    tile = AnalogTile(
        3, 3, device=equal_cells(1e-5, 1e4), io=PERFECT, pulses=pulses, mapping=COLUMNWISE, weights=WEIGHTS
    )
    tile.update(x, d, 0.05)
    # Half a pulse a sample, times the largest scale.
    np.testing.assert_allclose(tile.weights, WEIGHTS - 0.05 * d.T @ x, atol=4 * 6.0 * 0.5e-5 + 2e-6)


def loss(factors: np.ndarray, weights: np.ndarray, x: np.ndarray, targets: np.ndarray) -> float:
    return float(0.5 * ((factors * (x @ weights.T) - targets) ** 2).sum())


def test_learned_factors_and_the_weights_behind_them_take_the_gradient_of_the_loss() -> None:
    rng = np.random.default_rng(5)
    x, targets = samples(7, 4, 3, seed=2)
    inner = rng.uniform(-1, 1, (3, 4))
    tile = ideal(LEARNED, inner)
    rate, step = 0.01, 1e-5
    factors = np.ones(3)
    for _ in range(3):
        y = tile.forward(x).astype(float)
        np.testing.assert_allclose(y, factors * (x @ inner.T), atol=1e-5)
        gradient = np.empty(3)
        for i in range(3):
            shift = step * (np.arange(3) == i)
            gradient[i] = (loss(factors + shift, inner, x, targets) - loss(factors - shift, inner, x, targets)) / (
                2 * step
            )
        behind = np.empty((3, 4))
        for at in np.ndindex(3, 4):
            moved = np.zeros((3, 4))
            moved[at] = step
            behind[at] = (loss(factors, inner + moved, x, targets) - loss(factors, inner - moved, x, targets)) / (
                2 * step
            )
        tile.update(x, y - targets, rate)
        factors, inner = factors - rate * gradient, inner - rate * behind
        assert tile.out_scales is not None
        np.testing.assert_allclose(tile.out_scales, factors, atol=1e-5)
        np.testing.assert_allclose(tile.weights, factors[:, None] * inner, atol=1e-5)
        np.testing.assert_allclose(tile.snapshot(), inner, atol=1e-5)
    np.testing.assert_allclose(tile.backward(targets), targets @ (factors[:, None] * inner), atol=1e-5)
    assert np.abs(factors - 1.0).max() > 0.01


def test_one_learned_factor_of_a_tile_takes_the_sum_of_the_gradients_of_its_outputs() -> None:
    x, d = samples(5, 3, 3, seed=4)
    tile = ideal(MappingSpec(learn_out_scaling=True, out_scaling_columnwise=False), WEIGHTS)
    tile.update(x, d, 0.02)
    # ∂f/∂s of y = s·Wx is Σ d·Wx over samples and outputs; the weights learn from s·d, with s = 1 still.
    factor = 1.0 - 0.02 * float((d * (x @ WEIGHTS.T)).sum())
    assert tile.out_scales is not None
    np.testing.assert_allclose(tile.out_scales, np.full(3, factor), rtol=1e-5)
    np.testing.assert_allclose(tile.weights, factor * (WEIGHTS - 0.02 * d.T @ x), atol=1e-5)


def test_learned_factors_belong_to_the_state_and_to_what_an_evaluation_sees() -> None:
    x, d = samples(5, 3, 3, seed=3)
    mapping = MappingSpec(weight_scaling_omega=0.4, weight_scaling_columnwise=True, learn_out_scaling=True)
    tile = ideal(mapping, WEIGHTS)
    tile.update(x, d, 0.2)
    before, factors, y = tile.snapshot(), tile.out_scales, tile.forward(x)
    state = tile.state()
    tile.update(x, d, 0.2)
    np.testing.assert_array_equal(tile.forward(x, conductances=before, out_scales=factors), y)
    np.testing.assert_allclose(x @ tile.weights_of(before, factors).T, y, atol=1e-5)
    assert not np.allclose(tile.forward(x), y, atol=1e-3)
    copy = ideal(mapping, WEIGHTS * 0.0)
    copy.load_state(state)
    np.testing.assert_array_equal(copy.forward(x), y)


def test_an_update_that_is_refused_leaves_the_factors_as_they_were() -> None:
    tile = ideal(LEARNED, WEIGHTS)
    with pytest.raises(ValueError, match="must be finite"):
        tile.update([[np.inf, 1.0, 1.0]], [[1.0, 1.0, 1.0]], 0.1)
    np.testing.assert_array_equal(tile.out_scales, [1, 1, 1])
    np.testing.assert_allclose(tile.weights, WEIGHTS)


def test_an_ideal_array_that_learns_factors_is_no_plain_float_tile() -> None:
    assert isinstance(make_tile(2, 3, device="ideal", io=PERFECT, mapping=LEARNED), AnalogTile)
    assert isinstance(make_tile(2, 3, device="ideal", io=PERFECT, mapping=COLUMNWISE), FloatTile)


# ------------------------------------------------------------------ pairs


def test_a_pair_is_read_as_the_difference_from_a_reference_that_never_changes() -> None:
    mapping = MappingSpec(reference=ReferenceSpec(mean=0.2, std=0.05))
    tile = AnalogTile(20, 30, device=equal_cells(0.01, 0.6), io=PERFECT, mapping=mapping, weights=np.zeros((20, 30)))
    reference = tile.snapshot()
    limit = normal_limit(0.01, 2)
    assert abs(mean_z(reference.astype(float), 0.2)) < limit
    assert abs(variance_z(reference.astype(float), 0.05**2)) < limit
    x, d = samples(9, 30, 20)
    tile.update(x, d, 0.5)
    np.testing.assert_allclose(tile.weights, tile.snapshot() - reference, atol=1e-7)
    np.testing.assert_allclose(tile.forward(x), x @ (tile.snapshot() - reference).T, atol=1e-5)
    np.testing.assert_allclose(tile.backward(d), d @ (tile.snapshot() - reference), atol=1e-5)
    np.testing.assert_allclose(tile.forward(x, conductances=reference), 0.0, atol=1e-6)


def test_the_main_device_clips_what_it_cannot_hold_above_the_reference() -> None:
    mapping = MappingSpec(reference=ReferenceSpec(mean=0.2))
    tile = AnalogTile(1, 2, device=equal_cells(0.01, 0.6), io=PERFECT, mapping=mapping, weights=[[0.9, -0.9]])
    np.testing.assert_allclose(tile.snapshot(), [[0.6, -0.6]], rtol=1e-6)
    np.testing.assert_allclose(tile.weights, [[0.4, -0.8]], rtol=1e-6)
    scaled = MappingSpec(weight_scaling_omega=0.3, reference=ReferenceSpec(mean=0.2))
    tile = AnalogTile(1, 2, device=equal_cells(0.01, 0.6), io=PERFECT, mapping=scaled, weights=[[0.9, -0.9]])
    np.testing.assert_allclose(tile.snapshot(), [[0.5, -0.1]], rtol=1e-5)
    np.testing.assert_allclose(tile.weights, [[0.9, -0.9]], rtol=1e-5)


def test_the_reference_devices_have_bounds_and_spread_of_their_own() -> None:
    spread = equal_cells(0.01, 0.6, w_max_dtod=0.3)
    mapping = MappingSpec(reference=ReferenceSpec(mean=0.6))
    tile = AnalogTile(40, 40, device=spread, io=PERFECT, mapping=mapping)
    tile.weights = np.zeros((40, 40))
    held = tile.weights_of(tile.snapshot())
    # C = min(C_ref, own bound), C_ref = min(0.6, another draw of the bound): not all pairs can be balanced.
    assert (held <= 1e-7).all()
    assert (held < -0.01).any()
    again = AnalogTile(40, 40, device=spread, io=PERFECT, mapping=mapping, weights=np.zeros((40, 40)))
    np.testing.assert_array_equal(again.weights, tile.weights)


def test_the_symmetric_point_of_a_pair_moves_with_its_reference() -> None:
    # Up and down pulses in turn bring C to its symmetric point 0, hence W to −C_ref.
    mapping = MappingSpec(reference=ReferenceSpec(mean=0.25))
    tile = AnalogTile(1, 1, device=equal_cells(0.02, 0.6), io=PERFECT, mapping=mapping, weights=[[0.3]])
    for _ in range(600):
        tile.update([[1.0]], [[1.0]], 0.02)
        tile.update([[1.0]], [[-1.0]], 0.02)
    assert float(tile.weights[0, 0]) == pytest.approx(-0.25, abs=0.02)


def test_noise_comes_through_the_scales_of_the_lines() -> None:
    io = IOSpec(inp_res=0.0, out_res=0.0, out_bound=1e6, out_noise=0.05)
    tile = AnalogTile(2, 1, device="ideal", io=io, mapping=COLUMNWISE, weights=[[5.0], [0.5]])
    noise = tile.forward(np.ones((20000, 1))).astype(float) - [5.0, 0.5]
    limit = normal_limit(0.01, 2)
    assert abs(variance_z(noise[:, 0], (10 * 0.05) ** 2)) < limit
    assert abs(variance_z(noise[:, 1], (1 * 0.05) ** 2)) < limit
