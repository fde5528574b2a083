"""The numbers of the converters of one array and one direction, as the kernels of `conversion` take them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aimcsim.keys import stream
from aimcsim.scenario.io_spec import IOSpec

Floats = NDArray[np.float32]

NO_SCALE, ABS_MAX, SIGNED_MAX, CONSTANT, AVERAGE = range(5)
MANAGEMENT: Final = {
    "none": NO_SCALE,
    "abs-max": ABS_MAX,
    "max": SIGNED_MAX,
    "constant": CONSTANT,
    "average-abs-max": AVERAGE,
}
NO_BOUND, ITERATIVE, SHIFT = range(3)
BOUND_MANAGEMENT: Final = {"none": NO_BOUND, "iterative": ITERATIVE, "shift": SHIFT}

#: Places of `Converters.numbers`. Steps are absolute (resolution times the whole range), 0 for none; the weight noise
#: is constant or, for PCM, scales with the root of the conductance. Iterative bound management doubles the reduction of
#: the input only where it is not above LARGEST_REDUCTION.
INP_BOUND, INP_STEP, INP_NOISE, INP_DITHER = range(4)
OUT_BOUND, OUT_STEP, OUT_NOISE, OUT_DITHER = range(4, 8)
W_NOISE, PCM_NOISE, IR_DROP, IR_DROP_RATIO = range(8, 12)
SCALING, THRESHOLD, DECAY = range(12, 15)
BOUNDING, LARGEST_REDUCTION, TEST_NEGATIVE = range(15, 18)


@dataclass(frozen=True)
class Converters:
    """The numbers of an `IOSpec`. They are one array, since numba takes a microsecond to look at a named tuple."""

    numbers: NDArray[np.float64]
    #: Noise of every output line, (1, lines); (0, 0) where all have `out_noise`, None where nothing differs by line.
    line_noise: Floats | None


def converters_of(io: IOSpec, outputs: int, seed: int, name: str, direction: str) -> Converters | None:
    """The converters of `io` for `outputs` output lines; None if perfect.

    Lines differ where `out_noise_std` says so: |out_noise·(1 + out_noise_std·ξ)|, drawn from (seed, name, direction).
    """
    if io.is_perfect:
        return None
    line_noise = np.zeros((0, 0), np.float32)
    if io.out_noise_std > 0.0 and io.out_noise > 0.0:
        random = stream(seed, name, "line noise", direction)
        drawn = io.out_noise * np.abs(1.0 + io.out_noise_std * random.standard_normal((1, outputs)))
        line_noise = drawn.astype(np.float32)
    inp_step = 2.0 * io.inp_bound * io.inp_res
    numbers = {
        INP_BOUND: io.inp_bound,
        INP_STEP: inp_step,
        INP_NOISE: io.inp_noise,
        INP_DITHER: io.inp_sto_round and inp_step > 0.0,
        OUT_BOUND: io.out_bound,
        OUT_STEP: 2.0 * io.out_bound * io.out_res,
        OUT_NOISE: io.out_noise,
        OUT_DITHER: io.out_sto_round and io.out_res > 0.0,
        W_NOISE: io.w_noise if io.w_noise_type == "additive-constant" else 0.0,
        PCM_NOISE: io.w_noise if io.w_noise_type == "pcm-read" else 0.0,
        IR_DROP: io.ir_drop,
        IR_DROP_RATIO: io.ir_drop_g_ratio,
        SCALING: MANAGEMENT[io.noise_management],
        THRESHOLD: io.nm_thres,
        DECAY: io.nm_decay,
        BOUNDING: BOUND_MANAGEMENT[io.bound_management],
        LARGEST_REDUCTION: min(io.max_bm_factor, io.max_bm_res / inp_step if inp_step > 0.0 else np.inf),
        TEST_NEGATIVE: io.bm_test_negative_bound,
    }
    differ = line_noise.size > 0 or io.ir_drop > 0.0 or numbers[PCM_NOISE] > 0.0
    return Converters(np.array([float(numbers[k]) for k in range(len(numbers))]), line_noise if differ else None)
