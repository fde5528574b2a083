"""Writes of single lines, as transfers make them: what they send, and which cells of the line it hits.

Such a write is an update whose x is one at one input line and zero elsewhere. Its cells are a column of the array and
lie in a row of memory each, so that loops over rows would begin once for every cell. Here the cells that are hit are
gathered into a strip instead, the kernels of whole rows step them as one row, and they are put back.

Nothing of it shows in the numbers: trains and noise are those of the update, bit for bit. The loops over rows make a
cell's word from the keys of the row and the word of the column (`cell_fall.cell_word`); the strip's words are made
before, and the keys (0, 1) leave them as they are.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.cell_fall import cell_word
from aimcsim.crossbar.counter_hash import row_keys, sample_keys, slot_keys, word
from aimcsim.crossbar.lanes import largest_magnitude, popcount
from aimcsim.crossbar.pulses import STOCHASTIC, TrainRules, plan_train, rounded_lines
from aimcsim.crossbar.train_noise import NO_ROW
from aimcsim.crossbar.trains import GATHER_BELOW

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]
Counts = NDArray[np.int32]

#: Strips reach up to a multiple of this, with cells that nobody reads: the last vector is a whole one.
PAD: Final = 32
#: In smaller arrays one line is no small part of the columns: an update then visits them in whole rows, which the exact
#: mode's noise shows.
FEWEST_LINES: Final = int(1.0 / GATHER_BELOW) + 1
#: Keys with which a row's loops take the words of a strip as they are.
PLAIN0, PLAIN1 = np.uint32(0), np.uint32(1)
_ONE, _ALL = np.uint32(1), np.uint32(0xFFFFFFFF)
#: Rows of `Hits.marks`: a cell's row, the keys of that row's noise, and the trains of the cell from TRAINS on.
ROW, KEY0, KEY1, TRAINS = range(4)


class Hits(NamedTuple):
    """The cells of a line that get pulses, one after the other; all arrays reach to a multiple of PAD."""

    #: (TRAINS + words, cells); a train has the slots in which both lines of the cell fire.
    marks: Words
    #: Words of the cells' noise, (1, cells).
    words: Words
    #: Pulses of each cell; 0 behind the last one.
    counts: Counts
    #: A cell goes down where this has no sign bit, (1, cells).
    x: Floats


@njit(nogil=True, cache=True)
def plan_writes(
    lines: NDArray[np.int64],
    d: Floats,
    rate: float,
    rules: TrainRules,
    keys: Words,
    first_sample: int,
    columns: int,
) -> tuple[int, NDArray[np.int64], NDArray[np.float64], Floats, Floats]:
    """As `trains.plan_lines` for x of one at `lines` (n,) of `columns`: slots of all trains together (−1−s: sample s
    is not finite), slots (n,), factors (n, 2), and x at the lines (n,) and d (n, out) as the drivers resolve them.
    """
    n = d.shape[0]
    slots, factors, x = np.empty(n, np.int64), np.empty((n, 2)), np.ones(n, np.float32)
    total = 0
    for s in range(n):
        d_max = largest_magnitude(d[s])
        if not np.isfinite(d_max):
            return -1 - s, slots, factors, x, d
        slots[s], factors[s, 0], factors[s, 1] = plan_train(abs(rate), 1.0, d_max, rules)
        total += slots[s]
    if total > 0 and (rules.res > 0.0 or rules.whole_counts):
        d = rounded_lines(d, factors[:, 0], slots, rules, keys[1, 0], keys[1, 1], first_sample)
        for s in range(n):
            whole = np.zeros((1, columns), np.float32)
            whole[0, lines[s]] = 1.0
            own, sample = factors[s : s + 1, 1], first_sample + s
            whole = rounded_lines(whole, own, slots[s : s + 1], rules, keys[0, 0], keys[0, 1], sample)
            x[s] = whole[0, lines[s]]
    return total * rules.phases, slots, factors, x, d


@njit(nogil=True, cache=True)
def room_for(rows: int, slots: NDArray[np.int64]) -> Hits:
    """Room for the hits of a line of `rows` cells and trains of at most so many slots."""
    cells = (rows + PAD - 1) // PAD * PAD
    marks = np.zeros((TRAINS + (slots.max() + 31) // 32, cells), np.uint32)
    words, counts = np.zeros((1, cells), np.uint32), np.zeros(cells, np.int32)
    return Hits(marks, words, counts, np.zeros((1, cells), np.float32))


@njit(nogil=True, cache=True)
def line_word(keys: Words, sample: int, line: int) -> tuple[np.uint32, np.uint32, np.uint32]:
    """Keys of a sample's noise, and by them the word of a column."""
    key0, key1 = sample_keys(keys[2, 0], keys[2, 1], sample)
    a, b = row_keys(key0, key1, NO_ROW)
    return key0, key1, word(a, b, np.uint32(line))


@njit(nogil=True, cache=True)
def find_hits(
    hits: Hits,
    line: int,
    x: np.float32,
    d: Floats,
    rate: float,
    slots: int,
    factors: NDArray[np.float64],
    rules: TrainRules,
    keys: Words,
    sample: int,
) -> int:
    """Draw a sample's trains and list the cells of `line` that get pulses; how many. d (out,), factors (2,).

    Where positive and negative inputs go one after the other, a line of positive x sends in the first phase alone.
    """
    rows, train, counts = np.uintp(d.shape[0]), hits.marks[TRAINS:], hits.counts
    if rules.pulse_type == STOCHASTIC:
        draw_rows(train, line, x, d, slots, factors, keys, sample)
        for i in range(rows):
            counts[i] = popcount(train[0, i])
        for w in range(1, train.shape[0]):
            for i in range(rows):
                counts[i] = np.int32(counts[i] + popcount(train[w, i]))
    else:
        sent = min(factors[1] * abs(x), 1.0)
        for i in range(rows):
            counts[i] = np.int32(np.rint(slots * min(factors[0] * abs(d[i]), 1.0) * sent))
    many, turn = np.uintp(0), np.float32(1.0 if rate > 0.0 else -1.0)
    for i in range(rows):
        # Without a branch, which would be mispredicted where few are hit.
        count = counts[i]
        hits.marks[np.uintp(ROW), many], hits.x[np.uintp(0), many], counts[many] = np.uint32(i), turn * d[i], count
        for w in range(np.uintp(train.shape[0])):
            train[w, many] = train[w, i]
        many += np.uintp(count > 0)
    reach = (many + np.uintp(PAD - 1)) // np.uintp(PAD) * np.uintp(PAD)
    counts[many:reach] = 0
    key0, key1, column = line_word(keys, sample, line)
    marks, words = hits.marks, hits.words
    for k in range(reach):
        a, b = row_keys(key0, key1, marks[np.uintp(ROW), k])
        marks[np.uintp(KEY0), k], marks[np.uintp(KEY1), k] = a, b
        words[np.uintp(0), k] = cell_word(a, b, column)
    return int(many)


@njit(nogil=True, cache=True)
def draw_rows(
    train: Words,
    line: int,
    x: np.float32,
    d: Floats,
    slots: int,
    factors: NDArray[np.float64],
    keys: Words,
    sample: int,
) -> None:
    """The trains of all rows (words, out), in the slots in which `line` fires too: as `pulses.fill_train` draws both.

    Slots in which the line is silent are not drawn.
    """
    rows = np.uintp(d.shape[0])
    p = min(factors[1] * abs(x), 1.0)
    fires = np.uint32(np.int64(np.ceil(p * 2.0**32)) - 1) if p > 0.0 else np.uint32(0)
    limit, awake = np.empty(rows, np.uint32), np.empty(rows, np.uint32)
    for i in range(rows):
        p_row = min(factors[0] * abs(d[i]), 1.0)
        limit[i] = np.uint32(np.int64(np.ceil(p_row * 2.0**32)) - 1) if p_row > 0.0 else np.uint32(0)
        awake[i] = _ALL if p_row > 0.0 and p > 0.0 else np.uint32(0)
    column0, column1 = sample_keys(keys[0, 0], keys[0, 1], sample)
    row0, row1 = sample_keys(keys[1, 0], keys[1, 1], sample)
    for w in range(train.shape[0]):
        bits = train[w]
        for i in range(rows):
            bits[i] = np.uint32(0)
        for slot in range(32 * w, min(slots, 32 * w + 32)):
            a, b = row_keys(column0, column1, slot)
            if word(a, b, np.uint32(line)) > fires:
                continue
            a, b = row_keys(row0, row1, slot)
            flag = np.uint32(_ONE << np.uint32(slot & 31))
            for i in range(rows):
                hit = flag if word(a, b, np.uint32(i)) <= limit[i] else np.uint32(0)
                bits[i] = np.uint32(bits[i] | np.uint32(hit & awake[i]))


@njit(nogil=True, cache=True)
def words_at(words: Words, hits: Hits, n: int, column: np.uint32, slot: int) -> None:
    """Into words (1, cells): those of the first n hits for a slot of their rows' keys."""
    marks = hits.marks
    for k in range(np.uintp(n)):
        a, b = slot_keys(marks[np.uintp(KEY0), k], marks[np.uintp(KEY1), k], slot)
        words[np.uintp(0), k] = cell_word(a, b, column)
