"""Single pulses on few cells of any family, strewn over the array: gathered together, stepped as vectors, put back."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.cell_fall import cell_word, scaled_normal
from aimcsim.crossbar.counter_hash import FAST, row_keys, slot_keys
from aimcsim.crossbar.curved_moves import Noise
from aimcsim.crossbar.piece_table import PieceTable
from aimcsim.crossbar.row_state import WRITE_SLOT
from aimcsim.crossbar.strewn_cells import NOISE, PLACE, READ, TOGETHER, Strip, pulse_strip

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]


@njit(nogil=True, cache=True, _nrt=False)
def single_pulses(
    family: int,
    additive: bool,
    conductances: Floats,
    hidden: Floats,
    shown: Floats,
    anchors: Floats,
    written: NDArray[np.float64],
    clock: float,
    numbers: Floats,
    kept: int,
    d: Floats,
    rate: float,
    lanes: Words,
    positive: int,
    n: int,
    awake: NDArray[np.bool_],
    words: Words,
    sample: int,
    strip: Strip,
    table: PieceTable,
    noise: Noise,
    write_noise: np.float32,
    key0: np.uint32,
    key1: np.uint32,
) -> None:
    """One pulse on every cell of the awake rows (out, samples) and the first n `lanes` (samples, in) of a sample.

    The first `positive` of these lanes have positive inputs (`train_noise.split_lanes`), so that every row is two
    runs of cells which all move one way. Keys are those of the sample's noise.
    """
    pair, filled = hidden.shape[0] == 2, 0
    strip.counts[:] = 1
    for row in range(conductances.shape[0]):
        if not awake[row, sample]:
            continue
        a, b = row_keys(key0, key1, row)
        raised = d[sample, row] * rate > 0.0
        for run in range(2):
            start, end = (0, positive) if run == 0 else (positive, n)
            falling = raised == (run == 0)
            device = 1 if pair and falling else 0
            place = 2 * row + device if pair else row
            first = 2 + kept if falling and not pair else 2
            keys = slot_keys(a, b, WRITE_SLOT + device) if write_noise > np.float32(0.0) else (a, b)
            while start < end:
                m = min(end - start, TOGETHER - filled)
                gather_run(
                    hidden, device, row, numbers, place, first, kept, lanes, words, sample, start, m, strip, filled,
                    a, b, keys[0], keys[1],
                )  # fmt: skip
                filled += m
                start += m
                if filled == TOGETHER:
                    pulse_strip(strip, filled, 0, family, additive, table, noise)
                    put_back(strip, filled, conductances, hidden, shown, anchors, written, clock, write_noise)
                    filled = 0
    pulse_strip(strip, filled, 0, family, additive, table, noise)
    put_back(strip, filled, conductances, hidden, shown, anchors, written, clock, write_noise)


@njit(nogil=True, cache=True, _nrt=False)
def gather_run(
    hidden: Floats,
    device: int,
    row: int,
    numbers: Floats,
    place: int,
    first: int,
    kept: int,
    lanes: Words,
    words: Words,
    sample: int,
    start: int,
    m: int,
    strip: Strip,
    filled: int,
    key0: np.uint32,
    key1: np.uint32,
    read0: np.uint32,
    read1: np.uint32,
) -> None:
    """Cells of a row in the sample's lanes from `start` on, m of them, to the strip's places from `filled` on."""
    i, s, begin, at, dev = np.uintp(row), np.uintp(sample), np.uintp(start), np.uintp(filled), np.uintp(device)
    zero, r, f = np.uintp(0), np.uintp(place), np.uintp(first)
    marks, packed, w = strip.marks, strip.numbers, strip.w
    reach = np.uintp(min((m + 15) // 16 * 16, words.shape[1] - start))
    for k in range(reach):
        marks[NOISE, at + k] = cell_word(key0, key1, words[s, begin + k])
        marks[READ, at + k] = cell_word(read0, read1, words[s, begin + k])
    base = np.uint32((device * hidden.shape[1] + row) * hidden.shape[2])
    for k in range(np.uintp(m)):
        lane = lanes[s, begin + k]
        j = np.uintp(lane)
        marks[PLACE, at + k] = np.uint32(base + lane)
        w[zero, zero, at + k] = hidden[dev, i, j]
        packed[zero, zero, at + k] = numbers[r, zero, j]
        packed[zero, np.uintp(1), at + k] = numbers[r, np.uintp(1), j]
        packed[zero, np.uintp(2), at + k] = numbers[r, f, j]
        packed[zero, np.uintp(3), at + k] = numbers[r, f + np.uintp(1), j]
    for number in range(np.uintp(2), np.uintp(kept)):
        for k in range(np.uintp(m)):
            packed[zero, np.uintp(2) + number, at + k] = numbers[r, f + number, np.uintp(lanes[s, begin + k])]


@njit(nogil=True, cache=True, fastmath=FAST, _nrt=False)
def put_back(
    strip: Strip,
    n: int,
    conductances: Floats,
    hidden: Floats,
    shown: Floats,
    anchors: Floats,
    written: NDArray[np.float64],
    clock: float,
    write_noise: np.float32,
) -> None:
    """The strip's first n cells back to where they came from, and what follows when cells have been moved."""
    cells, zero, size = np.uintp(n), np.uintp(0), np.uintp(conductances.size)
    states, read, sums = hidden.reshape(hidden.size), shown.reshape(shown.size), conductances.reshape(conductances.size)
    w, marks, seen = strip.w, strip.marks, strip.pieces
    for k in range(cells):
        states[np.uintp(marks[PLACE, k])] = w[zero, zero, k]
    if write_noise > np.float32(0.0):
        for k in range(cells):
            seen[zero, k] = w[zero, zero, k] + scaled_normal(marks[READ, k], write_noise)
        for k in range(cells):
            read[np.uintp(marks[PLACE, k])] = seen[zero, k]
    if hidden.shape[0] == 2:
        for k in range(cells):
            at = np.uintp(marks[PLACE, k])
            cell = at - size if at >= size else at
            sums[cell] = read[cell] - read[cell + size]
    if written.shape[0] > 0:
        held, dates = anchors.reshape(anchors.size), written.reshape(written.size)
        for k in range(cells):
            held[np.uintp(marks[PLACE, k])] = w[zero, zero, k]
            dates[np.uintp(marks[PLACE, k])] = clock
