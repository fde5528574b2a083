"""The order in which the exact mode visits a sample's columns: those with many pulses first.

Cells side by side then have about as many pulses left as each other, and a vector of them is not stepped on for the
sake of one. Where every column has its own number of pulses, the others idle for 40 % of the time otherwise.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.counter_hash import FAST, row_keys, word
from aimcsim.crossbar.lanes import popcount

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]

#: Vectors reach up to a multiple of this many cells; what is there too much has no pulses.
BLOCK: Final = 32
#: Kinds of columns that are told apart by their pulses.
_KINDS: Final = 64
#: Rows are fewer than this; its keys make the columns' words.
_NO_ROW: Final = 0xFFFFFFFF


@njit(nogil=True, cache=True, fastmath=FAST)
def kinds_of(kinds: NDArray[np.int32], bits: Words, x: Floats, sample: int, n: int, stochastic: bool) -> None:
    """Into `kinds`: 0 for a silent column, else 1 up to _KINDS − 1, growing with its pulses. Trains as in `pulses`."""
    s, length = np.uintp(sample), np.uintp(n)
    top = np.float32(0.0)
    sizes = np.zeros(n, np.float32)
    for j in range(length):
        if stochastic:
            total = 0
            for w in range(np.uintp(bits.shape[1])):
                total += popcount(bits[s, w, j])
            sizes[j] = np.float32(total)
        else:
            sizes[j] = abs(x[s, j])
        top = max(top, sizes[j])
    if top <= np.float32(0.0):
        kinds[:n] = 0
        return
    factor = np.float32(_KINDS - 1) / max(top, np.float32(_KINDS - 1)) if stochastic else np.float32(_KINDS - 1) / top
    for j in range(length):
        kinds[j] = np.int32(np.ceil(sizes[j] * factor))


@njit(nogil=True, cache=True)
def order_columns(bits: Words, x: Floats, lanes: Words, sample: int, n: int, stochastic: bool) -> int:
    """Sort the first n columns of a sample by falling numbers of pulses, in place; how many are not silent.

    bits (samples, words, in), x and lanes (samples, in) are those that `draw_trains` gives.
    """
    s = np.uintp(sample)
    kinds, place = np.empty(n, np.int32), np.empty(n, np.uint32)
    kinds_of(kinds, bits, x, sample, n, stochastic)
    starts = np.zeros(_KINDS + 1, np.int64)
    for j in range(n):
        starts[kinds[j]] += 1
    # Kind k stands after all kinds above it.
    silent, after = starts[0], 0
    for kind in range(_KINDS, -1, -1):
        after, starts[kind] = after + starts[kind], after
    for j in range(n):
        place[j] = starts[kinds[j]]
        starts[kinds[j]] += 1
    numbers, values = np.empty(n, np.uint32), np.empty(n, np.float32)
    for j in range(n):
        numbers[place[j]], values[place[j]] = lanes[s, j], x[s, j]
    for j in range(n):
        lanes[s, j], x[s, j] = numbers[j], values[j]
    if stochastic:
        for w in range(bits.shape[1]):
            for j in range(n):
                numbers[place[j]] = bits[s, w, j]
            for j in range(n):
                bits[s, w, j] = numbers[j]
    return int(n - silent)


@njit(nogil=True, cache=True)
def column_words(words: Words, lanes: Words, sample: int, n: int, key0: np.uint32, key1: np.uint32) -> None:
    """Into words[sample, :n]: random words of the columns in the sample's lanes, by the keys of the sample's noise."""
    s = np.uintp(sample)
    a, b = row_keys(key0, key1, _NO_ROW)
    for k in range(np.uintp(n)):
        words[s, k] = word(a, b, lanes[s, k])


@njit(nogil=True, cache=True)
def reaches_of(reaches: NDArray[np.int64], counts: NDArray[np.int32], n: int) -> int:
    """Into `reaches`: up to where cells have more than 2q pulses, for every q; returns how many q there are.

    The reaches are multiples of BLOCK; so must n be.
    """
    rounds = 0
    for end in range(n, 0, -BLOCK):
        top = np.int32(0)
        for j in range(np.uintp(end - BLOCK), np.uintp(end)):
            top = max(top, counts[j])
        while 2 * rounds < top:
            reaches[rounds] = end
            rounds += 1
    return rounds
