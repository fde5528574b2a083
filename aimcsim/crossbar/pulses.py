"""Pulse trains: how a rank-one update d xᵀ becomes coincidences of pulses on rows and columns.

In every slot of a train of BL slots a line fires with a probability proportional to its value; a cell steps once
for every slot in which its row and its column both fire. Lengths and probabilities follow aihwkit's
`calculateBlAB` and `performUpdateManagement` (rpu_pulsed_meta_parameter.cpp).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.counter_hash import row_keys, sample_keys, uniform, word
from aimcsim.crossbar.lanes import popcount
from aimcsim.scenario.pulse_spec import PulseSpec

STOCHASTIC: Final = 0
DETERMINISTIC: Final = 1

#: Longest train that is ever built. Only `fixed_bl: false` without length management asks for more than `desired_bl`.
LONGEST_TRAIN: Final = 2**16

#: Slots of the keys at which the second phase begins, and of the draws that round probabilities.
SECOND_PHASE: Final = 2 * LONGEST_TRAIN
ROUNDING: Final = 4 * LONGEST_TRAIN

_ONE = np.uint32(1)


class TrainRules(NamedTuple):
    """How trains are planned: the numbers of `PulseSpec`, and the granularity of the devices they drive."""

    pulse_type: int
    granularity: float
    desired_bl: int
    fixed_bl: bool
    update_management: bool
    length_management: bool
    #: Trains sent one after the other: 2 where positive and negative inputs go apart.
    phases: int
    #: Whether lines send a whole number of pulses (mean count).
    whole_counts: bool
    grad_scale: float
    #: Step of the probabilities, 0 for none, and whether they are rounded at random.
    res: float
    sto_round: bool


def rules_of(pulses: PulseSpec, granularity: float) -> TrainRules:
    """The rules of `pulses` for devices of this granularity."""
    return TrainRules(
        pulse_type=STOCHASTIC if pulses.pulse_type in ("stochastic-compressed", "stochastic") else DETERMINISTIC,
        granularity=granularity,
        desired_bl=pulses.desired_bl,
        fixed_bl=pulses.fixed_bl,
        update_management=pulses.update_management,
        length_management=pulses.update_bl_management,
        phases=pulses.phases,
        whole_counts=pulses.pulse_type == "mean-count",
        grad_scale=pulses.um_grad_scale,
        res=pulses.res,
        sto_round=pulses.sto_round,
    )


def packed_rules(rules: TrainRules) -> NDArray[np.float64]:
    """The rules as numbers: to hand an array to a kernel takes a tenth of the time that a named tuple takes."""
    return np.array(rules, np.float64)


@njit(nogil=True, cache=True)
def unpacked_rules(numbers: NDArray[np.float64]) -> TrainRules:
    """What `packed_rules` packed."""
    return TrainRules(
        int(numbers[0]),
        numbers[1],
        int(numbers[2]),
        numbers[3] != 0.0,
        numbers[4] != 0.0,
        numbers[5] != 0.0,
        int(numbers[6]),
        numbers[7] != 0.0,
        numbers[8],
        numbers[9],
        numbers[10] != 0.0,
    )


@njit(nogil=True, cache=True, error_model="numpy")
def plan_train(rate: float, x_max: float, d_max: float, rules: TrainRules) -> tuple[int, float, float]:
    """(BL, A, B) of one sample: slots, and the factors of |d| and |x| that give the probabilities per slot.

    `rate` ≥ 0 is the learning rate on the conductances, `x_max` and `d_max` the largest magnitudes. Where one of
    the three is zero nothing has to be sent: 0 slots. Else, with k = rate·x_max·d_max/Δw_min the coincidences that
    the largest product needs,

    * length management: BL = min(⌈k⌉, desired), A = B = √(rate/(Δw_min·BL));
    * otherwise BL = desired with the same A and B, unless `fixed_bl` is off and rate > Δw_min·desired: then
      A = B = 1 and BL = ⌈rate/Δw_min⌉;
    * update management (implied by length management): A·√(x_max/d_max) and B·√(d_max/x_max), so that the largest
      row and the largest column fire equally often; where k > desired, d_max counts as d_max·desired/k.

    Managements take `grad_scale`·d_max for d_max.
    """
    if not (rate > 0.0 and x_max > 0.0 and d_max > 0.0):
        return 0, 0.0, 0.0
    d_max *= rules.grad_scale
    needed = rate * x_max * d_max / rules.granularity
    slots = rules.desired_bl
    if rules.length_management:
        slots = int(min(np.ceil(needed), float(rules.desired_bl)))
        # A product so small that it underflows still gets one slot: its probability is zero, its time is not.
        slots = max(slots, 1)
    if not rules.fixed_bl and not rules.length_management and rate > rules.granularity * rules.desired_bl:
        slots = int(np.ceil(rate / rules.granularity))
        a = 1.0
    else:
        a = np.sqrt(rate / (rules.granularity * slots))
    b = a
    if rules.update_management or rules.length_management:
        target = d_max * min(1.0, rules.desired_bl / needed)
        balance = np.sqrt(x_max / target)
        a *= balance
        b /= balance
    return slots, a, b


@njit(nogil=True, cache=True)
def fire_limit(factor: float, value: np.float32) -> tuple[np.uint32, np.uint32]:
    """A line of this value fires in a slot where its word is at most the first number, and the second is not 0.

    The probability is min(1, factor·|value|), exact to 2⁻³²: (limit + 1)/2³² rounded up, and silent lines masked.
    """
    p = min(factor * float(abs(value)), 1.0)
    limit = np.uint32(np.int64(np.ceil(p * 2.0**32)) - 1) if p > 0.0 else np.uint32(0)
    return limit, np.uint32(0xFFFFFFFF) if p > 0.0 else np.uint32(0)


@njit(nogil=True, cache=True)
def fill_train(
    bits: NDArray[np.uint32],
    values: NDArray[np.float32],
    factor: float,
    slots: int,
    key0: np.uint32,
    key1: np.uint32,
    first_slot: int = 0,
) -> None:
    """Draw the stochastic trains of all lines of one sample.

    `bits` (words, lines) receives slot s of line i in bit s % 32 of word s // 32; `values` (lines,) are the signed
    inputs, and a line fires in a slot with probability min(1, factor·|value|), exact to 2⁻³². The keys are those of
    the sample (`sample_keys`), for rows or for columns; slot s takes the keys of slot `first_slot` + s.
    """
    lines = values.shape[0]
    limit = np.empty(lines, np.uint32)
    awake = np.empty(lines, np.uint32)
    for i in range(lines):
        limit[i], awake[i] = fire_limit(factor, values[i])
    for w in range(bits.shape[0]):
        train = bits[w]
        for i in range(lines):
            train[i] = np.uint32(0)
        for slot in range(32 * w, min(slots, 32 * w + 32)):
            a, b = row_keys(key0, key1, first_slot + slot)
            flag = np.uint32(_ONE << np.uint32(slot & 31))
            for i in range(lines):
                hit = flag if word(a, b, np.uint32(i)) <= limit[i] else np.uint32(0)
                train[i] = np.uint32(train[i] | np.uint32(hit & awake[i]))


@njit(nogil=True, cache=True)
def fill_phases(
    bits: NDArray[np.uint32],
    values: NDArray[np.float32],
    factor: float,
    slots: int,
    key0: np.uint32,
    key1: np.uint32,
    signed: bool,
) -> None:
    """Trains of two phases of `slots` slots each, in the first and the second half of the words of `bits`.

    A line that is `signed` sends in the first phase if positive and in the second if negative; one that is not sends
    in both, by trains of their own.
    """
    words = bits.shape[0] // 2
    for phase in range(2):
        sent = values.copy()
        for i in range(values.shape[0]):
            if signed and (values[i] > 0.0) == (phase == 1):
                sent[i] = np.float32(0.0)
        train = bits[phase * words : (phase + 1) * words]
        fill_train(train, sent, factor, slots, key0, key1, phase * SECOND_PHASE)


@njit(nogil=True, cache=True)
def rounded_lines(
    values: NDArray[np.float32],
    factors: NDArray[np.float64],
    slots: NDArray[np.int64],
    rules: TrainRules,
    key0: np.uint32,
    key1: np.uint32,
    first_sample: int,
) -> NDArray[np.float32]:
    """The values (n, lines) whose probabilities are those that the drivers can send: multiples of `res`, then whole
    counts of pulses in the train (mean count). `factors` (n,) turn magnitudes into probabilities.
    """
    rounded = values.copy()
    for s in range(values.shape[0]):
        factor = factors[s]
        if slots[s] == 0 or factor == 0.0:
            continue
        a, b = sample_keys(key0, key1, first_sample + s)
        a, b = row_keys(a, b, ROUNDING)
        for i in range(values.shape[1]):
            p = factor * abs(values[s, i])
            if rules.res > 0.0:
                offset = float(uniform(word(a, b, np.uint32(i)))) - 0.5 if rules.sto_round else 0.0
                p = np.rint(p / rules.res + offset) * rules.res
            if rules.whole_counts:
                p = np.rint(slots[s] * min(p, 1.0)) / slots[s]
            rounded[s, i] = np.float32(np.copysign(p / factor, values[s, i]))
    return rounded


@njit(nogil=True, cache=True)
def coincidences(
    counts: NDArray[np.int32],
    columns: NDArray[np.uint32],
    rows: NDArray[np.uint32],
    sample: int,
    row: int,
    start: int,
    n: int,
) -> int:
    """Coincidences of one row's train with those of n columns from `start` on, into `counts`; their maximum.

    `columns` and `rows` are the packed trains of all samples, (samples, words, lines) each.
    """
    s, first, length = np.uintp(sample), np.uintp(start), np.uintp(n)
    train = rows[s, 0, row]
    for j in range(length):
        counts[j] = popcount(np.uint32(columns[s, 0, first + j] & train))
    for w in range(1, columns.shape[1]):
        train = rows[s, w, row]
        if train != 0:
            for j in range(length):
                counts[j] = np.int32(counts[j] + popcount(np.uint32(columns[s, w, first + j] & train)))
    return largest(counts, n)


@njit(nogil=True, cache=True)
def implied_counts(
    counts: NDArray[np.int32], x: NDArray[np.float32], factor: float, expected: float, start: int, n: int
) -> int:
    """Deterministic trains: round(BL·p_x·p_d) for one row and n columns from `start` on, into `counts`; their maximum.

    `factor`·|x| clipped to 1 is p_x; `expected` is BL·p_d. Ties go to the even count.
    """
    for j in range(n):
        counts[j] = np.int32(np.rint(expected * min(factor * abs(x[start + j]), 1.0)))
    return largest(counts, n)


@njit(nogil=True, cache=True)
def largest(counts: NDArray[np.int32], n: int) -> int:
    """The maximum of the first `n` counts; 0 for none."""
    top = np.int32(0)
    for j in range(np.uintp(n)):
        top = max(top, counts[j])
    return int(top)
