"""AnalogTile and FloatTile from outside: shapes, mapping, errors, repeatability, threads, checkpoints."""

from __future__ import annotations

import inspect
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from aimcsim.crossbar import AnalogTile, FloatTile, make_tile
from aimcsim.crossbar.devices import make_devices
from aimcsim.crossbar.mvm import read
from aimcsim.crossbar.update import update_pulsed
from aimcsim.scenario.device_spec import IdealDevice, SoftBoundsDevice
from aimcsim.scenario.hardware_spec import IOSpec, MappingSpec, PulseSpec
from tests.crossbar.helpers import PERFECT, UNSCALED, equal_cells, mean_z, normal_limit, variance_z

RNG_SEED = 11


def data(batch: int = 6, inputs: int = 7, outputs: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(RNG_SEED)
    x, d = rng.standard_normal((batch, inputs)), rng.standard_normal((batch, outputs)) * 0.1
    return x, d, rng.standard_normal((outputs, inputs)) * 0.4


def analog(seed: int = 0, name: str = "tile") -> AnalogTile:
    return AnalogTile(5, 7, seed=seed, name=name, weights=data()[2])


def test_products_and_weights_have_the_shapes_of_outputs_by_inputs() -> None:
    x, d, _ = data()
    for tile in (analog(), FloatTile(5, 7)):
        assert tile.weights.shape == (5, 7)
        assert tile.forward(x).shape == (6, 5)
        assert tile.backward(d).shape == (6, 7)
        assert tile.forward(x[:0]).shape == (0, 5)
        assert tile.update(x[:0], d[:0], 0.1) == 0
        assert {tile.weights.dtype, tile.forward(x).dtype, tile.backward(d).dtype} == {np.dtype(np.float32)}


def test_weights_are_a_copy() -> None:
    tile = analog()
    tile.weights[:] = 9.0
    tile.snapshot()[:] = 9.0
    assert np.abs(tile.weights).max() < 5.0


def test_the_largest_weight_becomes_omega_and_weights_come_back_unless_a_bound_clips_them() -> None:
    weights = np.array([[3.0, -1.5, 0.0], [0.75, 0.3, -2.7]])
    mapping = MappingSpec(weight_scaling_omega=0.6)
    tile = AnalogTile(2, 3, device=equal_cells(0.001, 0.6), mapping=mapping, weights=weights)
    assert tile.scale == pytest.approx(5.0)
    np.testing.assert_allclose(tile.snapshot(), weights / 5.0, rtol=1e-6)
    np.testing.assert_allclose(tile.weights, weights, rtol=1e-6)
    tile.weights = weights / 10.0
    assert tile.scale == pytest.approx(0.5)
    narrow = AnalogTile(2, 3, device=equal_cells(0.001, 0.3, w_min=-0.2), mapping=mapping, weights=weights)
    np.testing.assert_allclose(narrow.weights, np.clip(weights, -1.0, 1.5), rtol=1e-6)


def test_without_omega_or_with_zero_weights_nothing_is_scaled() -> None:
    device = equal_cells(0.001, 0.6)
    assert AnalogTile(1, 1, device=device, mapping=UNSCALED, weights=[[0.3]]).scale == 1.0
    assert AnalogTile(1, 1, device=device, weights=[[0.0]]).scale == 1.0
    assert AnalogTile(1, 1, device=device).weights == 0.0


def test_spread_bounds_clip_each_weight_at_its_own() -> None:
    tile = AnalogTile(50, 50, mapping=UNSCALED, weights=np.full((50, 50), 0.6))
    np.testing.assert_array_equal(tile.weights, np.minimum(np.float32(0.6), tile.devices.bounds[1]))
    assert (tile.weights < 0.6).any()


@pytest.mark.parametrize("omega", [0.0, 0.1, 0.5])
def test_the_expected_update_is_that_of_the_scaled_weights_whatever_the_scale(omega: float) -> None:
    # Deterministic counts and far bounds leave only the rounding to half a pulse, which is scale·Δ/2.
    x, d, weights = data()
    device = equal_cells(1e-5, 1e4)
    pulses = PulseSpec(pulse_type="deterministic-implicit", desired_bl=2**16)
    tile = AnalogTile(
        5, 7, device=device, io=PERFECT, pulses=pulses, weights=weights, mapping=MappingSpec(weight_scaling_omega=omega)
    )
    tile.update(x, d, 0.05)
    expected = weights - 0.05 * d.T @ x
    np.testing.assert_allclose(tile.weights, expected, atol=6 * tile.scale * 0.5e-5 + 1e-6)


@pytest.mark.parametrize("pulses", [PulseSpec(pulse_type="none"), PulseSpec()])
def test_an_ideal_device_with_noisy_converters_steps_exactly_and_uses_no_pulses(pulses: PulseSpec) -> None:
    x, d, weights = data()
    tile = AnalogTile(5, 7, device="ideal", pulses=pulses, weights=weights)
    assert tile.update(x, d, 3.0) == 0
    assert tile.nominal_slots == 0
    np.testing.assert_allclose(tile.weights, weights - 3.0 * d.T @ x, rtol=1e-4, atol=1e-5)
    assert not np.allclose(tile.forward(x), x @ tile.weights.T, atol=1e-3)


def test_pulse_type_none_ignores_the_bounds_of_a_device() -> None:
    tile = AnalogTile(1, 1, device=equal_cells(0.01, 0.6), pulses=PulseSpec(pulse_type="none"), mapping=UNSCALED)
    assert tile.update([[1.0]], [[1.0]], 5.0) == 0
    assert tile.weights == -5.0


def test_a_float_tile_is_plain_linear_algebra() -> None:
    x, d, weights = data()
    tile = FloatTile(5, 7, weights=weights)
    np.testing.assert_allclose(tile.forward(x), x @ weights.T, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(tile.backward(d), d @ weights, rtol=1e-5, atol=1e-6)
    assert tile.update(x, d, 0.2) == 0
    np.testing.assert_allclose(tile.weights, weights - 0.2 * d.T @ x, rtol=1e-5, atol=1e-6)


def test_make_tile_leaves_the_physics_out_only_where_none_is_left() -> None:
    assert isinstance(make_tile(2, 3, device="ideal", io=PERFECT), FloatTile)
    assert isinstance(make_tile(2, 3, device=IdealDevice(name="ideal")), AnalogTile)
    assert isinstance(make_tile(2, 3, io=PERFECT), AnalogTile)


def test_slots_are_summed_over_samples_and_silent_samples_use_none() -> None:
    tile = AnalogTile(2, 2, device=equal_cells(0.001, 0.6), mapping=UNSCALED)
    x, d = np.array([[1.0, 0.5], [0.0, 0.0], [0.5, 0.1]]), np.array([[0.4, 0.1], [1.0, 1.0], [-0.5, 0.0]])
    # ⌈0.01·1·0.4/0.001⌉ = 4 (0.4 as float32 is a little more: 5), 0, ⌈0.01·0.5·0.5/0.001⌉ = 3.
    assert tile.update(x, d, 0.01) == int(np.ceil(np.float64(np.float32(0.4)) * 10)) + 3
    assert tile.nominal_slots == 31


@pytest.mark.parametrize("device", ["soft-bounds", "ideal"])
def test_one_call_for_many_samples_equals_one_call_for_each_bit_for_bit(device: str) -> None:
    rng = np.random.default_rng(RNG_SEED)
    # Magnitudes from silent to saturated: trains of unlike lengths, packed and whole rows.
    x = rng.standard_normal((12, 150)) * (rng.random((12, 150)) < rng.choice([0.05, 0.5, 1.0], (12, 1)))
    d = rng.standard_normal((12, 40)) * np.geomspace(1e-4, 1.0, 12)[:, None]
    at_once, one_by_one = (AnalogTile(40, 150, device=device, weights=rng.standard_normal((40, 150)) * 0) for _ in "ab")  # type: ignore[arg-type]
    slots = at_once.update(x, d, 0.1, first_sample=2**33)
    assert slots == sum(one_by_one.update(x[s : s + 1], d[s : s + 1], 0.1, first_sample=2**33 + s) for s in range(12))
    np.testing.assert_array_equal(at_once.weights, one_by_one.weights)
    assert np.abs(at_once.weights).max() > 0.0


def train(tile: AnalogTile, steps: int = 30) -> np.ndarray:
    x, d, _ = data()
    for k in range(steps):
        y = tile.forward(x, first_sample=6 * k)
        tile.update(x, d + 0.1 * y, 0.02, first_sample=6 * k)
    return tile.weights


def test_equal_seeds_and_names_give_equal_bits_and_others_do_not() -> None:
    base = train(analog())
    np.testing.assert_array_equal(train(analog()), base)
    assert not np.array_equal(train(analog(seed=1)), base)
    assert not np.array_equal(train(analog(name="other")), base)


def test_two_tiles_on_two_threads_train_as_they_do_one_after_the_other() -> None:
    alone = [train(analog(seed), 200) for seed in (0, 1)]
    with ThreadPoolExecutor(2) as threads:
        beside = list(threads.map(lambda seed: train(analog(seed), 200), (0, 1)))
    for a, b in zip(alone, beside, strict=True):
        np.testing.assert_array_equal(a, b)


def test_pulses_of_unlike_keys_are_independent() -> None:
    # A diagonal of half-probable single pulses, once with each key: counts must not agree beyond chance (1 %).
    drawn = []
    for seed in (0, 1):
        tile = AnalogTile(2000, 2, device=equal_cells(1.0, 1e9), io=PERFECT, mapping=UNSCALED, seed=seed)
        tile.update([[0.5, 1.0]], np.full((1, 2000), 0.5), 1.0)
        drawn.append(tile.weights[:, 1])
    assert abs(np.corrcoef(drawn)[0, 1]) * np.sqrt(2000) < normal_limit(0.01)


def test_a_tile_restored_from_its_state_goes_on_as_if_nothing_had_happened() -> None:
    x, d, _ = data()
    tile, other = analog(), AnalogTile(5, 7)
    tile.forward(x)
    tile.update(x, d, 0.1)
    other.load_state(tile.state())
    for each in (tile, other):
        each.update(x, d, 0.1)
    np.testing.assert_array_equal(other.weights, tile.weights)
    np.testing.assert_array_equal(other.forward(x), tile.forward(x))


def test_a_snapshot_is_forwarded_and_put_back() -> None:
    x, d, _ = data()
    for tile in (analog(), FloatTile(5, 7, weights=data()[2])):
        before, seen = tile.snapshot(), tile.forward(x, first_sample=0)
        tile.update(x, d, 0.5)
        assert not np.array_equal(tile.forward(x, first_sample=0), seen)
        np.testing.assert_array_equal(tile.forward(x, first_sample=0, conductances=before), seen)
        tile.restore(before)
        np.testing.assert_array_equal(tile.forward(x, first_sample=0), seen)


@pytest.mark.parametrize("make", [AnalogTile, FloatTile])
def test_wrong_shapes_are_refused_with_what_came(make: type[AnalogTile] | type[FloatTile]) -> None:
    tile = make(5, 7)
    for call, message in [
        (lambda: tile.forward(np.ones((2, 6))), r"x must have shape \(batch, 7\) \(got \(2, 6\)\)"),
        (lambda: tile.forward(np.ones(7)), r"got \(7,\)"),
        (lambda: tile.backward(np.ones((2, 7))), r"d must have shape \(batch, 5\) \(got \(2, 7\)\)"),
        (lambda: tile.update(np.ones((2, 7)), np.ones((3, 5)), 0.1), r"same batch size \(got 2 and 3\)"),
        (lambda: setattr(tile, "weights", np.ones((7, 5))), r"weights must have shape \(5, 7\) \(got \(7, 5\)\)"),
        (lambda: tile.restore(np.ones(3)), r"conductances must have shape \(5, 7\)"),
        (lambda: make(0, 3), r"out_size must be at least 1 \(got 0\)"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize("tile", [AnalogTile(5, 7), AnalogTile(5, 7, device="ideal"), FloatTile(5, 7)])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_update_that_is_not_finite_is_refused_and_changes_nothing(tile: AnalogTile | FloatTile, bad: float) -> None:
    x, d, _ = data()
    before = tile.weights
    x[4, 2] = bad
    with pytest.raises(ValueError, match="sample 4"):
        tile.update(x, d, 0.1)
    with pytest.raises(ValueError, match=rf"learning_rate must be finite \(got {bad}\)"):
        tile.update(*data()[:2], bad)
    with pytest.raises(ValueError, match="weights must be finite"):
        tile.weights = np.full((5, 7), bad)
    np.testing.assert_array_equal(tile.weights, before)


@pytest.mark.parametrize("seconds", [-1.0, np.nan, np.inf])
def test_time_does_not_run_backward(seconds: float) -> None:
    for tile in (AnalogTile(1, 1), FloatTile(1, 1)):
        tile.elapse(0.0)
        with pytest.raises(ValueError, match="elapsed seconds must be finite and >= 0"):
            tile.elapse(seconds)


def test_an_unknown_device_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="got 'memristor'"):
        AnalogTile(1, 1, device="memristor")  # type: ignore[arg-type]


def test_device_parameters_have_the_stated_spread() -> None:
    # aihwkit: bounds w(1 + σξ), steps dw_min(1 + σξ ± r); at a spread of 0.1 nothing crosses or clips.
    spec = SoftBoundsDevice(
        name="soft-bounds", dw_min_dtod=0.1, w_max_dtod=0.1, w_min_dtod=0.05, up_down=0.2, up_down_dtod=0.02
    )
    devices = make_devices(spec, 200, 200, 0, "tile")
    (low, high), (down, up) = devices.bounds, devices.steps
    limit = normal_limit(0.01, 10)
    for values, mean, std in [
        (high, 0.6, 0.06),
        (low, -0.6, 0.03),
        (up, 0.001, 0.001 * np.hypot(0.1, 0.02)),
        (down, 0.0008, 0.001 * np.hypot(0.1, 0.02)),
        (up - down, 0.0002, 0.00004),
    ]:
        assert abs(mean_z(values.astype(float), mean)) < limit
        assert abs(variance_z(values.astype(float), std**2)) < limit


def test_crossed_bounds_leave_a_device_stuck_between_them() -> None:
    spec = SoftBoundsDevice(name="soft-bounds", w_max_dtod=3.0, w_min_dtod=3.0, enforce_consistency=False)
    tile = AnalogTile(40, 40, device=spec, io=PERFECT, mapping=UNSCALED)
    low, high = tile.devices.bounds
    stuck = low == high
    assert 0 < stuck.sum() < stuck.size
    assert (low <= high).all()
    before = tile.weights
    tile.update(np.ones((9, 40)), np.ones((9, 40)), 0.1)
    np.testing.assert_array_equal(tile.weights[stuck], before[stuck])
    assert np.isfinite(tile.weights).all()


def test_values_of_any_kind_are_taken_as_float32() -> None:
    tile = AnalogTile(2, 2, device="ideal", io=IOSpec(is_perfect=True), weights=[[1, 0], [0, 2]])
    np.testing.assert_array_equal(tile.forward([[1, 2]]), [[1.0, 4.0]])
    np.testing.assert_array_equal(tile.forward(np.array([[1.0, 2.0], [3.0, 4.0]])[:, ::-1]), [[2.0, 2.0], [4.0, 6.0]])


def test_read_only_inputs_and_numpy_numbers_are_taken_without_compiling_anything_anew() -> None:
    x, d, _ = (each.astype(np.float32) for each in data())
    tile, other = analog(), analog()
    expected = tile.forward(x, first_sample=3), tile.update(x, d, 0.1, first_sample=3)
    compiled = [len(kernel.signatures) for kernel in (read, update_pulsed)]
    x.flags.writeable = d.flags.writeable = False
    np.testing.assert_array_equal(other.forward(x, first_sample=np.int32(3)), expected[0])
    assert other.update(x, d, np.float32(0.1), first_sample=np.int32(3)) == expected[1]
    assert [len(kernel.signatures) for kernel in (read, update_pulsed)] == compiled


def test_the_rest_of_the_package_does_not_import_numba() -> None:
    code = "import sys, aimcsim, aimcsim.scenario.spec, aimcsim.errors; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_example_in_the_docstring_of_a_tile_runs() -> None:
    text = inspect.getdoc(AnalogTile)
    assert text is not None
    example = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    names: dict[str, object] = {
        "AnalogTile": AnalogTile,
        "w": np.zeros((10, 784)),
        "x": np.ones((2, 784)),
        "d": np.ones((2, 10)),
    }
    exec("\n".join(example), names)
    assert np.shape(names["y"]) == (2, 10)
    assert np.shape(names["back"]) == (2, 784)
    assert isinstance(names["slots"], int)
    assert names["slots"] > 0
