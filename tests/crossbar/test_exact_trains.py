"""The exact mode's normals, its order of columns, and that neither shows in what the cells do.

Statistical tests have fixed keys and a false-alarm probability of 1e-4 each.
"""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit
from scipy import stats

from aimcsim.crossbar import AnalogTile
from aimcsim.crossbar.cell_fall import cell_word
from aimcsim.crossbar.counter_hash import row_keys, sample_keys, slot_keys, word
from aimcsim.crossbar.pulse_normals import polar, squared_radius
from aimcsim.crossbar.train_order import BLOCK, column_words, order_columns, reaches_of
from aimcsim.scenario.hardware_spec import PulseSpec
from tests.crossbar.helpers import UNSCALED, equal_cells, mean_z, normal_limit, unscaled_tile, variance_z

FALSE_ALARM = 1e-4


@njit
def normals_of(bits: np.ndarray) -> np.ndarray:
    out = np.empty((2, bits.size), np.float32)
    for k in range(bits.size):
        radius, sine, cosine = polar(bits[k])
        out[0, k], out[1, k] = radius * sine, radius * cosine
    return out


@njit
def radii_of(bits: np.ndarray) -> np.ndarray:
    out = np.empty(bits.size, np.float32)
    for k in range(bits.size):
        out[k] = squared_radius(bits[k])
    return out


@njit
def noise_of(samples: int, rows: int, visits: int, columns: int) -> np.ndarray:
    """Noise as updates address it: (samples, rows, pulses, columns), pulses 2q and 2q + 1 from visit q."""
    out = np.empty((samples, rows, 2 * visits, columns), np.float32)
    lanes = np.arange(columns).astype(np.uint32).reshape(1, columns)
    words = np.empty((1, columns), np.uint32)
    for s in range(samples):
        key0, key1 = sample_keys(np.uint32(3), np.uint32(4), s)
        column_words(words, lanes, 0, columns, key0, key1)
        for i in range(rows):
            row0, row1 = row_keys(key0, key1, i)
            for q in range(visits):
                a, b = slot_keys(row0, row1, q)
                for j in range(columns):
                    radius, sine, cosine = polar(cell_word(a, b, words[0, j]))
                    out[s, i, 2 * q, j], out[s, i, 2 * q + 1, j] = radius * sine, radius * cosine
    return out


def test_every_10007th_word_gives_normals_with_all_moments_up_to_the_sixth() -> None:
    # 10007 is a prime: an evenly spread 430,000 of all words. Their moments are sums, not samples, but the bound is
    # the looser one of as many independent draws.
    z = normals_of(np.arange(0, 2**32, 10007, dtype=np.uint32)).astype(np.float64)
    n, limit = z.shape[1], normal_limit(FALSE_ALARM, 14)
    for one in z:
        for power, moment, variance in [(1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96), (5, 0, 945), (6, 15, 10170)]:
            # Var z^k = E z^2k − (E z^k)²: 1, 3 − 1, 15, 105 − 9, 945, 10395 − 225
            assert abs((one**power).mean() - moment) < limit * np.sqrt(variance / n), power
    assert abs((z[0] * z[1]).mean()) < limit / np.sqrt(n)
    assert abs(((z[0] ** 2 - 1.0) * (z[1] ** 2 - 1.0)).mean()) < limit * 2.0 / np.sqrt(n)
    reach = np.sqrt(np.log(2.0 / FALSE_ALARM) / 2.0 / n)
    for one in z:
        assert stats.kstest(one, "norm").statistic < reach


def test_hashed_words_reach_the_tails_of_the_normal_law_as_often_as_it_says() -> None:
    rng = np.random.default_rng(8)
    z = np.abs(normals_of(rng.integers(0, 2**32, 12_000_000, dtype=np.uint32)))
    # Poisson numbers beyond each edge; the largest edge expects 14 of 24 million.
    for edge in (3.0, 4.0, 4.5, 5.0):
        expected = z.size * 2.0 * stats.norm.sf(edge)
        low, high = stats.poisson.interval(1.0 - FALSE_ALARM / 4, expected)
        assert low <= (z > edge).sum() <= high, edge


def test_the_words_next_to_zero_have_the_radii_of_the_far_tail_and_none_is_beyond() -> None:
    # u = |k|/2^31, and 2^-32 for 0: the far tail lies at the smallest |k|, whatever their signs.
    k = np.arange(0, 5000)
    for sign in (1, -1):
        squares = radii_of((sign * k).astype(np.int64).astype(np.uint32))
        exact = -2.0 * np.log(np.maximum(k, 0.5) * 2.0**-31)
        np.testing.assert_allclose(squares, exact, rtol=0, atol=4e-5)
    assert np.sqrt(squares.max()) < 6.67
    # u = 1 and its neighbours: the square root is never asked for a negative number's.
    ends = radii_of(np.array([2**31, 2**31 + 1, 2**31 - 1, 2**31 - 200, 2**31 + 200], np.uint32))
    assert (ends >= 0.0).all()
    assert (ends < 3e-5).all()


def test_noise_is_uncorrelated_between_pulses_cells_rows_and_samples() -> None:
    z = noise_of(10, 30, 4, 100).astype(np.float64)
    lags = [
        (s, i, p, j)
        for s in (0, 1)
        for i in (0, 1)
        for p in (0, 1, 2)
        for j in (-1, 0, 1)
        if (s, i, p, j) > (0, 0, 0, 0)
    ]
    limit = normal_limit(FALSE_ALARM, 2 * len(lags) + 4)
    for lag in lags:
        ahead = z[tuple(slice(max(k, 0), None if k >= 0 else k) for k in lag)]
        behind = z[tuple(slice(max(-k, 0), None if k <= 0 else -k) for k in lag)]
        assert abs(mean_z((ahead * behind).ravel(), 0.0)) < limit, lag
        assert abs(mean_z(((ahead**2 - 1.0) * (behind**2 - 1.0)).ravel(), 0.0)) < limit, lag
    for axes in ((1, 2, 3), (0, 2, 3), (0, 1, 3), (0, 1, 2)):
        means = z.mean(axis=axes)
        low, high = stats.chi2.interval(1.0 - FALSE_ALARM / 4, means.size)
        assert low < (means**2).sum() * z.size / means.size < high


@pytest.mark.parametrize("stochastic", [True, False])
def test_columns_are_ordered_by_falling_pulses_and_silent_ones_are_dropped(stochastic: bool) -> None:
    rng = np.random.default_rng(2)
    x = (rng.standard_normal((2, 90)) * (rng.random((2, 90)) < 0.7)).astype(np.float32)
    bits = np.zeros((2, 2, 90), np.uint32)
    for slot in range(64):
        fires = (rng.random((2, 90)) < np.abs(x)).astype(np.uint32) << np.uint32(slot % 32)
        bits[:, slot // 32] |= fires
    lanes = np.tile(np.arange(90, dtype=np.uint32), (2, 1))
    pulses = np.array([[sum(int(w).bit_count() for w in bits[s, :, j]) for j in range(90)] for s in range(2)])
    size = pulses if stochastic else np.abs(x)
    before = bits.copy(), x.copy(), lanes.copy()
    kept = order_columns(bits, x, lanes, 1, 90, stochastic)
    assert kept == (size[1] > 0).sum()
    assert sorted(lanes[1]) == list(range(90))
    np.testing.assert_array_equal(x[1], before[1][1, lanes[1]])
    if stochastic:
        np.testing.assert_array_equal(bits[1], before[0][1][:, lanes[1]])
    # Magnitudes are told apart to 1/63 of the largest, numbers of up to 63 pulses exactly.
    slack = 1 if stochastic and size.max() > 63 else 0 if stochastic else size[1].max() / 62
    ordered = size[1, lanes[1]]
    assert (np.diff(ordered) <= slack).all()
    for old, new in zip(before, (bits, x, lanes), strict=True):
        np.testing.assert_array_equal(new[0], old[0])


def test_visits_reach_every_cell_that_has_pulses_left_and_no_block_more() -> None:
    rng = np.random.default_rng(4)
    counts = np.zeros(5 * BLOCK, np.int32)
    counts[: 4 * BLOCK] = rng.integers(0, 12, 4 * BLOCK) * (rng.random(4 * BLOCK) < 0.2)
    reaches = np.empty(20, np.int64)
    rounds = reaches_of(reaches, counts, counts.size)
    assert rounds == (counts.max() + 1) // 2
    for q in range(rounds):
        last = int(np.flatnonzero(counts > 2 * q)[-1])
        assert reaches[q] == (last // BLOCK + 1) * BLOCK
    assert reaches_of(reaches, np.zeros(BLOCK, np.int32), BLOCK) == 0


@pytest.mark.parametrize("pulse_type", ["stochastic-compressed", "stochastic", "mean-count", "deterministic-implicit"])
@pytest.mark.parametrize("desired", [1, 31, 90])
def test_samples_may_be_grouped_in_any_way_bit_for_bit(pulse_type: str, desired: int) -> None:
    rng = np.random.default_rng(11)
    x = rng.standard_normal((10, 150)) * (rng.random((10, 150)) < rng.choice([0.05, 0.5, 1.0], (10, 1)))
    d = rng.standard_normal((10, 40)) * np.geomspace(1e-4, 1.0, 10)[:, None]
    pulses = PulseSpec.model_validate({"pulse_type": pulse_type, "desired_bl": desired, "stepping": "exact"})
    at_once, one_by_one = (AnalogTile(40, 150, pulses=pulses) for _ in "ab")
    slots = at_once.update(x, d, 0.1, first_sample=7)
    assert slots == sum(one_by_one.update(x[s : s + 1], d[s : s + 1], 0.1, first_sample=7 + s) for s in range(10))
    np.testing.assert_array_equal(at_once.weights, one_by_one.weights)
    assert np.abs(at_once.weights).max() > 0.0


@pytest.mark.parametrize("mult", [True, False])
@pytest.mark.parametrize("upward", [True, False])
def test_cells_with_any_number_of_pulses_have_the_mean_and_spread_of_that_many_steps(mult: bool, upward: bool) -> None:
    # Column k gets round(31·k/31) = k pulses, k = 0…31, in an order of its own among the others: distance left after k
    # steps from r = 0.5: mean r(1 − a)^k, and the variance of `test_update_moments` or, additive, Σ (aσb)²(1 − a)^2i.
    a, noise, bound, rows, repeats = 0.02, 0.3, 0.5, 4000, 3
    pulses = np.random.default_rng(1).permutation(np.repeat(np.arange(32), repeats))
    device = equal_cells(a * bound, bound, dw_min_std=noise, mult_noise=mult)
    spec = PulseSpec(
        pulse_type="deterministic-implicit",
        desired_bl=31,
        update_management=False,
        update_bl_management=False,
        stepping="exact",
    )
    tile = unscaled_tile(device, spec, np.zeros((rows, pulses.size)))
    tile.update(pulses[None] / 31.0, np.full((1, rows), -1.0 if upward else 1.0), 31 * a * bound)
    left = bound - tile.weights.astype(np.float64) * (1.0 if upward else -1.0)
    np.testing.assert_array_equal(left[:, pulses == 0], bound)
    limit = normal_limit(FALSE_ALARM, 4 * 2 * 31)
    for k in range(1, 32):
        cells = left[:, pulses == k].ravel()
        mean = bound * (1.0 - a) ** k
        variance = bound**2 * ((1.0 - a) ** 2 + (a * noise) ** 2) ** k - mean**2
        if not mult:
            variance = (a * noise * bound) ** 2 * ((1.0 - a) ** (2 * np.arange(k))).sum()
        assert abs(mean_z(cells, mean)) < limit, k
        assert abs(variance_z(cells, variance)) < limit, k


def test_a_cell_without_pulses_and_one_with_steps_of_zero_keep_every_bit() -> None:
    rng = np.random.default_rng(6)
    tile = AnalogTile(
        30,
        70,
        device={"name": "soft-bounds", "corrupt_devices_prob": 0.3},
        pulses=PulseSpec(stepping="exact"),
        mapping=UNSCALED,
        weights=rng.uniform(-0.3, 0.3, (30, 70)),
    )
    down, up = tile.devices.steps
    x = np.where(np.arange(70) % 3 == 0, 0.0, rng.uniform(-1, 1, 70))[None]
    before = tile.weights.copy()
    tile.update(x, rng.uniform(-1, 1, (1, 30)), 0.5)
    still = (x == 0.0) | ((down == 0.0) & (up == 0.0))
    np.testing.assert_array_equal(tile.weights[still], before[still])
    assert (tile.weights != before).mean() > 0.3


def test_words_of_columns_are_those_of_their_lanes() -> None:
    lanes, words = np.array([[5, 2, 9]], np.uint32), np.zeros((1, 3), np.uint32)
    column_words(words, lanes, 0, 3, np.uint32(1), np.uint32(2))
    a, b = row_keys(np.uint32(1), np.uint32(2), 0xFFFFFFFF)
    assert [int(w) for w in words[0]] == [int(word(a, b, np.uint32(lane))) for lane in (5, 2, 9)]
