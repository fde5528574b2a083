"""Rows of scratch: the devices of pairs that move, or the cells of the few columns that fire, with their numbers.

Scratch holds states (1, 1, in) and bounds and numbers (1, 2 + K, in) of one direction.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.lanes import bits_of

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]


@njit(nogil=True, cache=True)
def choose_devices(
    chosen_w: Floats,
    chosen: Floats,
    hidden: Floats,
    numbers: Floats,
    row: int,
    x: Floats,
    sample: int,
    n: int,
    flip: np.int32,
) -> None:
    """Of every pair j < n of a row the device that moves; numbers (2·out, 2 + K, in)."""
    i, s, plus, minus = np.uintp(row), np.uintp(sample), np.uintp(0), np.uintp(1)
    for j in range(np.uintp(n)):
        down = np.int32(bits_of(x[s, j]) ^ flip) >= 0
        a, b = hidden[plus, i, j], hidden[minus, i, j]
        chosen_w[plus, plus, j] = b if down else a
    for number in range(chosen.shape[1]):
        k, of_plus, of_minus = np.uintp(number), np.uintp(2 * row), np.uintp(2 * row + 1)
        for j in range(np.uintp(n)):
            down = np.int32(bits_of(x[s, j]) ^ flip) >= 0
            a, b = numbers[of_plus, k, j], numbers[of_minus, k, j]
            chosen[plus, k, j] = b if down else a


@njit(nogil=True, cache=True)
def choose_directions(
    chosen_w: Floats,
    chosen: Floats,
    hidden: Floats,
    numbers: Floats,
    row: int,
    x: Floats,
    sample: int,
    n: int,
    flip: np.int32,
) -> None:
    """Of every single device j < n of a row the numbers of its direction; numbers (out, 2 + 2K, in)."""
    i, s, zero = np.uintp(row), np.uintp(sample), np.uintp(0)
    for j in range(np.uintp(n)):
        chosen_w[zero, zero, j] = hidden[zero, i, j]
    for number in range(chosen.shape[1]):
        k, of_down = np.uintp(number), np.uintp(number + (chosen.shape[1] - 2 if number >= 2 else 0))
        for j in range(np.uintp(n)):
            down = np.int32(bits_of(x[s, j]) ^ flip) >= 0
            a, b = numbers[i, k, j], numbers[i, of_down, j]
            chosen[zero, k, j] = b if down else a


@njit(nogil=True, cache=True)
def return_weights(chosen_w: Floats, hidden: Floats, row: int, n: int) -> None:
    """The states that `choose_directions` took, back to where they came from."""
    i, zero = np.uintp(row), np.uintp(0)
    for j in range(np.uintp(n)):
        hidden[zero, i, j] = chosen_w[zero, zero, j]


@njit(nogil=True, cache=True)
def return_devices(chosen_w: Floats, hidden: Floats, row: int, x: Floats, sample: int, n: int, flip: np.int32) -> None:
    """The states that `choose_devices` took, back to where they came from."""
    i, s, plus, minus = np.uintp(row), np.uintp(sample), np.uintp(0), np.uintp(1)
    for j in range(np.uintp(n)):
        down = np.int32(bits_of(x[s, j]) ^ flip) >= 0
        a, b, v = hidden[plus, i, j], hidden[minus, i, j], chosen_w[plus, plus, j]
        hidden[plus, i, j] = a if down else v
        hidden[minus, i, j] = v if down else b


@njit(nogil=True, cache=True)
def gather_cells(
    packed_w: Floats,
    packed: Floats,
    hidden: Floats,
    numbers: Floats,
    row: int,
    lanes: Words,
    x: Floats,
    sample: int,
    n: int,
    flip: np.int32,
) -> None:
    """States, bounds and numbers of a row's cells in the sample's n lanes; x is packed to the lanes already."""
    i, s, zero = np.uintp(row), np.uintp(sample), np.uintp(0)
    pair = hidden.shape[0] == 2
    kept = packed.shape[1]
    for at in range(np.uintp(n)):
        j = np.uintp(lanes[s, at])
        down = np.int32(bits_of(x[s, at]) ^ flip) >= 0
        packed_w[zero, zero, at] = hidden[np.uintp(1 if pair and down else 0), i, j]
        place = np.uintp(2 * row + (1 if down else 0)) if pair else i
        first = np.uintp(0 if pair or not down else kept - 2)
        packed[zero, zero, at] = numbers[place, zero, j]
        packed[zero, np.uintp(1), at] = numbers[place, np.uintp(1), j]
        for number in range(2, kept):
            packed[zero, np.uintp(number), at] = numbers[place, first + np.uintp(number), j]


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
