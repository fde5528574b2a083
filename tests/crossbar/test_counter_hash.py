"""The counter hash, against the laws its numbers must follow.

Every statistical test has fixed keys and a false-alarm probability of 1 % unless it says otherwise.
"""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit
from scipy import stats

from aimcsim.crossbar.counter_hash import U, normal, normal_pair, row_keys, sample_keys, slot_keys, uniform, word
from aimcsim.keys import key_pair, stream
from tests.crossbar.helpers import mean_z, normal_limit, variance_z


@njit
def words(key0: int, key1: int, samples: int, rows: int, slots: int, lanes: int) -> np.ndarray:
    """Words of every address: uint32 (samples, rows, slots, lanes)."""
    out = np.empty((samples, rows, slots, lanes), np.uint32)
    for s in range(samples):
        sa, sb = sample_keys(U(key0), U(key1), s)
        for r in range(rows):
            ra, rb = row_keys(sa, sb, r)
            for p in range(slots):
                a, b = slot_keys(ra, rb, p)
                for j in range(lanes):
                    out[s, r, p, j] = word(a, b, U(j))
    return out


@njit
def normals_of(bits: np.ndarray) -> np.ndarray:
    out = np.empty(bits.size, np.float32)
    for i, b in enumerate(bits.flat):
        out[i] = normal(b)
    return out.reshape(bits.shape)


@njit
def pairs_of(bits: np.ndarray) -> np.ndarray:
    out = np.empty((2, bits.size), np.float32)
    for i, b in enumerate(bits.flat):
        out[0, i], out[1, i] = normal_pair(b)
    return out


@njit
def uniforms_of(bits: np.ndarray) -> np.ndarray:
    out = np.empty(bits.size, np.float32)
    for i, b in enumerate(bits.flat):
        out[i] = uniform(b)
    return out


@njit
def row_states(samples: int, rows: int) -> np.ndarray:
    out = np.empty((samples * rows, 2), np.uint32)
    for s in range(samples):
        a, b = sample_keys(U(7), U(9), s)
        for r in range(rows):
            out[s * rows + r, 0], out[s * rows + r, 1] = row_keys(a, b, r)
    return out


SHAPES = {
    "samples": (20000, 1, 1, 16),
    "rows": (1, 20000, 1, 16),
    "slots": (1, 1, 20000, 16),
    "lanes": (2, 2, 2, 40000),
}


@pytest.mark.parametrize("axis", SHAPES)
@pytest.mark.parametrize("shift", [0, 12, 24])
def test_words_are_uniform_in_every_byte_along_every_index(axis: str, shift: int) -> None:
    drawn = words(1, 2, *SHAPES[axis])
    counts = np.bincount(((drawn >> np.uint32(shift)) & np.uint32(0xFF)).ravel(), minlength=256)
    # 12 cases: each at 1 %/12.
    assert stats.chisquare(counts).pvalue > 0.01 / 12


def test_uniforms_lie_above_zero_and_follow_the_uniform_law() -> None:
    drawn = uniforms_of(words(3, 4, 10, 10, 1, 2000)).astype(float)
    assert drawn.min() > 0.0
    assert drawn.max() <= 1.0
    assert stats.kstest(drawn, "uniform").pvalue > 0.01


def test_uniforms_of_the_extreme_words_are_the_ends_of_the_stated_range() -> None:
    ends = uniforms_of(np.array([0, 2**32 - 1], np.uint32))
    assert ends[0] == 2.0**-32  # (0 + 1/2)·2^-31
    assert ends[1] == 1.0


def test_normals_follow_the_normal_law_up_to_its_fourth_moment_and_its_tails() -> None:
    drawn = normals_of(words(5, 6, 100, 40, 1, 500)).ravel().astype(float)
    n, limit = drawn.size, normal_limit(0.01, 5)
    assert abs(drawn.mean()) * np.sqrt(n) < limit
    assert abs((drawn**2).mean() - 1.0) * np.sqrt(n / 2.0) < limit
    assert abs((drawn**3).mean()) * np.sqrt(n / 15.0) < limit
    assert abs((drawn**4).mean() - 3.0) * np.sqrt(n / 96.0) < limit  # Var z⁴ = 105 − 9
    beyond = 2.0 * stats.norm.sf(4.0)
    assert abs((np.abs(drawn) > 4.0).sum() - n * beyond) / np.sqrt(n * beyond) < limit
    assert stats.kstest(drawn[:200_000], "norm").pvalue > 0.01


def test_the_two_normals_of_a_pair_are_independent_and_the_first_is_the_single_one() -> None:
    bits = words(11, 12, 50, 20, 1, 1000)
    first, second = pairs_of(bits).astype(float)
    # The compiler may fuse products and sums differently in the two loops, hence the last-bit tolerance.
    np.testing.assert_allclose(first, normals_of(bits).ravel(), rtol=1e-6, atol=1e-7)
    n, limit = first.size, normal_limit(0.01, 5)
    assert abs(mean_z(second, 0.0)) < limit
    assert abs(variance_z(second, 1.0)) < limit
    assert abs((first * second).mean()) * np.sqrt(n) < limit
    assert abs(((first**2 - 1.0) * (second**2 - 1.0)).mean()) * np.sqrt(n / 4.0) < limit
    assert abs(((first**2 - 1.0) * second).mean()) * np.sqrt(n / 2.0) < limit


LAGS = [
    (s, r, p, j)
    for s in (0, 1)
    for r in (0, 1, 2)
    for p in (0, 1)
    for j in (-2, -1, 0, 1, 2)
    if (s, r, p, j) > (0, 0, 0, 0)
]


def test_neighbouring_samples_rows_slots_and_lanes_are_not_correlated() -> None:
    drawn = normals_of(words(0, 1, 24, 48, 6, 96)).astype(float)
    limit = normal_limit(0.01, len(LAGS))
    for lag in LAGS:
        ahead = drawn[tuple(slice(max(k, 0), None if k >= 0 else k) for k in lag)]
        behind = drawn[tuple(slice(max(-k, 0), None if k <= 0 else -k) for k in lag)]
        product = ahead * behind
        assert abs(product.mean()) * np.sqrt(product.size) < limit, lag


def test_sequential_keys_give_unrelated_noise_even_when_rows_and_lanes_are_shifted() -> None:
    # key + row, hashed together, would repeat row r + 1 of key k as row r of key k + 1.
    base = normals_of(words(100, 200, 4, 40, 2, 200)).astype(float)
    others = [
        normals_of(words(100 + a, 200 + b, 4, 40, 2, 200)).astype(float) for a, b in ((1, 0), (0, 1), (1, 1), (1, -1))
    ]
    shifts = [(r, j) for r in (-1, 0, 1) for j in (-1, 0, 1)]
    limit = normal_limit(0.01, len(others) * len(shifts))
    for other in others:
        for r, j in shifts:
            product = base[:, 1:-1, :, 1:-1] * np.roll(other, (r, j), (1, 3))[:, 1:-1, :, 1:-1]
            assert abs(product.mean()) * np.sqrt(product.size) < limit, (r, j)


def test_no_cell_has_a_bias_over_many_updates() -> None:
    updates = 2000
    means = normals_of(words(21, 22, updates, 32, 1, 64)).mean(axis=(0, 2), dtype=float) * np.sqrt(updates)
    assert np.abs(means).max() < normal_limit(0.01 / 2, means.size)
    # The sum of squares of the cells' standardised means is χ² with one degree of freedom a cell.
    low, high = stats.chi2.interval(1 - 0.01 / 2, means.size)
    assert low < (means**2).sum() < high


def test_no_two_rows_share_their_state_over_many_samples_thanks_to_the_second_key() -> None:
    states = row_states(2**10, 2**9)
    assert len(np.unique(states.view(np.uint64))) == 2**19
    # One key alone would not do: 2^19 draws from 2^32 repeat about 2^38/2^33 = 32 times (none at all: e^-32).
    assert len(np.unique(states[:, 0])) < 2**19


def test_a_sample_number_beyond_32_bits_is_not_the_one_below_it() -> None:
    assert sample_keys(U(1), U(2), 5) != sample_keys(U(1), U(2), 5 + 2**32)


def test_streams_and_keys_are_functions_of_seed_and_names_alone() -> None:
    assert stream(1, "fc1", "device").integers(2**63) == stream(1, "fc1", "device").integers(2**63)
    seen = {
        key_pair(*names) for names in [(1, "a", "b"), (1, "ab"), (1, "a", "b", ""), (2, "a", "b"), (1, 1), (1, "1")]
    }
    assert len(seen) == 6
    assert all(0 <= key < 2**32 for pair in seen for key in pair)


def test_streams_of_different_names_are_not_correlated() -> None:
    product = stream(0, "fc1").standard_normal(100_000) * stream(0, "fc2").standard_normal(100_000)
    assert abs(mean_z(product, 0.0)) < normal_limit(0.01)
