"""Many pulses on a cell of any family at once: when that is exact enough, and the arrays that it needs.

A pulse moves w by D(w) with noise of deviation σn(w). With a = −D′ and z one normal, c pulses move it

* LINEAR, n = |D|: by D·(1 − e^(−ε))/a, ε = μc + s√c·z as in `closed_form`: mean and mean square of c exact steps. μ/a
  and s/a are series in a, so that a = 0 (constant steps) and a < 0 need no case of their own.
* LINEAR, n = p2: by D·(1 − e^(−μc))/a with μ = −ln(1 − a), and a normal of variance
  σ²p2²(1 − e^(−2μc))/(1 − e^(−2μ)), as exact.
* curved: by m + σ√c·z·A, where, with D, D′, D″ and D‴ taken at the start, the sums over the c steps are done exactly up
  to fourth order in c for the mean, up to third for the deviation (leading powers of c in the last term of each); with
  B = D″D and T = D‴D²:

    m = D·c·(1 + (c−1)(D′/2 + (c−2)D′²/6 + (2c−1)B/12 + (c−2)D′((c−3)D′²/24 + (2c−1)B/12) + cT/24))
      + c(c−1)/4·σ²n²·(D″ + (c−2)(5D′D″ + 2D‴D)/3), with 3D′D″ where noise is not relative to the step
    A = |D|·(1 + (c−1)(D′ + (c−2+σ²/2)D′²/2 + (c−1+σ²/2)B/2
          + (c−2)((c/6+σ²/4)D′³ + (2c/3+4σ²/3)D′B + (c/6+σ²/3)T)))     noise relative to the step
      + n₀·(1 + (c−1)(D′/2 + (5c−7)D′²/24 + (2c−1)B/6 + c(c−2)(D′³ + 6D′B + 2T)/16))   and of its own, at mid-way

  For c = 1 this is the exact step. The first term left out of m is, where D′, |B|^½ and |T|^⅓ are all a, 24/120·(ac)⁴
  of the move: 7e-4 at ac = `REACH`; of A it is (ac)⁴, 3e-3. With strong noise (aσ = 0.05) deviations are within 1.2e-2.
  Longer trains go in parts. `curved_moves.short_move` is what remains for c ≤ 2.
* interpolated steps are curved with D″ = 0, exact within a piece but for (ac)³/24; a train that passes from one slope
  to another, Δa apart, ends by at most ½·Δa·c² steps elsewhere.

What is given up is what `closed_form` gives up: pulses that a bound would have cut off, and skewness. Cells that are
too coarse where they stand (`REACH`, `COARSE_LIMIT`) take the pulses one by one.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.alignment import aligned
from aimcsim.crossbar.cell_fall import HIGHEST_FALL, LARGEST_NORMAL, LOWEST_FALL
from aimcsim.crossbar.closed_form import AUTO_LIMIT, Stepping
from aimcsim.crossbar.curved_cells import REACH
from aimcsim.crossbar.curved_moves import Noise
from aimcsim.crossbar.devices import STEPPED, DeviceArray
from aimcsim.crossbar.families import ADDITIVE, DOWN, EXP, HIGH, LINEAR, LOW, NODES, POWER, UP
from aimcsim.crossbar.family_cells import COARSE_LIMIT, GROWING_LIMIT
from aimcsim.crossbar.piece_table import PieceTable, piece_table
from aimcsim.crossbar.pulses import TrainRules, packed_rules, unpacked_rules
from aimcsim.crossbar.stepping import Law, packed_law, unpacked_law

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

#: What stands for nodes where a family has none.
_NO_NODES = np.array([[[0.0, 1.0], [0.0, 0.0]]] * 2, np.float32)

#: Parts of a train suit this share of the cells of a curved family; what is coarser steps pulse by pulse.
TYPICAL: Final = 0.9
#: Longest part of a train: no train is longer.
LONGEST_PART: Final = 2**16


class FamilyForm(NamedTuple):
    """What the closed form needs of an array, laid out row by row."""

    #: Bounds and p0, p1... of every cell, row by row: (out, 2 + 2K, in) with low, high, upward, downward; of pairs
    #: (2·out, 2 + K, in) with low, high, upward of g+, and in the next row of g-.
    numbers: Floats
    #: How many of p0, p1... the family needs.
    kept: int
    table: PieceTable
    #: Most pulses that are taken at once.
    most: int
    noise: Noise
    #: Whether steps depend on nothing: LINEAR with p1 = 0 everywhere, noise relative to the step.
    constant: bool


def scalars_of(form: FamilyForm, law: Law, rules: TrainRules) -> Doubles:
    """The scalars of `family_update.update_families` in one array, which costs a call a tenth of what tuples cost."""
    return np.concatenate([[form.kept, form.most], form.noise, [form.constant], packed_law(law), packed_rules(rules)])


@njit(nogil=True, cache=True)
def unpacked_scalars(numbers: Doubles) -> tuple[int, int, Noise, bool, Law, TrainRules]:
    """What `scalars_of` packed: kept, most, noise, constant, law and rules."""
    noise = Noise(
        np.float32(numbers[2]),
        np.float32(numbers[3]),
        np.float32(numbers[4]),
        np.float32(numbers[5]),
        np.float32(numbers[6]),
    )
    law, rules = unpacked_law(numbers[8:20]), unpacked_rules(numbers[20:])
    return int(numbers[0]), int(numbers[1]), noise, numbers[7] != 0.0, law, rules


def takes_family_form(stepping: Stepping, devices: DeviceArray) -> bool:
    """Whether updates of this array of stepped devices use the closed form."""
    if devices.kind != STEPPED or stepping == "exact":
        return False
    if stepping == "closed-form":
        return True
    noise = max(1.0, devices.cycle_noise)
    curved = devices.law is not None and devices.law.family != LINEAR
    bent = float(np.median(np.maximum(*curvature(devices)))) * (1.0 if curved else noise)
    return max(bent, states_step(devices) * noise) <= AUTO_LIMIT


def states_step(devices: DeviceArray) -> float:
    """Granularity over half of the median range."""
    half = float(np.median(devices.planes[:, HIGH] - devices.planes[:, LOW])) / 2.0
    return devices.granularity / half if half > 0.0 else math.inf


def sides(devices: DeviceArray) -> tuple[tuple[int, int], ...]:
    """(device, first plane) of both directions of a single device, or of both devices of a pair."""
    return ((0, UP), (1, UP)) if len(devices.planes) == 2 else ((0, UP), (0, DOWN))


def curvature(devices: DeviceArray) -> Doubles:
    """a of every cell upward and downward, (2, out, in): by how much, relatively, a pulse changes the next one.

    The largest of |D'| and of what D" and D"' amount to, over the inner half of the cell's range. LINEAR has its sign:
    below zero where steps grow.
    """
    found = []
    assert devices.law is not None
    for device, first in sides(devices):
        planes = devices.planes[device].astype(np.float64)
        p0, p1, p2, p3 = planes[first : first + 4]
        ends = 0.75 * planes[LOW] + 0.25 * planes[HIGH], 0.25 * planes[LOW] + 0.75 * planes[HIGH]
        if devices.law.family == LINEAR:
            found.append(-p1)
        elif devices.law.family == POWER:
            base = np.maximum(np.maximum(p1 + p2 * ends[0], p1 + p2 * ends[1]), 0.0)
            found.append(np.abs(p0 * p2) * np.maximum(np.abs(p3), 1.0) * base ** np.maximum(p3 - 1.0, 0.0))
        elif devices.law.family == EXP:
            # Where p1 + p2·e^(p3·w) < 0 there is no step.
            parts = [np.maximum(p2 * np.exp(np.clip(p3 * end, -87.0, 87.0)), -p1) for end in ends]
            found.append(np.maximum(*(np.abs(p0 * p3) * np.maximum(np.abs(e), np.abs(p1 + e)) for e in parts)))
        else:
            assert devices.nodes is not None
            nodes = devices.nodes[1 if first == DOWN else 0].astype(np.float64)
            found.append(np.abs(p0 * p2) * np.abs(np.diff(nodes[1]) / np.diff(nodes[0])).max())
    return np.stack(found)


def family_form_of(devices: DeviceArray) -> FamilyForm:
    """The closed form of an array of stepped devices."""
    law, planes = devices.law, devices.planes
    if law is None or devices.nodes is None:
        raise ValueError("plain soft bounds have a closed form of their own")
    additive = law.noise_mode == ADDITIVE
    kept = {LINEAR: 3 if additive else 2, POWER: 4, EXP: 4, NODES: 4}[law.family]
    wanted = [LOW, HIGH, *range(UP, UP + kept)]
    if len(planes) == 2:
        numbers = planes[:, wanted].transpose(2, 0, 1, 3).reshape(-1, 2 + kept, planes.shape[3])
    else:
        numbers = planes[0, [*wanted, *range(DOWN, DOWN + kept)]].transpose(1, 0, 2)
    a = curvature(devices)
    if law.family == LINEAR:
        fine = (a * max(1.0, law.sigma) <= COARSE_LIMIT) & (a >= -GROWING_LIMIT)
        most = linear_part(a[fine], 0.0 if additive else law.sigma)
    else:
        typical = float(np.quantile(a, TYPICAL))
        most = int(min(max(REACH / typical, 1.0), LONGEST_PART)) if typical > 0.0 else LONGEST_PART
    noise = Noise(
        *(
            np.float32(number)
            for number in (
                law.sigma,
                0.0 if additive else 1.0,
                law.noise_add if additive else 0.0,
                0.0 if additive else law.noise_add,
                law.noise_slope,
            )
        )
    )
    return FamilyForm(
        aligned(numbers),
        kept,
        piece_table(devices.nodes if law.family == NODES else _NO_NODES),
        most,
        noise,
        law.family == LINEAR and not additive and not a.any(),
    )


def linear_part(a: Doubles, sigma: float) -> int:
    """Most pulses that keep e of these cells within the polynomial's range, whatever the normals."""
    shrinks, grows = float(a.max(initial=0.0)), float(-a.min(initial=0.0))
    part = float(LONGEST_PART)
    for rate, limit in ((shrinks, HIGHEST_FALL), (grows, -LOWEST_FALL)):
        if rate > 0.0:
            # rate·(1 + rate(1+s²)/2)·c + rate·s·(1 + rate)·√c·(largest normal) = limit, solved for √c.
            drift, spread = rate * (1.0 + rate * (1.0 + sigma * sigma)), rate * sigma * (1.0 + rate) * LARGEST_NORMAL
            part = min(part, ((math.sqrt(spread**2 + 4.0 * drift * limit) - spread) / (2.0 * drift)) ** 2)
    return max(int(part), 1)
