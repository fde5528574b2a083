"""Pulsed updates of stepped devices in the default mode: the pulses of a train in closed form, any family, pairs too.

The same trains and the same order as in `stepped_update.update_stepped`: rows outside, samples inside. The cells of a
row are met in one of three ways. All go the same way, and are moved where they stand; or the numbers of each cell's
direction are chosen into a row of scratch first (of pairs, its device too); or few columns fire, and their cells are
gathered into scratch. A cell's noise does not depend on which.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.coarse_cells import step_left
from aimcsim.crossbar.counter_hash import row_keys, sample_keys, slot_keys, word
from aimcsim.crossbar.curved_cells import Noise, exp_cells, nodes_cells, power_cells
from aimcsim.crossbar.families import ADDITIVE, EXP, LINEAR, POWER
from aimcsim.crossbar.family_cells import additive_cells, linear_cells, single_cells
from aimcsim.crossbar.piece_table import PieceTable, find_pieces
from aimcsim.crossbar.pulses import STOCHASTIC, TrainRules, implied_counts, largest
from aimcsim.crossbar.row_choice import choose_numbers, choose_states, gather_cells, return_states, scatter_cells
from aimcsim.crossbar.row_state import date_row, finish_lanes, read_row, subtract_row
from aimcsim.crossbar.soft_bounds_fast import count_line
from aimcsim.crossbar.stepped_update import refresh_row
from aimcsim.crossbar.stepping import Law
from aimcsim.crossbar.update import draw_trains, plan_lines

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
    low, high = np.float32(0.0), np.float32(0.0)
    for j in range(n):
        low, high = min(low, x[sample, j]), max(high, x[sample, j])
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
    bounds: Floats,
    numbers: Floats,
    side: int,
    place: int,
    words: Words,
    sample: int,
    n: int,
    counts: Counts,
    left: Counts,
    levels: Floats,
    nodes: Floats,
    noise: Noise,
    table: PieceTable,
    key0: np.uint32,
    key1: np.uint32,
) -> None:
    """`counts[j]` pulses on cells j < n of a row of any family (`family_cells` has the arguments).

    `single`: no count is above 1. `levels` (3, in) is scratch.
    """
    sigma = noise.sigma
    some = False
    if family == LINEAR:
        if single:
            single_cells(
                w, device, row, bounds, numbers, side, place, words, sample, n, counts, sigma, additive, key0, key1
            )
        elif additive:
            some = additive_cells(
                w, device, row, bounds, numbers, side, place, words, sample, n, counts, left, sigma, key0, key1
            )
        else:
            some = linear_cells(
                w, device, row, bounds, numbers, side, place, words, sample, n, counts, left, sigma, key0, key1
            )
    elif family == POWER:
        some = power_cells(
            w, device, row, bounds, numbers, side, place, words, sample, n, counts, left, noise, key0, key1
        )
    elif family == EXP:
        some = exp_cells(
            w, device, row, bounds, numbers, side, place, words, sample, n, counts, left, noise, key0, key1
        )
    else:
        find_pieces(levels, w, device, row, numbers, side, place, n, table)
        some = nodes_cells(
            w, device, row, bounds, numbers, side, place, words, sample, n, counts, left, levels, noise, key0, key1
        )
    if some:
        step_left(
            family, w, device, row, bounds, numbers, side, place, words, sample, n, left, nodes, noise, key0, key1
        )


@njit(nogil=True, cache=True)
def update_families(
    conductances: Floats,
    hidden: Floats,
    shown: Floats,
    planes: Floats,
    bounds: Floats,
    numbers: Floats,
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

    `bounds` to `noise` are those of `family_form.FamilyForm`. Coarse cells are stepped pulse by pulse.
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
    words = np.empty((n, columns), np.uint32)
    signs = np.empty(n, np.int64)
    for s in range(n):
        noise_keys[s, 0], noise_keys[s, 1] = sample_keys(keys[2, 0], keys[2, 1], first_sample + s)
        key0, key1 = row_keys(noise_keys[s, 0], noise_keys[s, 1], _NO_ROW)
        for k in range(width[s]):
            words[s, k] = word(key0, key1, lanes[s, k])
        signs[s] = signs_of(inputs, s, width[s])
    additive = law.noise_mode == ADDITIVE
    write_noise = np.float32(law.write_noise)
    dated = written.shape[0] > 0
    counts, part, left = np.zeros(columns, np.int32), np.zeros(columns, np.int32), np.zeros(columns, np.int32)
    packed_w = np.zeros((1, 1, columns), np.float32)
    packed_bounds = np.zeros((1, 1, 2, columns), np.float32)
    packed_numbers = np.zeros((1, 1, numbers.shape[2], columns), np.float32)
    levels = np.zeros((3, columns), np.float32)
    for i in range(rows):
        for s in range(n):
            key0, key1 = row_keys(noise_keys[s, 0], noise_keys[s, 1], i)
            if awake[i, s]:
                size = width[s]
                positive = d[s, i] * rate > 0.0
                flip = np.int32(0) if positive else _FLIP
                if stochastic:
                    count_line(counts, column_bits, row_bits, s, i, size)
                else:
                    expected = slots[s] * min(factors[s, 0] * abs(d[s, i]), 1.0)
                    implied_counts(counts, inputs[s], factors[s, 1], expected, 0, size)
                w, device, row, held = hidden, 0, i, bounds
                given, side, place = numbers, 0, i
                packed = size < columns
                mixed = signs[s] == MIXED
                if packed:
                    gather_cells(
                        packed_w,
                        packed_bounds,
                        packed_numbers,
                        hidden,
                        bounds,
                        numbers,
                        i,
                        lanes,
                        inputs,
                        s,
                        size,
                        flip,
                    )
                    w, row, held, given, place = packed_w, 0, packed_bounds, packed_numbers, 0
                elif mixed:
                    choose_numbers(packed_numbers, numbers, i, inputs, s, size, flip)
                    given, place = packed_numbers, 0
                    if pair:
                        choose_states(packed_w, hidden, i, inputs, s, size, flip)
                        choose_numbers(packed_bounds, bounds, i, inputs, s, size, flip)
                        w, row, held = packed_w, 0, packed_bounds
                else:
                    side = 1 if positive == (signs[s] == POSITIVE) else 0
                    device = side if pair else 0
                single = slots[s] * rules.phases == 1
                top = (
                    1
                    if single
                    else (slots[s] * rules.phases if slots[s] * rules.phases <= most else largest(counts, size))
                )
                if top <= most:
                    move_cells(
                        law.family,
                        single,
                        additive,
                        w,
                        device,
                        row,
                        held,
                        given,
                        side,
                        place,
                        words,
                        s,
                        size,
                        counts,
                        left,
                        levels,
                        nodes,
                        noise,
                        table,
                        key0,
                        key1,
                    )
                else:
                    for taken in range(0, top, most):
                        take_part(part, counts, size, taken, most)
                        a, b = slot_keys(key0, key1, PART_SLOT + taken)
                        move_cells(
                            law.family,
                            False,
                            additive,
                            w,
                            device,
                            row,
                            held,
                            given,
                            side,
                            place,
                            words,
                            s,
                            size,
                            part,
                            left,
                            levels,
                            nodes,
                            noise,
                            table,
                            a,
                            b,
                        )
                if packed:
                    scatter_cells(packed_w, hidden, i, lanes, inputs, s, size, flip)
                elif mixed and pair:
                    return_states(packed_w, hidden, i, inputs, s, size, flip)
                if packed:
                    if pair or dated or write_noise > 0.0:
                        finish_lanes(
                            conductances,
                            hidden,
                            shown,
                            anchors,
                            written,
                            clock,
                            i,
                            lanes,
                            inputs,
                            words,
                            s,
                            size,
                            flip,
                            counts,
                            write_noise,
                            key0,
                            key1,
                        )
                else:
                    if write_noise > 0.0:
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
