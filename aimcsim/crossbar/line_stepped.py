"""Writes of single lines to stepped devices of any family, in the exact mode (`line_trains`)."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.counter_hash import FAST, normal, row_keys, slot_keys, word
from aimcsim.crossbar.families import ADDITIVE, DOWN, EXP, LINEAR, POWER, UP
from aimcsim.crossbar.lanes import bits_of
from aimcsim.crossbar.line_trains import (
    KEY0,
    KEY1,
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
from aimcsim.crossbar.pulse_normals import fill_pairs
from aimcsim.crossbar.pulses import TrainRules, largest
from aimcsim.crossbar.stepped_update import WRITE_SLOT, pack_cell, refresh_row
from aimcsim.crossbar.stepping import STRIP_ROWS, Law, curved_pulse, linear_pulse, nodes_pulse

Floats = NDArray[np.float32]


@njit(nogil=True, cache=True)
def write_stepped(
    conductances: Floats,
    hidden: Floats,
    shown: Floats,
    planes: Floats,
    resets: Floats,
    nodes: Floats,
    anchors: Floats,
    written: NDArray[np.float64],
    clock: float,
    law: Law,
    lines: NDArray[np.int64],
    d: Floats,
    rate: float,
    rules: TrainRules,
    keys: NDArray[np.uint32],
    first_sample: int,
) -> int:
    """As `stepped_update.update_stepped` for x of one at `lines` (n,), of arrays with more than four lines."""
    rows, columns = conductances.shape
    total, slots, factors, x, d = plan_writes(lines, d, rate, rules, keys, first_sample, columns)
    pair = hidden.shape[0] == 2
    refreshing = pair and law.refresh_every > 0
    if total < 0 or (total == 0 and not refreshing):
        return total
    hits = room_for(rows, slots)
    cells = np.zeros((STRIP_ROWS, hits.counts.shape[0]), np.float32)
    for s in range(lines.shape[0]):
        line, sample = lines[s], first_sample + s
        key0, key1, column = line_word(keys, sample, line)
        if slots[s] > 0:
            n = find_hits(hits, line, x[s], d[s], rate, slots[s], factors[s], rules, keys, sample)
            for k in range(n):
                up = bits_of(hits.x[0, k]) < 0
                device, first = 1 if pair and not up else 0, UP if pair or up else DOWN
                pack_cell(cells, k, hidden, planes, device, first, np.intp(hits.marks[ROW, k]), line)
            step_hits(cells, hits, n, column, law, nodes)
            return_hits(
                conductances, hidden, shown, anchors, written, clock, cells, hits, n, line, np.float32(law.write_noise)
            )
        if refreshing and (sample + 1) % law.refresh_every == 0:
            for i in range(rows):
                a, b = row_keys(key0, key1, i)
                refresh_row(conductances, hidden, shown, planes, resets, nodes, anchors, written, clock, i, law, a, b)
    return total


@njit(nogil=True, cache=True)
def step_hits(cells: Floats, hits: Hits, n: int, column: np.uint32, law: Law, nodes: Floats) -> None:
    """All pulses of the first n hits, as `stepping.step_strip` with the keys of each cell's own row."""
    sigma, additive = np.float32(law.sigma), law.noise_mode == ADDITIVE
    add, slope = np.float32(law.noise_add), np.float32(law.noise_slope)
    reach = (n + PAD - 1) // PAD * PAD
    words, z = np.zeros((1, reach), np.uint32), np.zeros((2, reach), np.float32)
    counts = hits.counts
    for p in range(largest(counts, n)):
        which = p % 2
        if which == 0 and law.sigma > 0.0:
            words_at(words, hits, reach, column, p // 2)
            fill_pairs(z, words[0], reach, PLAIN0, PLAIN1)
        if law.family == LINEAR:
            linear_pulse(cells, counts, reach, p, z, which, sigma, additive)
        elif law.family == POWER or law.family == EXP:
            curved_pulse(cells, counts, reach, p, z, which, sigma, law.family == POWER, additive, add, slope)
        else:
            nodes_pulse(cells, counts, reach, p, z, which, sigma, nodes)


@njit(nogil=True, cache=True, fastmath=FAST)
def return_hits(
    conductances: Floats,
    hidden: Floats,
    shown: Floats,
    anchors: Floats,
    written: NDArray[np.float64],
    clock: float,
    cells: Floats,
    hits: Hits,
    n: int,
    line: int,
    write_noise: np.float32,
) -> None:
    """Store n stepped cells of a line, as `stepped_update.write_back` stores those of a row."""
    pair = hidden.shape[0] == 2
    for k in range(n):
        i, device = np.intp(hits.marks[ROW, k]), 1 if pair and bits_of(hits.x[0, k]) >= 0 else 0
        moved = cells[0, k]
        hidden[device, i, line] = moved
        if write_noise > np.float32(0.0):
            a, b = slot_keys(hits.marks[KEY0, k], hits.marks[KEY1, k], WRITE_SLOT + device)
            moved = moved + write_noise * normal(word(a, b, np.uint32(line)))
        shown[device, i, line] = moved
        conductances[i, line] = shown[0, i, line] - shown[1, i, line] if pair else shown[0, i, line]
        if written.shape[0] > 0:
            anchors[device, i, line] = cells[0, k]
            written[device, i, line] = clock
