"""Pulsed updates of stepped devices in the default mode: the pulses of a train in closed form, any family, pairs too.

The same trains and the same order as in `stepped_update.update_stepped`: rows outside, samples inside. The cells of a
row are met in one of three ways: they are moved where they stand; or, of pairs that go both ways, the devices that move
are chosen into a row of scratch first; or few columns fire, and their cells are gathered into scratch. Single pulses on
few cells are gathered from all rows together (`strewn_pulses`). A cell's noise does not depend on which.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.coarse_steps import step_coarse
from aimcsim.crossbar.counter_hash import row_keys
from aimcsim.crossbar.curved_moves import offsets_of
from aimcsim.crossbar.families import ADDITIVE, LINEAR, NODES
from aimcsim.crossbar.family_form import unpacked_scalars
from aimcsim.crossbar.family_row import move_linear, move_train
from aimcsim.crossbar.family_rows import constant_rows, single_rows
from aimcsim.crossbar.piece_table import EIGHT, PieceTable
from aimcsim.crossbar.pulses import STOCHASTIC, implied_counts, largest
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
from aimcsim.crossbar.strewn_cells import empty_strip
from aimcsim.crossbar.strewn_pulses import single_pulses
from aimcsim.crossbar.train_noise import FLIP, MIXED, POSITIVE, are_strewn, draw_words, signs_of
from aimcsim.crossbar.trains import draw_trains, plan_lines

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]
Counts = NDArray[np.int32]

#: How a sample's cells are reached: by the loops of `family_rows`, or row by row as any family's.
ANY, SINGLE, CONSTANT = range(3)


@njit(nogil=True, cache=True)
def update_families(
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
    keys: NDArray[np.uint32],
    clock: float,
    x: Floats,
    d: Floats,
    rate: float,
    first_sample: int,
) -> int:
    """As `stepped_update.update_stepped`, with the pulses of a train in closed form.

    `numbers` are those of a `family_form.FamilyForm`; ends, starts and grid its `PieceTable`; `scalars` come from
    `family_form.scalars_of`.
    """
    kept, most, noise, constant, law, rules = unpacked_scalars(scalars)
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
    table = PieceTable(ends, starts, grid)
    one_train = stochastic and rules.phases == 1
    strewn = are_strewn(one_train, slots, width, columns)
    noise_keys, words, positives = draw_words(lanes, x, width, np.full(n, strewn), keys, first_sample)
    signs = np.empty(n, np.int64)
    for s in range(n):
        signs[s] = signs_of(inputs, s, width[s])
    family, additive = law.family, law.noise_mode == ADDITIVE
    write_noise = np.float32(law.write_noise)
    dated = written.shape[0] > 0
    strip = empty_strip()
    if strewn:
        for s in range(n):
            single_pulses(
                family, additive, conductances, hidden, shown, anchors, written, clock, numbers, kept, d, rate, lanes,
                positives[s], width[s], awake, words, s, strip, table, noise, write_noise, noise_keys[s, 0],
                noise_keys[s, 1],
            )  # fmt: skip
            if refreshing and (first_sample + s + 1) % law.refresh_every == 0:
                for i in range(rows):
                    key0, key1 = row_keys(noise_keys[s, 0], noise_keys[s, 1], i)
                    refresh_row(
                        conductances, hidden, shown, planes, resets, nodes, anchors, written, clock, i, law, key0, key1
                    )
        return total
    follows = pair or dated or write_noise > np.float32(0.0)
    way = np.empty(n, np.int64)
    plain = one_train and family == LINEAR and not dated and not refreshing
    for s in range(n):
        whole = plain and width[s] == columns
        way[s] = ANY
        if whole and slots[s] == 1 and signs[s] != MIXED:
            way[s] = SINGLE
        elif whole and constant and not follows and 1 < slots[s] <= 32:
            way[s] = CONSTANT
    if (way == SINGLE).all():
        single_rows(
            conductances, hidden, shown, numbers, kept, constant, additive, 0, rows, 0, n, d, rate, column_bits, awake,
            signs, words, noise_keys, noise.sigma, write_noise,
        )  # fmt: skip
        return total
    if (way == CONSTANT).all():
        constant_rows(
            hidden, numbers, kept, 0, rows, 0, n, d, rate, inputs, column_bits, row_bits, awake, words, noise_keys,
            noise.sigma,
        )  # fmt: skip
        return total
    offsets = offsets_of(numbers, kept, pair)
    # Of many pieces the one on which a cell stands is found for one direction at a time.
    tabled = family == NODES and ends.shape[1] > EIGHT
    counts, part, left = np.zeros(columns, np.int32), np.zeros(columns, np.int32), np.zeros(columns, np.int32)
    scratch_w = np.zeros((1, 1, columns), np.float32)
    scratch = np.zeros((1, 2 + kept, columns), np.float32)
    pieces = np.zeros((3, columns), np.float32)
    for i in range(rows):
        for s in range(n):
            key0, key1 = row_keys(noise_keys[s, 0], noise_keys[s, 1], i)
            if way[s] == SINGLE:
                single_rows(
                    conductances, hidden, shown, numbers, kept, constant, additive, i, i + 1, s, s + 1, d, rate,
                    column_bits, awake, signs, words, noise_keys, noise.sigma, write_noise,
                )  # fmt: skip
            elif way[s] == CONSTANT:
                constant_rows(
                    hidden, numbers, kept, i, i + 1, s, s + 1, d, rate, inputs, column_bits, row_bits, awake, words,
                    noise_keys, noise.sigma,
                )  # fmt: skip
            elif awake[i, s]:
                size, length = width[s], slots[s] * rules.phases
                positive = d[s, i] * rate > 0.0
                flip = np.int32(0) if positive else FLIP
                packed, mixed = size < columns, signs[s] == MIXED
                # One way: both directions are that one.
                side = 1 if positive == (signs[s] == POSITIVE) else 0
                device, place = (side, 2 * i + side) if pair else (0, i)
                up = 2 + kept if not pair and not mixed and side == 1 else 2
                down = 2 + kept if not pair and (mixed or side == 1) else 2
                if stochastic:
                    count_line(counts, column_bits, row_bits, s, i, size)
                else:
                    expected = slots[s] * min(factors[s, 0] * abs(d[s, i]), 1.0)
                    implied_counts(counts, inputs[s], factors[s, 1], expected, 0, size)
                chosen = mixed and not packed and (pair or tabled)
                if packed:
                    gather_cells(scratch_w, scratch, hidden, numbers, i, lanes, inputs, s, size, flip)
                elif chosen and not pair:
                    choose_directions(scratch_w, scratch, hidden, numbers, i, inputs, s, size, flip)
                elif chosen:
                    choose_devices(scratch_w, scratch, hidden, numbers, i, inputs, s, size, flip)
                top = length if length <= most else largest(counts, size)
                w, held, row = hidden, numbers, i
                if packed or chosen:
                    w, held, row, device, place, up, down = scratch_w, scratch, 0, 0, 0, 2, 2
                if family == LINEAR and top <= most:
                    some = move_linear(
                        length, additive, w, device, row, held, place, up, down, inputs, words, s, size, flip, counts,
                        left, noise.sigma, key0, key1,
                    )  # fmt: skip
                    if some:
                        step_coarse(
                            family, additive, w, device, row, held, kept, place, up, down, inputs, words, s, size, flip,
                            left, strip, table, noise, key0, key1,
                        )  # fmt: skip
                else:
                    move_train(
                        family, length, additive, w, device, row, held, kept, place, up, down, inputs, words, s, size,
                        flip, counts, top, most, part, left, pieces, strip, table, offsets, noise, key0, key1,
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
