"""Pulsed updates of soft-bounds arrays in the default mode: the pulses of a train in closed form.

The same trains as `update.update_pulsed` and the same order: rows outside, samples inside, so that a row of
conductances is read once for all samples whose trains are kept side by side, and every cell sees the samples in their
order. Coarse cells are left out of the rows: they are gathered before, stepped by themselves, and put back after. Small
arrays have a way of their own for single pulses of many samples (`small_singles`).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.cell_fall import HIGHEST_FALL, LARGEST_NORMAL, LOWEST_FALL
from aimcsim.crossbar.closed_form import DRIFT_DOWN, DRIFT_UP, ClosedForm
from aimcsim.crossbar.coarse_cells import count_coarse, imply_coarse, places_of, step_coarse
from aimcsim.crossbar.counter_hash import FAST
from aimcsim.crossbar.devices import RATE_DOWN, RATE_UP, DeviceArray
from aimcsim.crossbar.pulses import STOCHASTIC, TrainRules, implied_counts, packed_rules, unpacked_rules
from aimcsim.crossbar.single_pulses import KEY0, KEY1, ROW, SAMPLE, single_pulses, visits_of
from aimcsim.crossbar.small_singles import is_small, small_singles
from aimcsim.crossbar.soft_bounds_rows import (
    count_line,
    counted_cells,
    hold_cells,
    pack_cells,
    train_cells,
    train_cells_one_way,
    unpack_cells,
)
from aimcsim.crossbar.train_noise import FLIP, MIXED, POSITIVE, draw_words, signs_of
from aimcsim.crossbar.trains import draw_trains, plan_lines

Floats = NDArray[np.float32]

#: Packed cells are filled up to a multiple of this with what nobody reads: the last vector is a whole one.
_PAD = 32
#: Samples whose trains are kept side by side: so many, or more as long as these are the columns of all of them. The
#: trains then stay in the cache, and a call on thousands of lines allocates nothing large.
FEWEST_TOGETHER = 32
COLUMNS_TOGETHER = 8192


def numbers_of(rules: TrainRules, devices: DeviceArray, closed: ClosedForm) -> NDArray[np.float64]:
    """The scalars of `update_closed_form`: largest drift, cycle noise, whether it is multiplicative, and the rules."""
    return np.concatenate([[closed.top, devices.cycle_noise, devices.multiplicative], packed_rules(rules)])


@njit(nogil=True, cache=True)
def stays_near(top_drift: float, slots: int, noise: float, multiplicative: bool) -> bool:
    """Whether ε of every cell is within the range of `fall`, whatever the normals."""
    reach = top_drift * noise * (1.0 + top_drift) * LARGEST_NORMAL
    lowest = -reach * LARGEST_NORMAL * noise / 4.0
    return multiplicative and lowest >= LOWEST_FALL and top_drift * slots + reach * np.sqrt(slots) <= HIGHEST_FALL


@njit(nogil=True, cache=True)
def update_closed_form(
    conductances: Floats,
    planes: Floats,
    coarse_at: NDArray[np.int64],
    coarse: Floats,
    numbers: NDArray[np.float64],
    keys: NDArray[np.uint32],
    x: Floats,
    d: Floats,
    rate: float,
    first_sample: int,
) -> int:
    """As `update.update_pulsed` on soft bounds, with the pulses of a train in closed form.

    planes, coarse_at and coarse are those of a `ClosedForm`, `numbers` come from `numbers_of`. Trains of one slot
    follow the exact formula.
    """
    rules = unpacked_rules(numbers[3:])
    top_drift, noise, multiplicative = numbers[0], numbers[1], numbers[2] != 0.0
    n, columns = x.shape
    total, slots, factors, x, d = plan_lines(x, d, rate, rules, keys, first_sample)
    if total <= 0:
        return total
    sigma, additive = np.float32(noise), np.float32(0.0 if multiplicative else 1.0)
    one_train = rules.pulse_type == STOCHASTIC and rules.phases == 1
    if one_train and is_small(d.shape[1], columns, n) and slots.max() == 1:
        small_singles(conductances, planes, x, d, factors, rate, keys, first_sample, sigma, additive)
        return total
    together = max(FEWEST_TOGETHER, COLUMNS_TOGETHER // columns)
    for start in range(0, n, together):
        end = min(start + together, n)
        update_together(
            conductances, planes, coarse_at, coarse, top_drift, sigma, multiplicative, rules, keys, x[start:end],
            d[start:end], slots[start:end], factors[start:end], rate, first_sample + start,
        )  # fmt: skip
    return total


# An inlined loop rounds as its caller says, whatever it says itself.
@njit(nogil=True, cache=True, fastmath=FAST)
def update_together(
    conductances: Floats,
    planes: Floats,
    coarse_at: NDArray[np.int64],
    coarse: Floats,
    top_drift: float,
    sigma: np.float32,
    multiplicative: bool,
    rules: TrainRules,
    keys: NDArray[np.uint32],
    x: Floats,
    d: Floats,
    slots: NDArray[np.int64],
    factors: NDArray[np.float64],
    rate: float,
    first_sample: int,
) -> None:
    """The part of `update_closed_form` for samples whose trains are kept side by side; slots and factors as planned."""
    n, columns = x.shape
    if slots.max() == 0:
        return
    stochastic = rules.pulse_type == STOCHASTIC
    column_bits, row_bits, inputs, lanes, width, awake = draw_trains(
        x, d, slots, factors, stochastic, rules.phases, keys, first_sample
    )
    one_train = stochastic and rules.phases == 1
    single = np.empty(n, np.bool_)
    for s in range(n):
        single[s] = one_train and slots[s] <= 1
    noise_keys, words, positives = draw_words(lanes, x, width, single, keys, first_sample)
    near, signs = np.empty(n, np.bool_), np.empty(n, np.int64)
    for s in range(n):
        near[s] = one_train and slots[s] <= 32 and stays_near(top_drift, slots[s], float(sigma), multiplicative)
        signs[s] = signs_of(inputs, s, width[s])
    additive = np.float32(0.0 if multiplicative else 1.0)
    visits, visited = visits_of(awake, noise_keys)
    scratch_z = np.empty(columns, np.float32)
    if single.all():
        single_pulses(
            conductances, planes, visits, 0, visited, d, rate, inputs, column_bits, lanes, positives, width, signs,
            words, sigma, additive, scratch_z,
        )  # fmt: skip
        return
    apart = gather_coarse(conductances, coarse_at)
    counts = np.zeros(columns, np.int32)
    packed_w = np.zeros((1, columns), np.float32)
    packed_planes = np.zeros((4, 1, columns), np.float32)
    for visit in range(visited):
        i, s = int(visits[ROW, visit]), int(visits[SAMPLE, visit])
        if single[s]:
            single_pulses(
                conductances, planes, visits, visit, visit + 1, d, rate, inputs, column_bits, lanes, positives, width,
                signs, words, sigma, additive, scratch_z,
            )  # fmt: skip
            continue
        size = width[s]
        positive = d[s, i] * rate > 0.0
        flip = np.int32(0) if positive else FLIP
        key0, key1 = visits[KEY0, visit], visits[KEY1, visit]
        packed = size < columns
        if not packed and signs[s] != MIXED and near[s]:
            falling = (signs[s] == POSITIVE) == positive
            train = row_bits[s, 0, i]
            wrong = train_cells_one_way(
                conductances, planes, i, words, s, size, falling, column_bits, train, sigma, key0, key1
            )
            if wrong < 0:
                hold_cells(conductances, planes, i, size)
            continue
        w, held, row = conductances, planes, i
        up, down = DRIFT_UP, DRIFT_DOWN
        if packed:
            pack_cells(conductances, planes, up, down, i, lanes, s, size, packed_w, packed_planes)
            w, held, row, up, down = packed_w, packed_planes, 0, RATE_UP, RATE_DOWN
        reach = min((size + _PAD - 1) // _PAD * _PAD, columns) if packed else size
        if near[s]:
            train = row_bits[s, 0, i]
            wrong = train_cells(
                w, held, up, down, row, inputs, words, s, reach, positive, column_bits, train, sigma, key0, key1
            )
            if wrong < 0:
                hold_cells(w, held, row, reach)
        else:
            if stochastic:
                count_line(counts, column_bits, row_bits, s, i, size)
            else:
                expected = slots[s] * min(factors[s, 0] * abs(d[s, i]), 1.0)
                implied_counts(counts, inputs[s], factors[s, 1], expected, 0, size)
            counted_cells(
                w, held, up, down, row, inputs, words, s, reach, flip, counts, sigma, multiplicative, key0, key1
            )
        if packed:
            unpack_cells(conductances, i, lanes, s, size, packed_w)
    if apart.shape[0] > 0:
        coarse_counts = np.empty(apart.shape[0], np.int32)
        scratch = np.empty((4, apart.shape[0]), np.uint32)
        places = np.empty(columns, np.int64)
        for s in range(n):
            if stochastic:
                places_of(places, lanes, s, width[s])
                top = count_coarse(coarse_counts, coarse_at, places, column_bits, row_bits, s)
            else:
                top = imply_coarse(coarse_counts, coarse_at, x, d, s, slots[s], factors[s, 0], factors[s, 1])
            step_coarse(
                apart,
                coarse,
                coarse_at,
                x,
                d,
                s,
                rate,
                coarse_counts,
                top,
                sigma,
                additive,
                noise_keys[s],
                scratch,
            )
        for c in range(apart.shape[0]):
            conductances[coarse_at[0, c], coarse_at[1, c]] = apart[c]


@njit(nogil=True, cache=True)
def gather_coarse(conductances: Floats, at: NDArray[np.int64]) -> Floats:
    """The coarse cells of an array, (k,)."""
    apart = np.empty(at.shape[1], np.float32)
    for c in range(at.shape[1]):
        apart[c] = conductances[at[0, c], at[1, c]]
    return apart
