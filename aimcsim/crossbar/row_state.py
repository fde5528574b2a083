"""What follows when cells of a row have been moved: what is read of them, and when they were written."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.cell_fall import cell_word, scaled_normal
from aimcsim.crossbar.counter_hash import FAST, slot_keys
from aimcsim.crossbar.lanes import bits_of

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]
Counts = NDArray[np.int32]

#: Slots of a row's keys, one for each device: what reads a cell wrongly after it was written.
WRITE_SLOT: Final = 1 << 20


@njit(nogil=True, cache=True, fastmath=FAST)
def read_row(
    hidden: Floats,
    shown: Floats,
    row: int,
    x: Floats,
    words: Words,
    sample: int,
    n: int,
    flip: np.int32,
    counts: Counts,
    write_noise: np.float32,
    key0: np.uint32,
    key1: np.uint32,
) -> None:
    """Read the moved cells j < n of a row once, with write noise; of pairs the device that moved."""
    i, s, length = np.uintp(row), np.uintp(sample), np.uintp(n)
    if hidden.shape[0] == 1:
        zero = np.uintp(0)
        a, b = slot_keys(key0, key1, WRITE_SLOT)
        for j in range(length):
            seen = hidden[zero, i, j] + scaled_normal(cell_word(a, b, words[s, j]), write_noise)
            shown[zero, i, j] = shown[zero, i, j] if counts[j] == 0 else seen
        return
    for device in range(2):
        d = np.uintp(device)
        a, b = slot_keys(key0, key1, WRITE_SLOT + device)
        for j in range(length):
            down = np.int32(bits_of(x[s, j]) ^ flip) >= 0
            seen = hidden[d, i, j] + scaled_normal(cell_word(a, b, words[s, j]), write_noise)
            other = down != (device == 1)
            shown[d, i, j] = shown[d, i, j] if counts[j] == 0 or other else seen


@njit(nogil=True, cache=True, fastmath=FAST)
def date_row(
    hidden: Floats,
    anchors: Floats,
    written: NDArray[np.float64],
    clock: float,
    row: int,
    x: Floats,
    sample: int,
    n: int,
    flip: np.int32,
    counts: Counts,
) -> None:
    """Note what the moved cells j < n of a row hold, and that they were written at `clock`."""
    i, s, length = np.uintp(row), np.uintp(sample), np.uintp(n)
    pair = hidden.shape[0] == 2
    for device in range(hidden.shape[0]):
        d = np.uintp(device)
        for j in range(length):
            down = np.int32(bits_of(x[s, j]) ^ flip) >= 0
            other = pair and down != (device == 1)
            mine = counts[j] > 0 and not other
            anchors[d, i, j] = hidden[d, i, j] if mine else anchors[d, i, j]
            written[d, i, j] = clock if mine else written[d, i, j]


@njit(nogil=True, cache=True, fastmath=FAST)
def subtract_row(conductances: Floats, shown: Floats, row: int) -> None:
    """The conductances of a row of pairs."""
    i, first, second = np.uintp(row), np.uintp(0), np.uintp(1)
    for j in range(np.uintp(conductances.shape[1])):
        conductances[i, j] = shown[first, i, j] - shown[second, i, j]


@njit(nogil=True, cache=True, fastmath=FAST)
def finish_lanes(
    conductances: Floats,
    hidden: Floats,
    shown: Floats,
    anchors: Floats,
    written: NDArray[np.float64],
    clock: float,
    row: int,
    lanes: Words,
    x: Floats,
    words: Words,
    sample: int,
    n: int,
    flip: np.int32,
    counts: Counts,
    write_noise: np.float32,
    key0: np.uint32,
    key1: np.uint32,
) -> None:
    """All of the above for the cells in the sample's n lanes."""
    i, s = np.uintp(row), np.uintp(sample)
    pair = hidden.shape[0] == 2
    keys = slot_keys(key0, key1, WRITE_SLOT), slot_keys(key0, key1, WRITE_SLOT + 1)
    for k in range(np.uintp(n)):
        if counts[k] == 0:
            continue
        j = np.uintp(lanes[s, k])
        device = np.uintp(1 if pair and np.int32(bits_of(x[s, k]) ^ flip) >= 0 else 0)
        if write_noise > np.float32(0.0):
            z = scaled_normal(cell_word(keys[device][0], keys[device][1], words[s, k]), write_noise)
            shown[device, i, j] = hidden[device, i, j] + z
        if pair:
            conductances[i, j] = shown[np.uintp(0), i, j] - shown[np.uintp(1), i, j]
        if written.shape[0] > 0:
            anchors[device, i, j] = hidden[device, i, j]
            written[device, i, j] = clock
