"""Pulsed updates of stepped devices in the default mode: the pulses of a train in closed form, any family, pairs too.

The same trains and the same order as in `stepped_update.update_stepped`: rows outside, samples inside. The cells of a
row are met in one of three ways: they are moved where they stand; or, of pairs that go both ways, the devices that move
are chosen into a row of scratch first; or few columns fire, and their cells are gathered into scratch. A cell's noise
does not depend on which.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.coarse_steps import step_left
from aimcsim.crossbar.counter_hash import row_keys, sample_keys, slot_keys, word
from aimcsim.crossbar.curved_cells import Noise, exp_cells, nodes_cells, power_cells
from aimcsim.crossbar.families import ADDITIVE, EXP, LINEAR, POWER
from aimcsim.crossbar.family_cells import additive_cells, linear_cells, single_cells
from aimcsim.crossbar.piece_table import PieceTable, find_pieces
from aimcsim.crossbar.pulses import STOCHASTIC, TrainRules, implied_counts, largest
from aimcsim.crossbar.row_choice import (
    choose_devices,
    choose_directions,
    gather_cells,
    return_devices,
    return_weights,
    scatter_cells,
)
from aimcsim.crossbar.row_state import date_row, finish_lanes, read_row, subtract_row
from aimcsim.crossbar.soft_bounds_rows import count_line
from aimcsim.crossbar.stepped_update import refresh_row
from aimcsim.crossbar.stepping import Law
from aimcsim.crossbar.trains import draw_trains, plan_lines

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]
Counts = NDArray[np.int32]

#: Rows are fewer than this; its keys make the columns' words.
_NO_ROW: Final = 0xFFFFFFFF
#: Slots of a row's keys: parts of a train after the first.
PART_SLOT: Final = 1 << 22
_FLIP = np.int32(-(2**31))
#: How the inputs of a sample point.
POSITIVE, NEGATIVE, MIXED = range(3)


@njit(nogil=True, cache=True)
def signs_of(x: Floats, sample: int, n: int) -> int:
    """Whether the first n inputs of a sample are all ≥ 0, all ≤ 0, or mixed."""
    low, high, s = np.float32(0.0), np.float32(0.0), np.uintp(sample)
    for j in range(np.uintp(n)):
        low, high = min(low, x[s, j]), max(high, x[s, j])
    if low < 0.0:
        return MIXED if high > 0.0 else NEGATIVE
    return POSITIVE


@njit(nogil=True, cache=True)
def take_part(part: Counts, counts: Counts, n: int, taken: int, most: int) -> None:
    """What is left of the counts after `taken` pulses, at most `most`."""
    low, high = np.int32(taken), np.int32(most)
    for j in range(np.uintp(n)):
        part[j] = min(max(np.int32(counts[j] - low), np.int32(0)), high)


@njit(nogil=True, cache=True)
def move_cells(
    family: int,
    single: bool,
    additive: bool,
    w: Floats,
    device: int,
    row: int,
    numbers: Floats,
    place: int,
    up: int,
    down: int,
    x: Floats,
    words: Words,
    s: int,
    n: int,
    flip: np.int32,
    counts: Counts,
    left: Counts,
    pieces: Floats,
    nodes: Floats,
    table: PieceTable,
    noise: Noise,
    k0: np.uint32,
    k1: np.uint32,
) -> None:
    """`counts[j]` pulses on cells j < n of a row of any family (`family_cells` has the arguments).

    `single`: no count is above 1. `left` (in,) and `pieces` (3, in) are scratch.
    """
    sigma = noise.sigma
    some = False
    if family == LINEAR and single:
        single_cells(w, device, row, numbers, place, up, down, x, words, s, n, flip, counts, sigma, additive, k0, k1)
    elif family == LINEAR and additive:
        some = additive_cells(
            w, device, row, numbers, place, up, down, x, words, s, n, flip, counts, left, sigma, k0, k1
        )
    elif family == LINEAR:
        some = linear_cells(w, device, row, numbers, place, up, down, x, words, s, n, flip, counts, left, sigma, k0, k1)
    elif family == POWER:
        some = power_cells(w, device, row, numbers, place, up, words, s, n, counts, left, noise, k0, k1)
    elif family == EXP:
        some = exp_cells(w, device, row, numbers, place, up, words, s, n, counts, left, noise, k0, k1)
    else:
        find_pieces(pieces, w, device, row, numbers, place, up, n, table)
        some = nodes_cells(w, device, row, numbers, place, up, words, s, n, counts, left, pieces, noise, k0, k1)
    if some:
        step_left(family, w, device, row, numbers, place, up, down, x, words, s, n, flip, left, nodes, noise, k0, k1)


@njit(nogil=True, cache=True)
def move_train(
    family: int,
    single: bool,
    additive: bool,
    w: Floats,
    device: int,
    row: int,
    numbers: Floats,
    place: int,
    up: int,
    down: int,
    x: Floats,
    words: Words,
    s: int,
    n: int,
    flip: np.int32,
    counts: Counts,
    top: int,
    most: int,
    part: Counts,
    left: Counts,
    pieces: Floats,
    nodes: Floats,
    table: PieceTable,
    noise: Noise,
    k0: np.uint32,
    k1: np.uint32,
) -> None:
    """As `move_cells`, `most` of the at most `top` pulses at a time; `part` (in,) is scratch."""
    if top <= most:
        move_cells(
            family, single, additive, w, device, row, numbers, place, up, down, x, words, s, n, flip, counts, left,
            pieces, nodes, table, noise, k0, k1,
        )  # fmt: skip
        return
    for taken in range(0, top, most):
        take_part(part, counts, n, taken, most)
        a, b = slot_keys(k0, k1, PART_SLOT + taken)
        move_cells(
            family, single, additive, w, device, row, numbers, place, up, down, x, words, s, n, flip, part, left,
            pieces, nodes, table, noise, a, b,
        )  # fmt: skip


@njit(nogil=True, cache=True)
def update_families(
    conductances: Floats,
    hidden: Floats,
    shown: Floats,
    planes: Floats,
    numbers: Floats,
    kept: int,
    table: PieceTable,
    most: int,
    noise: Noise,
    resets: Floats,
    nodes: Floats,
    anchors: Floats,
    written: NDArray[np.float64],
    clock: float,
    law: Law,
    x: Floats,
    d: Floats,
    rate: float,
    rules: TrainRules,
    keys: NDArray[np.uint32],
    first_sample: int,
) -> int:
    """As `stepped_update.update_stepped`, with the pulses of a train in closed form, `most` at a time.

    `numbers` to `noise` are those of `family_form.FamilyForm`.
    """
    n, columns = x.shape
    rows = d.shape[1]
    pair = hidden.shape[0] == 2
    total, slots, factors, x, d = plan_lines(x, d, rate, rules, keys, first_sample)
    refreshing = pair and law.refresh_every > 0
    if total < 0 or (total == 0 and not refreshing):
        return total
    stochastic = rules.pulse_type == STOCHASTIC
    column_bits, row_bits, inputs, lanes, width, awake = draw_trains(
        x, d, slots, factors, stochastic, rules.phases, keys, first_sample
    )
    noise_keys = np.empty((n, 2), np.uint32)
    words = np.zeros((n, columns), np.uint32)
    signs = np.empty(n, np.int64)
    for s in range(n):
        noise_keys[s, 0], noise_keys[s, 1] = sample_keys(keys[2, 0], keys[2, 1], first_sample + s)
        key0, key1 = row_keys(noise_keys[s, 0], noise_keys[s, 1], _NO_ROW)
        for k in range(np.uintp(width[s])):
            words[np.uintp(s), k] = word(key0, key1, lanes[np.uintp(s), k])
        signs[s] = signs_of(inputs, s, width[s])
    family, additive = law.family, law.noise_mode == ADDITIVE
    write_noise = np.float32(law.write_noise)
    dated = written.shape[0] > 0
    follows = pair or dated or write_noise > np.float32(0.0)
    counts, part, left = np.zeros(columns, np.int32), np.zeros(columns, np.int32), np.zeros(columns, np.int32)
    scratch_w = np.zeros((1, 1, columns), np.float32)
    scratch = np.zeros((1, 2 + kept, columns), np.float32)
    pieces = np.zeros((3, columns), np.float32)
    for i in range(rows):
        for s in range(n):
            key0, key1 = row_keys(noise_keys[s, 0], noise_keys[s, 1], i)
            if awake[i, s]:
                size, length = width[s], slots[s] * rules.phases
                positive = d[s, i] * rate > 0.0
                flip = np.int32(0) if positive else _FLIP
                if stochastic:
                    count_line(counts, column_bits, row_bits, s, i, size)
                else:
                    expected = slots[s] * min(factors[s, 0] * abs(d[s, i]), 1.0)
                    implied_counts(counts, inputs[s], factors[s, 1], expected, 0, size)
                packed, mixed = size < columns, signs[s] == MIXED
                chosen = mixed and not packed and (pair or family != LINEAR)
                if packed:
                    gather_cells(scratch_w, scratch, hidden, numbers, i, lanes, inputs, s, size, flip)
                elif chosen and not pair:
                    choose_directions(scratch_w, scratch, hidden, numbers, i, inputs, s, size, flip)
                elif chosen:
                    choose_devices(scratch_w, scratch, hidden, numbers, i, inputs, s, size, flip)
                # One way: both directions are that one.
                side = 1 if positive == (signs[s] == POSITIVE) else 0
                device, place = (side, 2 * i + side) if pair else (0, i)
                up = 2 + kept if not pair and not mixed and side == 1 else 2
                down = 2 + kept if not pair and (mixed or side == 1) else 2
                single = length == 1
                top = length if length <= most else largest(counts, size)
                if packed or chosen:
                    move_train(
                        family, single, additive, scratch_w, 0, 0, scratch, 0, 2, 2, inputs, words, s, size, flip,
                        counts, top, most, part, left, pieces, nodes, table, noise, key0, key1,
                    )  # fmt: skip
                elif single and family == LINEAR:
                    single_cells(
                        hidden, device, i, numbers, place, up, down, inputs, words, s, size, flip, counts, noise.sigma,
                        additive, key0, key1,
                    )  # fmt: skip
                else:
                    move_train(
                        family, single, additive, hidden, device, i, numbers, place, up, down, inputs, words, s, size,
                        flip, counts, top, most, part, left, pieces, nodes, table, noise, key0, key1,
                    )  # fmt: skip
                if packed:
                    scatter_cells(scratch_w, hidden, i, lanes, inputs, s, size, flip)
                elif chosen and not pair:
                    return_weights(scratch_w, hidden, i, size)
                elif chosen:
                    return_devices(scratch_w, hidden, i, inputs, s, size, flip)
                if follows and packed:
                    finish_lanes(
                        conductances, hidden, shown, anchors, written, clock, i, lanes, inputs, words, s, size, flip,
                        counts, write_noise, key0, key1,
                    )  # fmt: skip
                elif follows:
                    if write_noise > np.float32(0.0):
                        read_row(hidden, shown, i, inputs, words, s, size, flip, counts, write_noise, key0, key1)
                    if dated:
                        date_row(hidden, anchors, written, clock, i, inputs, s, size, flip, counts)
                    if pair:
                        subtract_row(conductances, shown, i)
            if refreshing and (first_sample + s + 1) % law.refresh_every == 0:
                refresh_row(
                    conductances, hidden, shown, planes, resets, nodes, anchors, written, clock, i, law, key0, key1
                )
    return total
