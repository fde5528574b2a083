"""Rows of scratch: each cell with the numbers of the direction in which it goes, and its device of a pair."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.lanes import bits_of

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]


@njit(nogil=True, cache=True)
def choose_numbers(chosen: Floats, numbers: Floats, row: int, x: Floats, sample: int, n: int, flip: np.int32) -> None:
    """numbers (2, rows, K, in) of each cell's direction into chosen (1, 1, K, in)."""
    i, s, up, down = np.uintp(row), np.uintp(sample), np.uintp(0), np.uintp(1)
    for number in range(numbers.shape[2]):
        k = np.uintp(number)
        for j in range(np.uintp(n)):
            goes_down = np.int32(bits_of(x[s, j]) ^ flip) >= 0
            a, b = numbers[up, i, k, j], numbers[down, i, k, j]
            chosen[up, up, k, j] = b if goes_down else a


@njit(nogil=True, cache=True)
def choose_states(chosen: Floats, states: Floats, row: int, x: Floats, sample: int, n: int, flip: np.int32) -> None:
    """states (2, rows, in) of the device that moves into chosen (1, 1, in)."""
    i, s, plus, minus = np.uintp(row), np.uintp(sample), np.uintp(0), np.uintp(1)
    for j in range(np.uintp(n)):
        goes_down = np.int32(bits_of(x[s, j]) ^ flip) >= 0
        a, b = states[plus, i, j], states[minus, i, j]
        chosen[plus, plus, j] = b if goes_down else a


@njit(nogil=True, cache=True)
def return_states(chosen: Floats, states: Floats, row: int, x: Floats, sample: int, n: int, flip: np.int32) -> None:
    """What `choose_states` took, back to where it came from."""
    i, s, plus, minus = np.uintp(row), np.uintp(sample), np.uintp(0), np.uintp(1)
    for j in range(np.uintp(n)):
        goes_down = np.int32(bits_of(x[s, j]) ^ flip) >= 0
        a, b, v = states[plus, i, j], states[minus, i, j], chosen[plus, plus, j]
        states[plus, i, j] = a if goes_down else v
        states[minus, i, j] = v if goes_down else b


@njit(nogil=True, cache=True)
def gather_cells(
    packed_w: Floats,
    packed_bounds: Floats,
    packed_numbers: Floats,
    hidden: Floats,
    bounds: Floats,
    numbers: Floats,
    row: int,
    lanes: Words,
    x: Floats,
    sample: int,
    n: int,
    flip: np.int32,
) -> None:
    """States, bounds and numbers of a row's cells in the sample's n lanes; x is packed to the lanes already."""
    i, s, low, high = np.uintp(row), np.uintp(sample), np.uintp(0), np.uintp(1)
    pair = hidden.shape[0] == 2
    for at in range(np.uintp(n)):
        j = np.uintp(lanes[s, at])
        side = np.uintp(1 if np.int32(bits_of(x[s, at]) ^ flip) >= 0 else 0)
        device = side if pair else low
        packed_w[low, low, at] = hidden[device, i, j]
        packed_bounds[low, low, low, at] = bounds[device, i, low, j]
        packed_bounds[low, low, high, at] = bounds[device, i, high, j]
        for number in range(numbers.shape[2]):
            k = np.uintp(number)
            packed_numbers[low, low, k, at] = numbers[side, i, k, j]


@njit(nogil=True, cache=True)
def scatter_cells(
    packed_w: Floats, hidden: Floats, row: int, lanes: Words, x: Floats, sample: int, n: int, flip: np.int32
) -> None:
    """The states that `gather_cells` took, back to where they came from."""
    i, s, zero = np.uintp(row), np.uintp(sample), np.uintp(0)
    pair = hidden.shape[0] == 2
    for at in range(np.uintp(n)):
        device = np.uintp(1 if pair and np.int32(bits_of(x[s, at]) ^ flip) >= 0 else 0)
        hidden[device, i, np.uintp(lanes[s, at])] = packed_w[zero, zero, at]
