"""Writes of single lines to stepped devices of any family, in the default mode (`line_trains`).

Cells go into a `strewn_cells.Strip` and come back as strewn ones do, with write noise, dates and pairs; between, the
loops of whole rows move them.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.cell_fall import cell_word, pulse_word
from aimcsim.crossbar.counter_hash import row_keys, slot_keys
from aimcsim.crossbar.curved_moves import Noise, Offsets, offsets_of
from aimcsim.crossbar.families import ADDITIVE
from aimcsim.crossbar.family_form import unpacked_scalars
from aimcsim.crossbar.family_row import PART_SLOT, move_cells
from aimcsim.crossbar.lanes import bits_of
from aimcsim.crossbar.line_trains import (
    KEY0,
    KEY1,
    PLAIN0,
    PLAIN1,
    ROW,
    Hits,
    find_hits,
    line_word,
    plan_writes,
    room_for,
)
from aimcsim.crossbar.piece_table import PieceTable
from aimcsim.crossbar.pulses import largest
from aimcsim.crossbar.row_state import WRITE_SLOT
from aimcsim.crossbar.stepped_update import refresh_row
from aimcsim.crossbar.strewn_cells import NOISE, PAD, PLACE, READ, TOGETHER, Strip, empty_strip, pulse_strip
from aimcsim.crossbar.strewn_pulses import put_back

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]
Counts = NDArray[np.int32]


@njit(nogil=True, cache=True)
def write_families(
    conductances: Floats,
    hidden: Floats,
    shown: Floats,
    planes: Floats,
    numbers: Floats,
    ends: Floats,
    starts: Counts,
    grid: Floats,
    resets: Floats,
    nodes: Floats,
    anchors: Floats,
    written: NDArray[np.float64],
    scalars: NDArray[np.float64],
    keys: Words,
    clock: float,
    lines: NDArray[np.int64],
    d: Floats,
    rate: float,
    first_sample: int,
) -> int:
    """As `family_update.update_families` for x of one at `lines` (n,)."""
    kept, most, noise, _, law, rules = unpacked_scalars(scalars)
    rows, columns = conductances.shape
    total, slots, factors, x, d = plan_writes(lines, d, rate, rules, keys, first_sample, columns)
    refreshing = hidden.shape[0] == 2 and law.refresh_every > 0
    if total < 0 or (total == 0 and not refreshing):
        return total
    table = PieceTable(ends, starts, grid)
    write_noise = np.float32(law.write_noise)
    offsets = offsets_of(numbers, kept, hidden.shape[0] == 2)
    hits, strip, apart = room_for(rows, slots), empty_strip(), empty_strip()
    for s in range(lines.shape[0]):
        line, sample = lines[s], first_sample + s
        key0, key1, column = line_word(keys, sample, line)
        m = 0
        if slots[s] > 0:
            m = find_hits(hits, line, x[s], d[s], rate, slots[s], factors[s], rules, keys, sample)
        for start in range(0, m, TOGETHER):
            n = min(m - start, TOGETHER)
            take_hits(strip, hidden, numbers, kept, hits, start, n, line, column, write_noise)
            move_hits(
                strip, apart, hits, start, n, column, law.family, slots[s] * rules.phases,
                law.noise_mode == ADDITIVE, kept, most, table, offsets, noise,
            )  # fmt: skip
            put_back(strip, n, conductances, hidden, shown, anchors, written, clock, write_noise)
        if refreshing and (sample + 1) % law.refresh_every == 0:
            for i in range(rows):
                a, b = row_keys(key0, key1, i)
                refresh_row(conductances, hidden, shown, planes, resets, nodes, anchors, written, clock, i, law, a, b)
    return total


@njit(nogil=True, cache=True, _nrt=False)
def take_hits(
    strip: Strip,
    hidden: Floats,
    numbers: Floats,
    kept: int,
    hits: Hits,
    start: int,
    n: int,
    line: int,
    column: np.uint32,
    write_noise: np.float32,
) -> None:
    """Hits [start, start + n) of a line into the strip, each with the numbers of the direction in which it goes."""
    pair, rows, columns = hidden.shape[0] == 2, np.uint32(hidden.shape[1]), np.uint32(hidden.shape[2])
    zero, one, begin, j = np.uintp(0), np.uintp(1), np.uintp(start), np.uintp(line)
    marks, packed, given = strip.marks, strip.numbers, hits.marks
    for k in range(np.uintp(n)):
        row = given[np.uintp(ROW), begin + k]
        i, falling = np.uintp(row), bits_of(hits.x[zero, begin + k]) >= 0
        device = one if pair and falling else zero
        place = i + i + device if pair else i
        first = np.uintp(2 + kept if falling and not pair else 2)
        marks[PLACE, k] = np.uint32(np.uint32(np.uint32(device) * rows + row) * columns + np.uint32(line))
        strip.counts[k] = hits.counts[begin + k]
        strip.w[zero, zero, k] = hidden[device, i, j]
        packed[zero, zero, k] = numbers[place, zero, j]
        packed[zero, one, k] = numbers[place, one, j]
        for number in range(np.uintp(kept)):
            packed[zero, np.uintp(2) + number, k] = numbers[place, first + number, j]
    if write_noise > np.float32(0.0):
        for k in range(np.uintp(n)):
            slot = WRITE_SLOT + (1 if pair and bits_of(hits.x[zero, begin + k]) >= 0 else 0)
            a, b = slot_keys(given[np.uintp(KEY0), begin + k], given[np.uintp(KEY1), begin + k], slot)
            marks[READ, k] = cell_word(a, b, column)


@njit(nogil=True, cache=True)
def move_hits(
    strip: Strip,
    apart: Strip,
    hits: Hits,
    start: int,
    n: int,
    column: np.uint32,
    family: int,
    slots: int,
    additive: bool,
    kept: int,
    most: int,
    table: PieceTable,
    offsets: Offsets,
    noise: Noise,
) -> None:
    """The pulses of the strip's first n cells, hits from `start` on, in parts as in `family_row.move_train`.

    `apart` is scratch, and then has the cells that are too coarse: the loops of a row step those by words of their
    own, which are not those of these cells, so they are put back and stepped anew.
    """
    length = TOGETHER + PAD
    words, x, before = np.zeros((1, length), np.uint32), np.zeros((1, length), np.float32), np.empty(length, np.float32)
    part, left = np.zeros(length, np.int32), np.zeros(length, np.int32)
    keys = np.zeros((2, length), np.uint32)
    w, low, high = strip.w, np.int32(0), np.int32(most)
    for taken in range(0, largest(strip.counts, n), most):
        low = np.int32(taken)
        for k in range(n):
            count = strip.counts[k]
            keys[0, k], keys[1, k] = hits.marks[KEY0, start + k], hits.marks[KEY1, start + k]
            if count > high:
                keys[0, k], keys[1, k] = slot_keys(keys[0, k], keys[1, k], PART_SLOT + taken)
            words[0, k] = cell_word(keys[0, k], keys[1, k], column)
            part[k] = min(max(np.int32(count - low), np.int32(0)), high)
            before[k], x[0, k] = w[0, 0, k], hits.x[0, start + k]
        left[:] = 0
        move_cells(
            family, slots, additive, w, 0, 0, strip.numbers, kept, 0, 2, 2, x, words, 0, n, np.int32(0), part, left,
            strip.pieces, apart, table, offsets, noise, PLAIN0, PLAIN1,
        )  # fmt: skip
        if largest(left, n) > 0:
            step_apart(strip, apart, before, left, n, keys, column, family, additive, kept, table, noise)


@njit(nogil=True, cache=True)
def step_apart(
    strip: Strip,
    apart: Strip,
    before: Floats,
    left: Counts,
    n: int,
    keys: Words,
    column: np.uint32,
    family: int,
    additive: bool,
    kept: int,
    table: PieceTable,
    noise: Noise,
) -> None:
    """Those of the strip's first n cells that have pulses `left`, from where they were `before`, pulse by pulse."""
    filled = 0
    for k in range(n):
        if left[k] > 0:
            apart.w[0, 0, filled], apart.counts[filled], apart.marks[PLACE, filled] = before[k], left[k], k
            for number in range(2 + kept):
                apart.numbers[0, number, filled] = strip.numbers[0, number, k]
            filled += 1
    for p in range(largest(apart.counts, filled)):
        own = pulse_word(column, p)
        for k in range(filled):
            place = apart.marks[PLACE, k]
            apart.marks[NOISE, k] = cell_word(keys[0, place], keys[1, place], own)
        pulse_strip(apart, filled, p, family, additive, table, noise)
    for k in range(filled):
        strip.w[0, 0, apart.marks[PLACE, k]] = apart.w[0, 0, k]
