"""Writes of single lines to soft-bounds arrays, in the exact mode (`line_trains`)."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.counter_hash import FAST
from aimcsim.crossbar.devices import BOUND_DOWN, BOUND_UP, RATE_DOWN, RATE_UP
from aimcsim.crossbar.lanes import bits_of
from aimcsim.crossbar.line_trains import (
    PAD,
    PLAIN0,
    PLAIN1,
    ROW,
    Hits,
    find_hits,
    line_word,
    plan_writes,
    room_for,
    words_at,
)
from aimcsim.crossbar.pulses import TrainRules
from aimcsim.crossbar.soft_bounds_trains import (
    AHEAD,
    BEHIND,
    BUFFER_ROWS,
    RATE,
    SIGN,
    SPREAD,
    W,
    even_pulses,
    one_pulse,
    two_pulses,
)

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]


@njit(nogil=True, cache=True)
def write_exact(
    conductances: Floats,
    planes: Floats,
    rules: TrainRules,
    noise: float,
    multiplicative: bool,
    keys: Words,
    lines: NDArray[np.int64],
    d: Floats,
    rate: float,
    first_sample: int,
) -> int:
    """As `update.update_pulsed` for x of one at `lines` (n,), of arrays with more than four lines."""
    total, slots, factors, x, d = plan_writes(lines, d, rate, rules, keys, first_sample, conductances.shape[1])
    if total <= 0:
        return total
    hits = room_for(d.shape[1], slots)
    sigma, room = np.float32(noise), hits.counts.shape[0]
    # Of single pulses two cells would share a word: the second half are cells without pulses.
    cells, counts = np.zeros((BUFFER_ROWS, 2 * room), np.float32), np.zeros(2 * room, np.int32)
    words = np.zeros((1, room), np.uint32)
    for s in range(lines.shape[0]):
        line, sample = lines[s], first_sample + s
        if slots[s] == 0:
            continue
        m = find_hits(hits, line, x[s], d[s], rate, slots[s], factors[s], rules, keys, sample)
        column = line_word(keys, sample, line)[2]
        take_cells(cells, conductances, planes, line, hits, m, sigma, multiplicative)
        reach = (m + PAD - 1) // PAD * PAD
        counts[:reach], counts[reach:] = hits.counts[:reach], 0
        for q in range((counts.max() + 1) // 2):
            if sigma == np.float32(0.0):
                even_pulses(cells, counts, reach, 2 * q)
                continue
            words_at(words, hits, reach, column, q)
            if slots[s] * rules.phases == 1:
                one_pulse(cells, counts, words, 0, 2 * reach, multiplicative, PLAIN0, PLAIN1)
            else:
                two_pulses(cells, counts, words, 0, reach, 2 * q, multiplicative, PLAIN0, PLAIN1)
        for k in range(m):
            conductances[hits.marks[ROW, k], line] = cells[SIGN, k] * cells[W, k]
    return total


@njit(nogil=True, cache=True, fastmath=FAST)
def take_cells(
    cells: Floats,
    conductances: Floats,
    planes: Floats,
    line: int,
    hits: Hits,
    n: int,
    noise: np.float32,
    multiplicative: bool,
) -> None:
    """The first n hits of a line into `cells`, as `soft_bounds_trains.gather_cells` takes those of a row."""
    j, zero = np.uintp(line), np.uintp(0)
    for k in range(np.uintp(n)):
        i = np.uintp(hits.marks[np.uintp(ROW), k])
        falling = bits_of(hits.x[zero, k]) >= 0
        sign = np.float32(-1.0) if falling else np.float32(1.0)
        high, low = planes[BOUND_UP, i, j], planes[BOUND_DOWN, i, j]
        rate = planes[np.uintp(RATE_DOWN) if falling else np.uintp(RATE_UP), i, j]
        bound = sign * (low if falling else high)
        cells[W, k], cells[RATE, k], cells[AHEAD, k] = sign * conductances[i, j], rate, bound
        cells[BEHIND, k] = sign * (high if falling else low)
        spread = noise * rate
        cells[SPREAD, k] = spread if multiplicative else spread * bound
        cells[SIGN, k] = sign
