"""Products of samples with an array, forward and backward.

They are no BLAS calls: at ten samples BLAS reaches half of the rate of these, and picks the order of its sums by the
shape, so that what a sample gets would hang on the samples beside it. Here it does not, to the last bit.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.blocks import LANES, ROWS, SAMPLES, column_block, row_block

Floats = NDArray[np.float32]

#: Samples that go through the whole array together: few enough for their lines to stay in the cache.
TOGETHER: Final = 8 * SAMPLES
#: Rows whose part of a strip of columns is read together, backward: it stays in the cache for all samples.
_STRETCH: Final = 256
_COLUMNS: Final = LANES * ROWS
#: Vectors of a strip for a single sample, which has nothing else to reuse.
_LONG: Final = 4 * ROWS

_rows_5, _rows_2, _rows_1 = row_block(ROWS, SAMPLES), row_block(ROWS, 2), row_block(ROWS, 1)
_row_5, _row_1 = row_block(1, SAMPLES), row_block(1, 1)
_long_1 = column_block(_LONG, 1)
_strip_5, _strip_2, _strip_1 = column_block(ROWS, SAMPLES), column_block(ROWS, 2), column_block(ROWS, 1)
_end_5, _end_1 = column_block(1, SAMPLES), column_block(1, 1)


@njit(nogil=True, cache=True)
def forward_product(matrix: Floats, lines: Floats, count: int, y: Floats) -> None:
    """y[s] = matrix · lines[s] for the first `count` samples; matrix (out, in), lines (n, in), y (n, out)."""
    rows = matrix.shape[0]
    whole_rows = rows - rows % ROWS
    fives = count - count % SAMPLES
    twos = count - (count - fives) % 2
    for i in range(0, whole_rows, ROWS):
        for s in range(0, fives, SAMPLES):
            _rows_5(matrix, i, lines, s, y)
        for s in range(fives, twos, 2):
            _rows_2(matrix, i, lines, s, y)
        if twos < count:
            _rows_1(matrix, i, lines, twos, y)
    for i in range(whole_rows, rows):
        for s in range(0, fives, SAMPLES):
            _row_5(matrix, i, lines, s, y)
        for s in range(fives, count):
            _row_1(matrix, i, lines, s, y)


@njit(nogil=True, cache=True)
def backward_product(matrix: Floats, lines: Floats, count: int, y: Floats) -> None:
    """y[s] = matrixᵀ · lines[s] for the first `count` samples; matrix (out, in), lines (n, out), y (n, in)."""
    rows, columns = matrix.shape
    fives = count - count % SAMPLES
    twos = count - (count - fives) % 2
    for s in range(count):
        y[s, :] = np.float32(0.0)
    for row in range(0, rows, _STRETCH):
        end = min(row + _STRETCH, rows)
        done = 0
        if count == 1:
            done = columns - columns % (LANES * _LONG)
            for j in range(0, done, LANES * _LONG):
                _long_1(matrix, row, end, j, lines, 0, y)
        strips = columns - (columns - done) % _COLUMNS
        for j in range(done, strips, _COLUMNS):
            for s in range(0, fives, SAMPLES):
                _strip_5(matrix, row, end, j, lines, s, y)
            for s in range(fives, twos, 2):
                _strip_2(matrix, row, end, j, lines, s, y)
            if twos < count:
                _strip_1(matrix, row, end, j, lines, twos, y)
        for j in range(strips, columns, LANES):
            for s in range(0, fives, SAMPLES):
                _end_5(matrix, row, end, j, lines, s, y)
            for s in range(fives, count):
                _end_1(matrix, row, end, j, lines, s, y)


@njit(nogil=True, cache=True)
def only_line(line: Floats) -> int:
    """Place of the one value of `line` that is not zero, -1 where there is none or another one."""
    found, many = np.int32(-1), np.int32(0)
    for j in range(np.uintp(line.shape[0])):
        # Without a way out of the loop, which would keep it from vectorising.
        here = np.int32(line[j] != np.float32(0.0))
        many = np.int32(many + here)
        found = max(found, np.int32(j) if here else np.int32(-1))
    return int(found) if many == 1 else -1


@njit(nogil=True, cache=True)
def column_products(matrix: Floats, lines: Floats, count: int, y: Floats) -> bool:
    """`forward_product` of samples that all have one line only, as the reads of a transfer do: columns of the matrix.

    False, with nothing done, where any has not. The bits are those of the whole product, whose other terms are zeros.
    """
    places = np.empty(count, np.int64)
    for s in range(count):
        places[s] = only_line(lines[s])
        if places[s] < 0:
            return False
    for s in range(count):
        at = places[s]
        value = lines[s, at]
        for i in range(matrix.shape[0]):
            # Added to zero as in the sum, which turns −0 into 0.
            y[s, i] = matrix[i, at] * value + np.float32(0.0)
    return True


@njit(nogil=True, cache=True)
def product(matrix: Floats, lines: Floats, count: int, forward: bool, y: Floats) -> None:
    """y = matrix · lines (forward) or matrixᵀ · lines of the first `count` samples."""
    if not forward:
        backward_product(matrix, lines, count, y)
    elif not column_products(matrix, lines, count, y):
        forward_product(matrix, lines, count, y)
