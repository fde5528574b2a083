"""Cells of any family gathered into a strip, wherever they stand, and stepped side by side, pulse by pulse.

Two kinds of cells come here: those of a row whose step changes too much from pulse to pulse for the closed form
(`coarse_steps`), and few cells of the whole array that get one pulse each (`strewn_pulses`). Kernels that take many
arrays do without reference counts (`_nrt`): a count an array and call would be 0.3 µs a row.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.cell_fall import light_normal, scaled_normal
from aimcsim.crossbar.counter_hash import FAST
from aimcsim.crossbar.curved_moves import Noise
from aimcsim.crossbar.elementary import exp_of, power_of
from aimcsim.crossbar.families import EXP, LINEAR, POWER
from aimcsim.crossbar.family_rows import additive_pulse, linear_pulse
from aimcsim.crossbar.piece_table import PieceTable, find_pieces

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]
Counts = NDArray[np.int32]

#: Cells gathered before they are stepped: the strip stays in the first-level cache.
TOGETHER: Final = 512
#: Whole vectors are worked on; what the last one has too much is never put back.
PAD: Final = 32
#: Rows of the strip's words.
NOISE, READ, COLUMN, PLACE = range(4)


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
    """As `pulse_strip`, LINEAR."""
    zero, one, two, three, four = np.uintp(0), np.uintp(1), np.uintp(2), np.uintp(3), np.uintp(4)
    for j in range(np.uintp(n)):
        v, low, high = w[zero, zero, j], numbers[zero, zero, j], numbers[zero, one, j]
        z = scaled_normal(marks[zero, j], sigma)
        p0, p1 = numbers[zero, two, j], numbers[zero, three, j]
        if additive:
            moved = additive_pulse(v, p0, p1, numbers[zero, four, j], low, high, z)
        else:
            moved = linear_pulse(v, p0, p1, low, high, z)
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
