"""Writes of single lines to soft-bounds arrays, in the default mode (`line_trains`).

Of a cell three numbers are fetched, each from a line of cache of its own. The bound behind it is
fetched only after a step the wrong way, as in `single_pulses.few_cells`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.cell_fall import scaled_normal
from aimcsim.crossbar.closed_form import DRIFT_DOWN, DRIFT_UP, ClosedForm
from aimcsim.crossbar.coarse_cells import step_coarse
from aimcsim.crossbar.counter_hash import FAST, row_keys
from aimcsim.crossbar.devices import BOUND_DOWN, BOUND_UP, RATE_DOWN, RATE_UP
from aimcsim.crossbar.fast_update import stays_near
from aimcsim.crossbar.lanes import bits_of
from aimcsim.crossbar.line_trains import (
    PAD,
    PLAIN0,
    PLAIN1,
    ROW,
    TRAINS,
    Hits,
    find_hits,
    line_word,
    plan_writes,
    room_for,
)
from aimcsim.crossbar.pulses import STOCHASTIC, unpacked_rules
from aimcsim.crossbar.single_pulse_rows import noisy_step
from aimcsim.crossbar.soft_bounds_rows import counted_cells, train_cells
from aimcsim.crossbar.train_noise import NO_ROW

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]

_FAR, _ALL = np.float32(np.inf), np.uint32(0xFFFFFFFF)


class CoarseLines(NamedTuple):
    """The coarse cells of a `ClosedForm`, line after line."""

    #: Where the cells of each line begin, (in + 1,).
    starts: NDArray[np.int64]
    #: Rows and columns of the cells, (2, k), and their rates and bounds, (4, k).
    at: NDArray[np.int64]
    numbers: Floats


def coarse_lines(closed: ClosedForm) -> CoarseLines:
    """The coarse cells in the order of their lines, and of the rows within a line."""
    order = np.argsort(closed.coarse_at[1], kind="stable")
    at = np.ascontiguousarray(closed.coarse_at[:, order])
    starts = np.searchsorted(at[1], np.arange(closed.planes.shape[2] + 1)).astype(np.int64)
    return CoarseLines(starts, at, np.ascontiguousarray(closed.coarse[:, order]))


# An inlined loop rounds as its caller says, whatever it says itself.
@njit(nogil=True, cache=True, fastmath=FAST)
def write_closed_form(
    conductances: Floats,
    planes: Floats,
    starts: NDArray[np.int64],
    coarse_at: NDArray[np.int64],
    coarse: Floats,
    numbers: NDArray[np.float64],
    keys: Words,
    lines: NDArray[np.int64],
    d: Floats,
    rate: float,
    first_sample: int,
) -> int:
    """As `fast_update.update_closed_form` for x of one at `lines` (n,); starts, coarse_at, coarse of `CoarseLines`."""
    rules = unpacked_rules(numbers[3:])
    top_drift, noise, multiplicative = numbers[0], numbers[1], numbers[2] != 0.0
    columns = conductances.shape[1]
    total, slots, factors, x, d = plan_writes(lines, d, rate, rules, keys, first_sample, columns)
    if total <= 0:
        return total
    one_train = rules.pulse_type == STOCHASTIC and rules.phases == 1
    sigma, additive = np.float32(noise), np.float32(0.0 if multiplicative else 1.0)
    none = np.int32(0)
    hits = room_for(d.shape[1], slots)
    trains = hits.marks[TRAINS:].reshape((1, hits.marks.shape[0] - TRAINS, hits.marks.shape[1]))
    w = np.zeros((1, hits.counts.shape[0]), np.float32)
    held = np.zeros((4, 1, hits.counts.shape[0]), np.float32)
    for s in range(lines.shape[0]):
        line, sample = lines[s], first_sample + s
        if slots[s] == 0:
            continue
        m = find_hits(hits, line, x[s], d[s], rate, slots[s], factors[s], rules, keys, sample)
        reach = (m + PAD - 1) // PAD * PAD
        single = one_train and slots[s] == 1
        up, down = (RATE_UP, RATE_DOWN) if single else (DRIFT_UP, DRIFT_DOWN)
        take_line(w, held, conductances, planes, up, down, line, hits, m)
        if single:
            single_cells(w, held, hits, reach, sigma, additive)
        elif one_train and slots[s] <= 32 and stays_near(top_drift, slots[s], noise, multiplicative):
            train_cells(
                w, held, RATE_UP, RATE_DOWN, 0, hits.x, hits.words, 0, reach, True, trains, _ALL, sigma, PLAIN0, PLAIN1
            )  # fmt: skip
        else:
            counted_cells(
                w, held, RATE_UP, RATE_DOWN, 0, hits.x, hits.words, 0, reach, none, hits.counts, sigma, multiplicative,
                PLAIN0, PLAIN1,
            )  # fmt: skip
        if not single and starts[line + 1] > starts[line]:
            begin, end = starts[line], starts[line + 1]
            at, own = coarse_at[:, begin:end].copy(), coarse[:, begin:end].copy()
            step_coarse_hits(w, conductances, at, own, d[s], rate, hits, m, sigma, additive, keys, sample)
        return_line(w, conductances, planes, line, hits, m)
    return total


@njit(nogil=True, cache=True)
def take_line(
    w: Floats, held: Floats, conductances: Floats, planes: Floats, up: int, down: int, line: int, hits: Hits, n: int
) -> None:
    """The first n hits of a line into w (1, ·) and held (4, 1, ·), for the loops of `soft_bounds_rows`.

    The planes `up` and `down` become RATE_UP and RATE_DOWN, of which only the one in whose direction the cell goes is
    there; the bound behind it is infinite.
    """
    j, zero = np.uintp(line), np.uintp(0)
    up_plane, down_plane = np.uintp(up), np.uintp(down)
    for k in range(np.uintp(n)):
        i = np.uintp(hits.marks[np.uintp(ROW), k])
        falling = bits_of(hits.x[zero, k]) >= 0
        w[zero, k] = conductances[i, j]
        pace = planes[down_plane if falling else up_plane, i, j]
        bound = planes[np.uintp(BOUND_DOWN) if falling else np.uintp(BOUND_UP), i, j]
        held[RATE_UP, zero, k], held[RATE_DOWN, zero, k] = pace, pace
        held[BOUND_UP, zero, k] = _FAR if falling else bound
        held[BOUND_DOWN, zero, k] = bound if falling else -_FAR


@njit(nogil=True, cache=True)
def return_line(w: Floats, conductances: Floats, planes: Floats, line: int, hits: Hits, n: int) -> None:
    """The cells that `take_line` took, back to where they came from; those that went the wrong way within bounds."""
    j, zero = np.uintp(line), np.uintp(0)
    for k in range(np.uintp(n)):
        i = np.uintp(hits.marks[np.uintp(ROW), k])
        moved, x = w[zero, k], bits_of(hits.x[zero, k])
        # Signs rather than a choice: which way a cell goes no machine could foresee.
        if np.int32(bits_of(moved - conductances[i, j]) ^ x) >= 0:
            moved = min(moved, planes[BOUND_UP, i, j]) if x >= 0 else max(moved, planes[BOUND_DOWN, i, j])
        conductances[i, j] = moved


@njit(nogil=True, cache=True, fastmath=FAST)
def single_cells(w: Floats, held: Floats, hits: Hits, n: int, noise: np.float32, additive: np.float32) -> None:
    """One pulse on each of the first n cells of a strip, as `single_pulses`."""
    zero = np.uintp(0)
    for k in range(np.uintp(n)):
        low, high = held[BOUND_DOWN, zero, k], held[BOUND_UP, zero, k]
        bound = low if bits_of(hits.x[zero, k]) >= 0 else high
        own = scaled_normal(hits.words[zero, k], noise)
        w[zero, k] = noisy_step(w[zero, k], held[RATE_UP, zero, k], bound, low, high, own, additive)


@njit(nogil=True, cache=True)
def step_coarse_hits(
    w: Floats,
    conductances: Floats,
    at: NDArray[np.int64],
    numbers: Floats,
    d: Floats,
    rate: float,
    hits: Hits,
    n: int,
    noise: np.float32,
    additive: np.float32,
    keys: Words,
    sample: int,
) -> None:
    """Into the strip: coarse cells of a line, stepped by `coarse_cells.step_coarse` from where they stand."""
    cells, line = at.shape[1], at[1, 0]
    apart, counts, top = np.empty(cells, np.float32), np.zeros(cells, np.int32), 0
    places = np.searchsorted(hits.marks[ROW, :n], at[0].astype(np.uint32))
    for c in range(cells):
        apart[c] = conductances[at[0, c], line]
        if places[c] < n and hits.marks[ROW, places[c]] == at[0, c]:
            counts[c] = hits.counts[places[c]]
            top = max(top, int(counts[c]))
    key0, key1, _ = line_word(keys, sample, line)
    noise_keys = np.empty(4, np.uint32)
    noise_keys[0], noise_keys[1] = key0, key1
    noise_keys[2], noise_keys[3] = row_keys(key0, key1, NO_ROW)
    x = np.ones((1, conductances.shape[1]), np.float32)
    scratch = np.empty((4, cells), np.uint32)
    step_coarse(
        apart, numbers, at, x, d.reshape((1, d.shape[0])), 0, rate, counts, top, noise, additive, noise_keys, scratch
    )
    for c in range(cells):
        if counts[c] > 0:
            w[0, places[c]] = apart[c]
