"""What small arrays with many samples, such as a convolution's, do in ways of their own: the same as all others do."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from aimcsim.crossbar import AnalogTile
from aimcsim.crossbar.conversion import OUTPUT_NOISE
from aimcsim.crossbar.counter_hash import key_of_lane, row_keys, sample_keys, word
from aimcsim.crossbar.flat_reads import WIDEST
from aimcsim.crossbar.noise import add_noise
from aimcsim.crossbar.small_singles import FEWEST_SAMPLES, TOGETHER
from aimcsim.crossbar.vectors import VECTOR, awake_lanes, largest_bits, lowest_lane, put_equal, put_product, put_xor
from aimcsim.keys import key_pair, stream
from aimcsim.scenario.device_spec import SoftBoundsDevice
from aimcsim.scenario.hardware_spec import IOSpec, MappingSpec

#: Converters that add noise to the outputs and do nothing else.
NOISY = IOSpec(inp_res=0.0, out_res=0.0, inp_bound=1.0, out_bound=1e6, out_noise=0.06, bound_management="none")
UNSCALED = MappingSpec(weight_scaling_omega=0.0)


def drawn(*shape: int) -> np.ndarray:
    return stream(7, "small arrays", *shape).standard_normal(shape).astype(np.float32)


@njit
def vectors_of(values, words, target, other):  # type: ignore[no-untyped-def]
    put_equal(target, 3, np.float32(0.5))
    put_product(target, 20, values, 1, np.float32(2.0))
    put_xor(other, 2, words, 1, np.uint32(5))
    return largest_bits(values, 1, values.shape[0] - 1), awake_lanes(words, 0)


@pytest.mark.parametrize("length", [17, 18, 31, 32, 33, 50, 70])
def test_vectors_do_to_sixteen_words_what_their_names_say(length: int) -> None:
    values, words = drawn(length), np.arange(length, dtype=np.uint32) % 3
    target, other = np.zeros(40, np.float32), np.zeros(40, np.uint32)
    top, awake = vectors_of(values, words, target, other)
    expected = np.zeros(40, np.float32)
    expected[3 : 3 + VECTOR], expected[20 : 20 + VECTOR] = 0.5, 2.0 * values[1 : 1 + VECTOR]
    np.testing.assert_array_equal(target, expected)
    np.testing.assert_array_equal(other[2 : 2 + VECTOR], words[1 : 1 + VECTOR] ^ 5)
    assert not np.delete(other, np.arange(2, 2 + VECTOR)).any()
    assert np.int32(top).view(np.float32) == np.abs(values[1:]).max()
    assert awake == sum(1 << k for k in range(VECTOR) if words[k])


def test_the_lowest_lane_is_that_of_the_lowest_bit() -> None:
    @njit
    def lowest(lanes):  # type: ignore[no-untyped-def]
        return lowest_lane(lanes)

    assert [lowest(n) for n in (1, 2, 12, 1 << 15, 0x8001)] == [0, 1, 2, 15, 0]


def test_a_lane_may_go_into_the_first_key() -> None:
    for a, b, lane in ((1, 2, 3), (0xFFFFFFFF, 0x12345678, 70000), (5, 0, 0)):
        keys = np.uint32(a), np.uint32(b)
        assert word(key_of_lane(keys[0], np.uint32(lane)), keys[1], np.uint32(0)) == word(*keys, np.uint32(lane))


def kernel_tile(outputs: int, inputs: int, device: SoftBoundsDevice | None = None) -> AnalogTile:
    device = device or SoftBoundsDevice(name="soft-bounds", dw_min=0.002)
    return AnalogTile(outputs, inputs, device=device, seed=3, weights=0.1 * drawn(outputs, inputs))


@pytest.mark.parametrize(("outputs", "inputs"), [(6, 26), (16, 151), (1, 1), (3, 17), (64, 16)])
@pytest.mark.parametrize("rate", [1e-4, 1e-3, 2e-2])
def test_many_samples_move_a_small_array_as_single_ones_do(outputs: int, inputs: int, rate: float) -> None:
    # Calls of fewer than FEWEST_SAMPLES samples go through the loops that all arrays share.
    count = TOGETHER + 2 * FEWEST_SAMPLES + 5
    x, d = drawn(count, inputs), drawn(count, outputs)
    x[::7], d[3::11] = 0.0, 0.0
    x[:, ::3] = np.abs(x[:, ::3])
    together, apart = kernel_tile(outputs, inputs), kernel_tile(outputs, inputs)
    before = apart.snapshot()
    slots = sum(
        apart.update(x[s : s + FEWEST_SAMPLES - 1], d[s : s + FEWEST_SAMPLES - 1], rate, first_sample=s)
        for s in range(0, count, FEWEST_SAMPLES - 1)
    )
    assert together.update(x, d, rate, first_sample=0) == slots
    assert (together.snapshot() != before).any()
    np.testing.assert_array_equal(together.snapshot(), apart.snapshot())


def test_additive_noise_and_a_falling_rate_move_a_small_array_as_single_samples_do() -> None:
    device = SoftBoundsDevice(name="soft-bounds", dw_min=0.002, mult_noise=False)
    x, d = drawn(60, 26), drawn(60, 6)
    together, apart = kernel_tile(6, 26, device), kernel_tile(6, 26, device)
    together.update(x, d, -5e-4, first_sample=9)
    for s in range(60):
        apart.update(x[s : s + 1], d[s : s + 1], -5e-4, first_sample=9 + s)
    np.testing.assert_array_equal(together.snapshot(), apart.snapshot())


def test_an_update_of_many_samples_refuses_one_that_is_not_finite_and_changes_nothing() -> None:
    tile = kernel_tile(6, 26)
    x, d, before = drawn(300, 26), drawn(300, 6), tile.snapshot()
    x[280, 4] = np.nan
    with pytest.raises(ValueError, match="sample 280"):
        tile.update(x, d, 1e-3)
    np.testing.assert_array_equal(tile.snapshot(), before)


@pytest.mark.parametrize(("outputs", "inputs"), [(6, 25), (1, 3), (7, 150), (33, 16), (150, 17)])
def test_outputs_of_a_narrow_array_get_the_noise_that_is_theirs(outputs: int, inputs: int) -> None:
    tile = AnalogTile(
        outputs, inputs, device="ideal", io=NOISY, mapping=UNSCALED, seed=4, weights=drawn(outputs, inputs)
    )
    x = drawn(203, inputs)
    x[5] = 0.0
    found = tile.forward(x, first_sample=1000)
    keys, noise = key_pair(4, "tile", "forward", 0), np.zeros((203, outputs), np.float32)
    for s in np.delete(np.arange(203), 5):
        own = sample_keys(np.uint32(keys[0]), np.uint32(keys[1]), 1000 + s)
        add_noise(noise[s], np.float32(0.06), *row_keys(*own, OUTPUT_NOISE))
    scales = np.abs(x).max(axis=1, keepdims=True)
    expected = x.astype(np.float64) @ tile.weights.T.astype(np.float64) + scales * noise
    np.testing.assert_allclose(found, expected, atol=2e-6 * inputs, rtol=1e-5)
    assert not found[5].any()


@pytest.mark.parametrize("bound_management", ["none", "iterative"])
@pytest.mark.parametrize(("outputs", "inputs"), [(6, 25), (16, 150), (5, 2), (WIDEST, 9), (WIDEST + 1, 9)])
def test_a_sample_gets_the_same_from_a_narrow_array_whatever_is_beside_it(
    outputs: int, inputs: int, bound_management: str
) -> None:
    # The deviation of an output is 0.7 to 2 times the largest input: a bound of 1.5 cuts some.
    io = IOSpec.model_validate({"out_bound": 1.5, "bound_management": bound_management})
    weights = drawn(outputs, inputs) / np.float32(np.sqrt(inputs)) * 2
    tile = AnalogTile(outputs, inputs, device="ideal", io=io, io_backward=io, mapping=UNSCALED, weights=weights)
    count = 331
    x, d = drawn(count, inputs), drawn(count, outputs)
    x[17], d[18] = 0.0, np.nan
    y, repeated = tile.forward(x, first_sample=50), tile.repeated_products
    back = tile.backward(d, first_sample=50)
    assert (repeated > 0) == (bound_management == "iterative")
    start = again = 0
    for size in (1, 2, 7, 40, 41, 100, 140):
        stop = start + size
        np.testing.assert_array_equal(tile.forward(x[start:stop], first_sample=50 + start), y[start:stop])
        again += tile.repeated_products
        np.testing.assert_array_equal(tile.backward(d[start:stop], first_sample=50 + start), back[start:stop])
        start = stop
    assert (start, again) == (count, repeated)
    assert not y[17].any()
    assert np.isnan(back[18]).all()
    assert np.isfinite(np.delete(back, 18, axis=0)).all()


def test_no_samples_give_no_outputs_and_no_pulses() -> None:
    tile = kernel_tile(6, 25)
    assert tile.forward(np.zeros((0, 25), np.float32)).shape == (0, 6)
    assert tile.backward(np.zeros((0, 6), np.float32)).shape == (0, 25)
    assert tile.update(np.zeros((0, 25), np.float32), np.zeros((0, 6), np.float32), 0.01) == 0
