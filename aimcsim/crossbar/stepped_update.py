"""Exact updates of all devices but plain soft bounds: pulse by pulse, with hidden states, pairs and refresh.

Rows are the outer loop and samples the inner one, as in `update.update_pulsed`. An array of D devices a cell (2 for
one-sided pairs) has its state in `hidden`, (D, out, in): what the pulses move. `shown` is what can be read of it, with
write noise (`hidden` itself where there is none), and the conductance of a cell is shown[0], or shown[0] − shown[1].
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.counter_hash import FAST, normal, row_keys, sample_keys, slot_keys, word
from aimcsim.crossbar.families import DOWN, HIGH, LOW, UP
from aimcsim.crossbar.pulses import STOCHASTIC, TrainRules, coincidences, implied_counts
from aimcsim.crossbar.stepping import STRIP_ROWS, Law, step_strip
from aimcsim.crossbar.train_order import BLOCK, column_words, order_columns
from aimcsim.crossbar.trains import draw_trains, plan_lines

Floats = NDArray[np.float32]

#: Cells packed together: a strip and its normals stay in the first-level cache.
STRIP: Final = 512
#: Slots of a row's noise keys: pulses from 0 on (a train has at most 2**16), then these.
WRITE_SLOT: Final = 1 << 20
RESET_SLOT: Final = (1 << 20) + 2
WORD_SLOT: Final = (1 << 20) + 4
REFRESH_SLOT: Final = 1 << 21


@njit(nogil=True, cache=True, fastmath=FAST)
def write_back(
    conductances: Floats,
    hidden: Floats,
    shown: Floats,
    anchors: Floats,
    written: NDArray[np.float64],
    clock: float,
    cells: Floats,
    row: int,
    lanes: NDArray[np.uint32],
    devices: NDArray[np.int32],
    n: int,
    write_noise: np.float32,
    key0: np.uint32,
    key1: np.uint32,
    slot: int,
) -> None:
    """Store n stepped cells of a row, read them once with write noise, and note when they were written."""
    for j in range(n):
        k, device = lanes[j], devices[j]
        hidden[device, row, k] = cells[0, j]
        if write_noise > np.float32(0.0):
            a, b = slot_keys(key0, key1, slot + device)
            shown[device, row, k] = cells[0, j] + write_noise * normal(word(a, b, k))
        else:
            shown[device, row, k] = cells[0, j]
        if shown.shape[0] == 2:
            conductances[row, k] = shown[0, row, k] - shown[1, row, k]
        else:
            conductances[row, k] = shown[0, row, k]
        if written.shape[0] > 0:
            anchors[device, row, k] = cells[0, j]
            written[device, row, k] = clock


@njit(nogil=True, cache=True, fastmath=FAST)
def pack_cell(
    cells: Floats, at: int, hidden: Floats, planes: Floats, device: int, first: int, row: int, k: int
) -> None:
    """Cell k of a row into place `at` of a strip, with the numbers of the direction whose planes begin at `first`."""
    cells[0, at] = hidden[device, row, k]
    cells[1, at] = planes[device, LOW, row, k]
    cells[2, at] = planes[device, HIGH, row, k]
    for number in range(4):
        cells[3 + number, at] = planes[device, first + number, row, k]


@njit(nogil=True, cache=True, fastmath=FAST)
def refresh_row(
    conductances: Floats,
    hidden: Floats,
    shown: Floats,
    planes: Floats,
    resets: Floats,
    nodes: Floats,
    anchors: Floats,
    written: NDArray[np.float64],
    clock: float,
    row: int,
    law: Law,
    key0: np.uint32,
    key1: np.uint32,
) -> None:
    """Pairs of a row of which both devices are worn: reset both and write their difference back, in open loop."""
    columns = conductances.shape[1]
    length = columns + BLOCK
    cells, z = np.zeros((STRIP_ROWS, length), np.float32), np.empty((2, length), np.float32)
    lanes, devices = np.empty(columns, np.uint32), np.empty(columns, np.int32)
    counts, words = np.empty(length, np.int32), np.empty(length, np.uint32)
    word0, word1 = slot_keys(key0, key1, WORD_SLOT)
    n, top = 0, 0
    for k in range(columns):
        plus, minus = shown[0, row, k], shown[1, row, k]
        if not (max(plus, minus) > law.refresh_above and min(plus, minus) > law.refresh_beside):
            continue
        for device in range(2):
            a, b = slot_keys(key0, key1, RESET_SLOT + device)
            fresh = resets[device, row, k] + np.float32(law.reset_std) * normal(word(a, b, np.uint32(k)))
            low, high = planes[device, LOW, row, k], planes[device, HIGH, row, k]
            hidden[device, row, k] = min(max(fresh, low), high)
            shown[device, row, k] = hidden[device, row, k]
            if written.shape[0] > 0:
                anchors[device, row, k] = hidden[device, row, k]
                written[device, row, k] = clock
        conductances[row, k] = shown[0, row, k] - shown[1, row, k]
        pulses = min(int(np.rint(abs(plus - minus) / law.granularity)), law.refresh_bl)
        lanes[n], devices[n], counts[n] = k, (0 if plus > minus else 1), pulses
        words[n] = word(word0, word1, np.uint32(k))
        pack_cell(cells, n, hidden, planes, devices[n], UP, row, k)
        top = max(top, pulses)
        n += 1
    if n > 0:
        step_strip(cells, counts, words, n, top, z, law, nodes, key0, key1, REFRESH_SLOT)
        noise = np.float32(law.write_noise)
        write_back(
            conductances,
            hidden,
            shown,
            anchors,
            written,
            clock,
            cells,
            row,
            lanes,
            devices,
            n,
            noise,
            key0,
            key1,
            REFRESH_SLOT + WRITE_SLOT,
        )


@njit(nogil=True, cache=True, fastmath=FAST)
def update_stepped(
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
    x: Floats,
    d: Floats,
    rate: float,
    rules: TrainRules,
    keys: NDArray[np.uint32],
    first_sample: int,
) -> int:
    """C −= rate·d xᵀ in expectation, by trains of pulses, in place; x (n, in), d (n, out), C (out, in).

    `planes` (D, PLANES, out, in) and `law` describe the devices, `resets` (D, out, in) is where resets lead (pairs
    only), `anchors` and `written` (D, out, in) what each device was last
    written to and when (no element: not kept), `keys` as in
    `update_pulsed`. Returns the slots of all trains together, or −1−s, with nothing changed, if sample s is not finite.
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
    noise_keys, words = np.empty((n, 2), np.uint32), np.empty((n, columns), np.uint32)
    for s in range(n):
        noise_keys[s, 0], noise_keys[s, 1] = sample_keys(keys[2, 0], keys[2, 1], first_sample + s)
        if slots[s] * rules.phases > 1:
            width[s] = order_columns(column_bits, inputs, lanes, s, width[s], stochastic)
        column_words(words, lanes, s, width[s], noise_keys[s, 0], noise_keys[s, 1])
    length = STRIP + BLOCK
    counts = np.empty(STRIP, np.int32)
    cells, z = np.zeros((STRIP_ROWS, length), np.float32), np.empty((2, length), np.float32)
    hit_lanes, hit_devices = np.empty(STRIP, np.uint32), np.empty(STRIP, np.int32)
    hit_counts, hit_words = np.empty(length, np.int32), np.zeros(length, np.uint32)
    write_noise = np.float32(law.write_noise)
    for i in range(rows):
        for s in range(n):
            key0, key1 = row_keys(noise_keys[s, 0], noise_keys[s, 1], i)
            if awake[i, s]:
                line, lane, size = inputs[s], lanes[s], width[s]
                expected = slots[s] * min(factors[s, 0] * abs(d[s, i]), 1.0)
                sign = np.float32(1.0 if d[s, i] * rate > 0.0 else -1.0)
                for start in range(0, size, STRIP):
                    m = min(STRIP, size - start)
                    if stochastic:
                        top = coincidences(counts, column_bits, row_bits, s, i, start, m)
                    else:
                        top = implied_counts(counts, line, factors[s, 1], expected, start, m)
                    hits = 0
                    for j in range(m):
                        if counts[j] > 0:
                            k = lane[start + j]
                            up = line[start + j] * sign <= np.float32(0.0)
                            device = 1 if pair and not up else 0
                            pack_cell(cells, hits, hidden, planes, device, UP if pair or up else DOWN, i, k)
                            hit_lanes[hits], hit_devices[hits] = k, device
                            hit_counts[hits], hit_words[hits] = counts[j], words[s, start + j]
                            hits += 1
                    if hits > 0:
                        step_strip(cells, hit_counts, hit_words, hits, top, z, law, nodes, key0, key1, 0)
                        write_back(
                            conductances,
                            hidden,
                            shown,
                            anchors,
                            written,
                            clock,
                            cells,
                            i,
                            hit_lanes,
                            hit_devices,
                            hits,
                            write_noise,
                            key0,
                            key1,
                            WRITE_SLOT,
                        )
            if refreshing and (first_sample + s + 1) % law.refresh_every == 0:
                refresh_row(
                    conductances, hidden, shown, planes, resets, nodes, anchors, written, clock, i, law, key0, key1
                )
    return total
