"""Cells of any family gathered into a strip, wherever they stand, and stepped side by side, pulse by pulse.

Two kinds of cells come here: those of a row whose step changes too much from pulse to pulse for the closed form
(`step_coarse`), and few cells of the whole array that get one pulse each (`single_pulses`).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.cell_fall import cell_word, light_normal
from aimcsim.crossbar.counter_hash import FAST, row_keys, slot_keys
from aimcsim.crossbar.curved_cells import Noise
from aimcsim.crossbar.elementary import exp_of, power_of
from aimcsim.crossbar.families import EXP, LINEAR, POWER
from aimcsim.crossbar.lanes import bits_of
from aimcsim.crossbar.piece_table import PieceTable, find_pieces
from aimcsim.crossbar.row_state import WRITE_SLOT

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]
Counts = NDArray[np.int32]

#: Cells gathered before they are stepped: the strip stays in the first-level cache.
TOGETHER: Final = 512
#: Whole vectors are worked on; what the last one has too much is never put back.
PAD: Final = 32
#: Rows of the strip's words.
NOISE, READ, COLUMN, PLACE = range(4)

_GOLDEN = np.uint32(0x9E3779B9)


class Strip(NamedTuple):
    """Gathered cells."""

    #: States, (1, 1, cells).
    w: Floats
    #: Bounds and p0…p3 of the direction in which each cell goes, (1, 6, cells).
    numbers: Floats
    #: Random words of the pulse and of what reads the cell after it, the word of its column, and where it came from.
    marks: Words
    #: Pulses of each cell.
    counts: Counts
    #: Scratch of `find_pieces`.
    pieces: Floats


@njit(nogil=True, cache=True)
def empty_strip() -> Strip:
    """A strip for TOGETHER cells."""
    length = TOGETHER + PAD
    return Strip(
        np.zeros((1, 1, length), np.float32),
        np.zeros((1, 6, length), np.float32),
        np.zeros((4, length), np.uint32),
        np.ones(length, np.int32),
        np.zeros((3, length), np.float32),
    )


@njit(nogil=True, cache=True, _nrt=False)
def pulse_strip(strip: Strip, n: int, p: int, family: int, additive: bool, table: PieceTable, noise: Noise) -> None:
    """Pulse number p on those of the strip's first n cells that have more than p."""
    reach = (n + PAD - 1) // PAD * PAD
    if family == LINEAR:
        linear_strip(strip.w, strip.numbers, strip.marks, strip.counts, reach, p, additive, noise.sigma)
        return
    if family != POWER and family != EXP:
        find_pieces(strip.pieces, strip.w, 0, 0, strip.numbers, 0, 2, reach, table)
    curved_strip(strip.w, strip.numbers, strip.marks, strip.counts, strip.pieces, reach, p, family, noise)


@njit(nogil=True, cache=True, fastmath=FAST)
def linear_strip(
    w: Floats, numbers: Floats, marks: Words, counts: Counts, n: int, p: int, additive: bool, sigma: np.float32
) -> None:
    """As `pulse_strip`, LINEAR; the formulas are those of `family_cells.single_cells`."""
    zero, one, two, three, four = np.uintp(0), np.uintp(1), np.uintp(2), np.uintp(3), np.uintp(4)
    for j in range(np.uintp(n)):
        v = w[zero, zero, j]
        z = sigma * light_normal(marks[zero, j])
        step = numbers[zero, two, j] + numbers[zero, three, j] * v
        scale = numbers[zero, four, j] if additive else step
        moved = min(max(v + (step + scale * z), numbers[zero, zero, j]), numbers[zero, one, j])
        w[zero, zero, j] = moved if counts[j] > p else v


@njit(nogil=True, cache=True, fastmath=FAST)
def linear_trains(
    w: Floats,
    numbers: Floats,
    marks: Words,
    counts: Counts,
    n: int,
    top: int,
    additive: bool,
    sigma: np.float32,
    key0: np.uint32,
    key1: np.uint32,
) -> None:
    """All pulses of the first n cells of a strip, at most `top`, LINEAR, of one row whose keys these are."""
    zero, one, two, three, four = np.uintp(0), np.uintp(1), np.uintp(2), np.uintp(3), np.uintp(4)
    reach, column = np.uintp((n + PAD - 1) // PAD * PAD), np.uintp(COLUMN)
    for p in range(top):
        pulse = np.uint32(np.uint32(p) * _GOLDEN)
        for j in range(reach):
            v = w[zero, zero, j]
            z = sigma * light_normal(cell_word(key0, key1, np.uint32(marks[column, j] + pulse)))
            step = numbers[zero, two, j] + numbers[zero, three, j] * v
            scale = numbers[zero, four, j] if additive else step
            moved = min(max(v + (step + scale * z), numbers[zero, zero, j]), numbers[zero, one, j])
            w[zero, zero, j] = moved if counts[j] > p else v


@njit(nogil=True, cache=True, fastmath=FAST)
def curved_strip(
    w: Floats,
    numbers: Floats,
    marks: Words,
    counts: Counts,
    pieces: Floats,
    n: int,
    p: int,
    family: int,
    noise: Noise,
) -> None:
    """As `pulse_strip`, the curved families; the formulas are those of `curved_cells` for one pulse."""
    zero, one, two, three, four, five = (np.uintp(0), np.uintp(1), np.uintp(2), np.uintp(3), np.uintp(4), np.uintp(5))
    none = np.float32(0.0)
    if family == POWER:
        for j in range(np.uintp(n)):
            base = max(numbers[zero, three, j] + numbers[zero, four, j] * w[zero, zero, j], none)
            pieces[zero, j] = power_of(base, numbers[zero, five, j])
    elif family == EXP:
        for j in range(np.uintp(n)):
            pieces[zero, j] = numbers[zero, four, j] * exp_of(numbers[zero, five, j] * w[zero, zero, j])
        for j in range(np.uintp(n)):
            # Apart from the product: fused with it, the last bit would not be that of `exp_cells`.
            pieces[zero, j] = max(numbers[zero, three, j] + pieces[zero, j], none)
    for j in range(np.uintp(n)):
        v, p0 = w[zero, zero, j], numbers[zero, two, j]
        step = p0 * pieces[zero, j]
        z = noise.sigma * light_normal(marks[zero, j])
        other = noise.per_step * abs(p0) + noise.add + noise.slope * abs(v)
        moved = v + (step + z * (noise.relative * abs(step) + other))
        moved = min(max(moved, numbers[zero, zero, j]), numbers[zero, one, j])
        w[zero, zero, j] = moved if counts[j] > p else v


@njit(nogil=True, cache=True, _nrt=False)
def step_coarse(
    family: int,
    additive: bool,
    w: Floats,
    device: int,
    row: int,
    numbers: Floats,
    kept: int,
    place: int,
    up: int,
    down: int,
    x: Floats,
    words: Words,
    sample: int,
    n: int,
    flip: np.int32,
    left: Counts,
    strip: Strip,
    table: PieceTable,
    noise: Noise,
    key0: np.uint32,
    key1: np.uint32,
) -> None:
    """`left[j]` pulses on cells j < n of a row, one by one (`family_cells` has the arguments)."""
    d, i, s, zero = np.uintp(device), np.uintp(row), np.uintp(sample), np.uintp(0)
    filled, top = 0, np.int32(0)
    for block in range(0, n, PAD):
        end, some = min(block + PAD, n), np.int32(0)
        for j in range(np.uintp(block), np.uintp(end)):
            some = np.int32(some | left[j])
        if some > 0:
            for j in range(np.uintp(block), np.uintp(end)):
                if left[j] == 0:
                    continue
                at = np.uintp(filled)
                strip.w[zero, zero, at] = w[d, i, j]
                strip.numbers[zero, zero, at] = numbers[place, 0, j]
                strip.numbers[zero, np.uintp(1), at] = numbers[place, 1, j]
                first = down if np.int32(bits_of(x[s, j]) ^ flip) >= 0 else up
                for number in range(kept):
                    strip.numbers[zero, np.uintp(2 + number), at] = numbers[place, first + number, j]
                strip.marks[COLUMN, at], strip.marks[PLACE, at] = words[s, j], np.uint32(j)
                strip.counts[at] = left[j]
                top = max(top, left[j])
                filled += 1
        if filled > TOGETHER - PAD or (filled > 0 and end == n):
            if family == LINEAR:
                linear_trains(
                    strip.w, strip.numbers, strip.marks, strip.counts, filled, top, additive, noise.sigma, key0, key1
                )
            else:
                for p in range(top):
                    pulse = np.uint32(np.uint32(p) * _GOLDEN)
                    for k in range(np.uintp((filled + PAD - 1) // PAD * PAD)):
                        strip.marks[NOISE, k] = cell_word(key0, key1, np.uint32(strip.marks[COLUMN, k] + pulse))
                    pulse_strip(strip, filled, p, family, additive, table, noise)
            for k in range(np.uintp(filled)):
                w[d, i, np.uintp(strip.marks[PLACE, k])] = strip.w[zero, zero, k]
            filled, top = 0, np.int32(0)


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

    The first `positive` of these lanes have positive inputs (`scattered_cells.split_lanes`), so that every row is two
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
            seen[zero, k] = w[zero, zero, k] + write_noise * light_normal(marks[READ, k])
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
