"""Planning and drawing of pulse trains, and what a stochastic train does to a device.

References are hand arithmetic, Python integers and closed forms; every statistical test has fixed seeds and a
false-alarm probability of 1 %.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from aimcsim.crossbar import AnalogTile
from aimcsim.crossbar.pulses import LONGEST_TRAIN, coincidences, fill_train, implied_counts, plan_train, rules_of
from aimcsim.scenario.hardware_spec import PulseSpec
from tests.crossbar.helpers import equal_cells, mean_z, normal_limit, unscaled_tile, variance_z

MANAGED = PulseSpec()
BALANCED = PulseSpec(update_bl_management=False)
PLAIN = PulseSpec(update_management=False, update_bl_management=False)
FREE = PulseSpec(fixed_bl=False, update_management=False, update_bl_management=False)


def plan(spec: PulseSpec, rate: float, x_max: float, d_max: float, dw_min: float = 0.001) -> tuple[int, float, float]:
    slots, a, b = plan_train(rate, x_max, d_max, rules_of(spec, dw_min))
    return int(slots), float(a), float(b)


def test_managed_length_is_what_the_largest_product_needs_rounded_up() -> None:
    # k = 0.01·0.8·0.5/0.001 = 4 -> 4 slots; 4.1 -> 5; 400 -> the desired 31.
    assert plan(MANAGED, 0.01, 0.8, 0.49999)[0] == 4
    assert plan(MANAGED, 0.01, 0.82, 0.5)[0] == 5
    assert plan(MANAGED, 1.0, 0.8, 0.5)[0] == 31
    assert plan(MANAGED, 1e-9, 0.1, 0.1)[0] == 1


def test_unmanaged_length_is_the_desired_one_or_with_free_length_what_the_rate_needs() -> None:
    # √(0.01/(0.001·31)) = 0.567962
    assert plan(PLAIN, 0.01, 0.8, 0.5) == (31, pytest.approx(0.567962, abs=1e-6), pytest.approx(0.567962, abs=1e-6))
    assert plan(FREE, 0.01, 0.8, 0.5) == plan(PLAIN, 0.01, 0.8, 0.5)
    assert plan(FREE, 0.0505, 0.8, 0.5) == (51, 1.0, 1.0)


@pytest.mark.parametrize("spec", [MANAGED, BALANCED, PLAIN, FREE])
@pytest.mark.parametrize(("rate", "x_max", "d_max"), [(0.0, 1.0, 1.0), (0.1, 0.0, 1.0), (0.1, 1.0, 0.0)])
def test_nothing_to_send_takes_no_slots(spec: PulseSpec, rate: float, x_max: float, d_max: float) -> None:
    assert plan(spec, rate, x_max, d_max)[0] == 0


@given(rate=st.floats(1e-5, 0.03), x_max=st.floats(1e-3, 1.0), d_max=st.floats(1e-3, 1.0))
def test_managed_rows_and_columns_fire_equally_often_at_their_maxima(rate: float, x_max: float, d_max: float) -> None:
    # p_x = p_d = √(k/BL), as long as the train suffices (k ≤ 30 here).
    k = rate * x_max * d_max / 0.001
    for spec in (MANAGED, BALANCED):
        slots, a, b = plan(spec, rate, x_max, d_max)
        assert a * d_max == pytest.approx(np.sqrt(k / slots))
        assert b * x_max == pytest.approx(np.sqrt(k / slots))


def test_where_the_train_is_too_short_the_columns_keep_their_proportions_and_rows_saturate() -> None:
    # k = 3100 = 100·31: d_max counts as 1/100, A = √100·√(1/0.01) = 100 and B = √100·√0.01 = 1.
    slots, a, b = plan(MANAGED, 3.1, 1.0, 1.0)
    assert slots == 31
    assert b * 1.0 == pytest.approx(1.0)
    assert a * 1.0 == pytest.approx(100.0)


def draw(values: np.ndarray, factor: float, slots: int, key0: int = 1, key1: int = 2) -> np.ndarray:
    """Trains as booleans (slots, lines), unpacked by numpy."""
    words = (slots + 31) // 32 + 1
    bits = np.full((words, values.size), 0xFFFFFFFF, np.uint32)
    fill_train(bits, values.astype(np.float32), factor, slots, np.uint32(key0), np.uint32(key1))
    unpacked = np.unpackbits(bits.T.copy().view(np.uint8), axis=1, bitorder="little").T.astype(bool)
    assert not unpacked[slots:].any(), "bits beyond the train must be zero"
    return unpacked[:slots]


@pytest.mark.parametrize("slots", [1, 31, 32, 33, 100])
def test_a_probability_of_one_always_fires_and_zero_never(slots: int) -> None:
    fired = draw(np.array([2.0, 1.0, -1.0, 0.0, -0.0]), 1.0, slots)
    np.testing.assert_array_equal(fired.all(axis=0), [True, True, True, False, False])
    np.testing.assert_array_equal(fired.any(axis=0), [True, True, True, False, False])


def test_lines_fire_as_often_as_their_value_says_in_every_slot() -> None:
    values = np.array([0.02, -0.1, 0.3, 0.5, -0.9])
    runs = np.array([draw(np.repeat(values, 100), 0.8, 40, key0) for key0 in range(50)]).reshape(50, 40, 5, 100)
    p = 0.8 * np.abs(values)
    n = 50 * 100
    z = (runs.sum(axis=(0, 3)) - n * p) / np.sqrt(n * p * (1.0 - p))
    assert np.abs(z).max() < normal_limit(0.01 / 2, z.size)
    low, high = stats.chi2.interval(1 - 0.01 / 2, z.size)
    assert low < (z**2).sum() < high


def test_coincidences_are_the_common_bits_of_packed_trains() -> None:
    rng = np.random.default_rng(0)
    columns = rng.integers(0, 2**32, (2, 3, 200), dtype=np.uint32)
    rows = rng.integers(0, 2**32, (2, 3, 4), dtype=np.uint32)
    rows[1, 1, 2] = 0
    counts = np.empty(150, np.int32)
    top = coincidences(counts, columns, rows, 1, 2, 40, 150)
    expected = [sum((int(columns[1, w, j]) & int(rows[1, w, 2])).bit_count() for w in range(3)) for j in range(40, 190)]
    np.testing.assert_array_equal(counts, expected)
    assert top == max(expected)


def test_deterministic_counts_round_the_expected_coincidences() -> None:
    counts = np.empty(4, np.int32)
    # BL·p_d = 10; p_x = min(2·|x|, 1) = 0.1, 0.28, 1, 0.
    top = implied_counts(counts, np.array([9.0, 0.05, -0.14, 0.9, 0.0], np.float32), 2.0, 10.0, 1, 4)
    np.testing.assert_array_equal(counts, [1, 3, 10, 0])
    assert top == 10


def counting_tile(out_size: int, in_size: int, pulses: PulseSpec, seed: int = 0) -> AnalogTile:
    """A tile whose weights count pulses: step 1, bounds so far away that steps do not shrink."""
    return unscaled_tile(equal_cells(1.0, 1e9), pulses, np.zeros((out_size, in_size)), seed)


@pytest.mark.parametrize(("pulses", "rate"), [(MANAGED, 4.4), (BALANCED, 4.4), (PLAIN, 4.4), (PLAIN, 20.0)])
def test_expected_pulse_counts_are_rate_times_product_over_granularity(pulses: PulseSpec, rate: float) -> None:
    x = np.array([[1.0, 0.5, 0.25, -0.05, 0.0]])
    d = np.array([[-0.8, 0.4, 0.1]])
    runs = 4000
    tile = counting_tile(3, 5, pulses)
    slots = tile.update(np.repeat(x, runs, 0), np.repeat(d, runs, 0), rate) // runs
    expected = rate * d.T @ x
    p = np.abs(expected) / slots
    assert p.max() < 1.0
    # Coincidences of one sample are binomial(BL, p): sums over independent samples.
    deviation = np.sqrt(runs * slots * p * (1.0 - p))
    awake = p > 0.0
    z = (-tile.weights - runs * expected)[awake] / deviation[awake]
    assert np.abs(z).max() < normal_limit(0.01, z.size)
    assert not tile.weights[~awake].any()


@pytest.mark.parametrize(
    ("tau", "step", "w", "k"), [(0.6, 0.05, 0.2, 7.0), (0.6, 0.001, -0.5, 15.0), (1.0, 0.3, 0.0, 3.0)]
)
def test_stochastic_trains_have_the_derived_mean_and_variance(tau: float, step: float, w: float, k: float) -> None:
    # n ~ binomial(BL, p), p = p_x p_d = k/BL, and w' = τ − (τ − w)(1 − Δ/τ)ⁿ, so with E[zⁿ] = (1 − p + pz)^BL
    # E[w'] = τ − (τ−w)(1 − pΔ/τ)^BL,  Var[w'] = (τ−w)²{[1 − p(2Δ/τ − Δ²/τ²)]^BL − (1 − pΔ/τ)^2BL}.
    # The cells of a diagonal share no line, hence are independent; the rest of the array is not looked at.
    size, calls, slots = 100, 100, 31
    p, a = k / slots, step / tau
    tile = unscaled_tile(equal_cells(step, tau), BALANCED, np.full((size, size), w))
    start, ones = tile.snapshot(), np.ones((1, size))
    drawn = np.empty((calls, size))
    for call in range(calls):
        tile.restore(start)
        assert tile.update(ones, -ones, k * step) == slots
        drawn[call] = tile.weights.diagonal()
    mean = tau - (tau - w) * (1.0 - p * a) ** slots
    variance = (tau - w) ** 2 * ((1.0 - p * (2.0 * a - a**2)) ** slots - (1.0 - p * a) ** (2 * slots))
    limit = normal_limit(0.01, 2 * 3)
    assert abs(mean_z(drawn, mean)) < limit
    assert abs(variance_z(drawn, variance)) < limit


@pytest.mark.parametrize("multiplicative", [True, False])
def test_cycle_noise_has_its_stated_size(multiplicative: bool) -> None:
    # One certain pulse up from w: mean Δ(1 − w/τ); noise σΔ(1 − w/τ) if multiplicative, σΔ if additive.
    step, tau, w, sigma = 0.01, 0.6, 0.3, 0.4
    tile = unscaled_tile(
        equal_cells(step, tau, dw_min_std=sigma, mult_noise=multiplicative), MANAGED, np.full((150, 150), w)
    )
    tile.update(np.ones((1, 150)), -np.ones((1, 150)), step)
    moved = tile.weights.astype(float) - np.float32(w)
    scale = 0.5 if multiplicative else 1.0
    limit = normal_limit(0.01, 4)
    assert abs(mean_z(moved, step * 0.5)) < limit
    assert abs(variance_z(moved, (sigma * step * scale) ** 2)) < limit


def test_noise_of_many_pulses_in_a_train_is_independent_from_pulse_to_pulse() -> None:
    # n certain pulses on nearly unbounded cells add n independent steps: variance nσ²Δ².
    n, sigma = 9, 0.5
    tile = unscaled_tile(equal_cells(1.0, 1e6, dw_min_std=sigma), MANAGED, np.zeros((150, 150)))
    assert tile.update(np.ones((1, 150)), -np.ones((1, 150)), float(n)) == n
    limit = normal_limit(0.01, 2)
    # The bound at 1e6 shortens n steps by less than n²/2e6 in all, far below the standard error of 0.01.
    assert abs(mean_z(tile.weights.astype(float), float(n))) < limit
    assert abs(variance_z(tile.weights.astype(float), n * sigma**2)) < limit


@pytest.mark.parametrize("n", [1, 9])
def test_cycle_noise_is_independent_between_cells_rows_and_samples(n: int) -> None:
    # n certain pulses on nearly unbounded cells; the noise of two samples, (sample, row, column).
    size, runs = 200, 2
    tile = unscaled_tile(equal_cells(1.0, 1e6, dw_min_std=0.5), MANAGED, np.zeros((size, size)))
    noise = np.empty((runs, size, size))
    for run in range(runs):
        tile.weights = np.zeros((size, size))
        tile.update(np.ones((1, size)), -np.ones((1, size)), float(n), first_sample=run)
        noise[run] = (tile.weights - tile.weights.mean()) / tile.weights.std()
    lags = [(0, 0, j) for j in range(1, size // 2 + 10)] + [(0, i, j) for i in (1, 2) for j in (0, 1, size // 2)]
    lags += [(1, i, j) for i in (0, 1) for j in (0, 1, size // 2)]
    limit = normal_limit(0.01 / 2, len(lags))
    for s, i, j in lags:
        product = noise[s:, i:, j:] * noise[: runs - s, : size - i, : size - j]
        assert abs(product.mean()) * np.sqrt(product.size) < limit, (s, i, j)


def test_a_train_longer_than_one_word_steps_as_often_as_it_should() -> None:
    tile = counting_tile(2, 2, PulseSpec(stepping="exact", desired_bl=1000))
    assert tile.update([[1.0, 0.5]], [[-1.0, 1.0]], 1000.0) == 1000
    # p = 1 on the first column; on the second binomial(1000, 1/2), ±4.06 standard deviations of 15.8: 5e-5.
    np.testing.assert_array_equal(tile.weights[:, 0], [1000.0, -1000.0])
    assert abs(tile.weights[0, 1] - 500.0) < 64.0
    assert tile.weights[0, 1] == -tile.weights[1, 1]


def test_a_free_train_beyond_reason_is_refused() -> None:
    tile = counting_tile(1, 1, FREE)
    with pytest.raises(ValueError, match=f"more than {LONGEST_TRAIN} pulses"):
        tile.update([[1.0]], [[1.0]], 2.0 * LONGEST_TRAIN)


@pytest.mark.parametrize("fraction", [0.01, 0.05, 0.3, 1.0])
def test_packing_the_fired_columns_changes_nothing(fraction: float) -> None:
    # Deterministic counts do not depend on layout: an array with silent columns must end as each column alone does.
    rng = np.random.default_rng(5)
    x = rng.uniform(-1, 1, (4, 300)) * (rng.random((4, 300)) < fraction)
    x[:, 7] = 1.0
    d = rng.uniform(-1, 1, (4, 20))
    d[:, 3] = 1.0
    w = rng.uniform(-0.5, 0.5, (20, 300))
    pulses = PulseSpec(stepping="exact", pulse_type="deterministic-implicit")
    tile = unscaled_tile(equal_cells(0.01, 0.6), pulses, w)
    tile.update(x, d, 0.2)
    expected = w.astype(np.float32).astype(float)
    for s in range(4):
        # k = 0.2·1·1/0.01 = 20 slots with p_x = |x|, p_d = |d|.
        counts = np.rint(20.0 * np.abs(np.outer(d[s].astype(np.float32), x[s].astype(np.float32))))
        bound = np.where(np.outer(d[s], x[s]) > 0.0, -0.6, 0.6)
        expected = bound - (bound - expected) * (1.0 - 0.01 / 0.6) ** counts
    np.testing.assert_allclose(tile.weights, expected, atol=2e-6)
