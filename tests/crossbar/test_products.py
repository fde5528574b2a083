"""Blocked products against float64, within the rounding of float32 sums, for every shape of block and remainder."""

from __future__ import annotations

import numpy as np
import pytest

from aimcsim.crossbar import AnalogTile
from aimcsim.crossbar.mvm import exact_product
from aimcsim.scenario.hardware_spec import IOSpec

#: Rows and columns around the blocks (4 or 2 rows; 64 or 16, 16 or 8 columns; stretches of 256 rows), samples around
#: 5, 2 and the 40 that go together.
SHAPES = [(1, 1), (3, 7), (4, 16), (9, 33), (17, 65), (258, 19), (5, 300), (64, 257)]
COUNTS = [1, 2, 3, 4, 5, 9, 40, 43]


def data(shape: tuple[int, int], count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(shape[0] * 1000 + shape[1])
    drawn = (rng.standard_normal(size) for size in (shape, (count, shape[1]), (count, shape[0])))
    matrix, x, d = (each.astype(np.float32) for each in drawn)
    return matrix, x, d


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("count", COUNTS)
def test_products_are_those_of_float64_within_the_rounding_of_their_sums(shape: tuple[int, int], count: int) -> None:
    matrix, x, d = data(shape, count)
    for lines, wide, forward in ((x, matrix.T.astype(float), True), (d, matrix.astype(float), False)):
        got = exact_product(lines, matrix, forward)
        # |error| ≤ n·2⁻²⁴·Σ|a||b| for any order of n float32 sums (Higham, Accuracy and Stability, eq. 3.5).
        limit = 2.0**-24 * wide.shape[0] * (np.abs(lines) @ np.abs(wide))
        assert (np.abs(got - lines @ wide) <= limit).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_sample_gets_is_the_same_bits_alone_and_among_others(shape: tuple[int, int]) -> None:
    matrix, x, d = data(shape, 43)
    for lines, forward in ((x, True), (d, False)):
        together = exact_product(lines, matrix, forward)
        alone = np.concatenate([exact_product(lines[s : s + 1], matrix, forward) for s in range(43)])
        np.testing.assert_array_equal(alone, together)


@pytest.mark.parametrize("shape", SHAPES)
def test_one_line_gives_the_bits_of_its_column_alone_and_beside_a_full_sample(shape: tuple[int, int]) -> None:
    matrix = data(shape, 1)[0]
    lines = np.zeros((5, shape[1]), np.float32)
    at = np.arange(5) % shape[1]
    lines[np.arange(5), at] = np.float32([1.0, -0.3, 7.0, 1e-3, -1.0])
    columns = exact_product(lines, matrix, True)
    np.testing.assert_array_equal(columns, (matrix[:, at] * lines[np.arange(5), at]).T)
    full = np.ones((1, shape[1]), np.float32)
    beside = exact_product(np.concatenate([lines, full]), matrix, True)[:5]
    np.testing.assert_array_equal(columns, beside)
    assert (np.signbit(columns) == np.signbit(beside)).all()


def test_samples_that_are_read_again_get_the_same_bits_alone_and_among_others() -> None:
    rng = np.random.default_rng(0)
    weights, x = rng.uniform(-0.6, 0.6, (30, 90)), rng.uniform(-1, 1, (100, 90))
    x[::3] = np.sign(weights[0])  # their first output is Σ|w| = 27, beyond the bound of 12
    tile = AnalogTile(30, 90, io=IOSpec(), weights=weights)
    together = tile.forward(x, first_sample=7)
    assert tile.repeated_products >= 34
    alone = np.concatenate([tile.forward(x[s : s + 1], first_sample=7 + s) for s in range(100)])
    np.testing.assert_array_equal(alone, together)


def test_a_value_that_is_not_finite_spoils_its_own_sums_only() -> None:
    matrix, x, _ = data((17, 65), 9)
    x[4, 64], matrix[16, 3] = np.inf, np.nan
    y = exact_product(x, matrix, True)
    assert np.isnan(y[:, 16]).all()
    assert not np.isfinite(y[4]).any()
    assert np.isfinite(np.delete(y, 4, axis=0)[:, :16]).all()
