"""What both sides of the comparison run; nothing but numpy, so that either interpreter can import it."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

#: name: range of x, half range of d, learning rate. Soft bounds with the defaults that both sides share (step 0.001,
#: bounds ±0.6, spread and cycle noise 0.3), W = C: 31 slots and 10.7 coincidences a cell; one slot and 25 %; 1 %.
REGIMES = {"dense": ((-1.0, 1.0), 1.0, 0.05), "sparse": ((0.0, 1.0), 0.1, 0.01), "scarce": ((0.0, 0.2), 0.02, 0.01)}
#: name: (our device, name and parameters of aihwkit's or None where it has none); both sides share the defaults.
_SLOPES = {"gamma_up": 0.5, "gamma_down": 0.5}
_NODES = {"piecewise_up": [1.0, 0.9, 0.8, 0.6, 0.4], "piecewise_down": [0.4, 0.6, 0.8, 0.9, 1.0]}
DEVICES = {
    "constant step": ({"name": "constant-step"}, ("ConstantStepDevice", {})),
    "linear step": ({"name": "linear-step", **_SLOPES}, ("LinearStepDevice", _SLOPES)),
    "linear step, additive noise": (
        {"name": "linear-step", "mult_noise": False, **_SLOPES},
        ("LinearStepDevice", {"mult_noise": False, **_SLOPES}),
    ),
    "linear step, write noise": (
        {"name": "linear-step", "write_noise_std": 1.0},
        ("LinearStepDevice", {"write_noise_std": 1.0}),
    ),
    "soft bounds with reference": ({"name": "soft-bounds-reference"}, ("SoftBoundsReferenceDevice", {})),
    "power step": ({"name": "pow-step"}, ("PowStepDevice", {})),
    "exponential step": ({"name": "exp-step"}, ("ExpStepDevice", {})),
    "piecewise step": ({"name": "piecewise-step", **_NODES}, ("PiecewiseStepDevice", _NODES)),
    "one-sided pair": ({"name": "one-sided", "device": "soft-bounds"}, ("OneSidedUnitCell", {})),
    "reram-sb": ("reram-sb", ("ReRamSBPresetDevice", {})),
    "reram-es": ("reram-es", ("ReRamESPresetDevice", {})),
    "response, power": ({"name": "response", "form": "power", "gamma_res": 2.0}, None),
    "response, exponential": ({"name": "response", "form": "exponential", "gamma_res": 2.0}, None),
}
LAYERS = (784, 256, 128, 10)


def update_data(size: int, regime: str, batch: int, seed: int) -> tuple[np.ndarray, np.ndarray, float]:
    """x and d (batch, size) float32, and the learning rate."""
    rng = np.random.default_rng(seed)
    x_range, d_size, rate = REGIMES[regime]
    x = rng.uniform(*x_range, (batch, size)).astype(np.float32)
    return x, rng.uniform(-d_size, d_size, (batch, size)).astype(np.float32), rate


def start_weights(size: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.3, 0.3, (size, size)).astype(np.float32)


def rate_of(call: Callable[[], object], seconds: float, clock: Callable[[], float] = time.process_time) -> float:
    """Calls a second over about `seconds`, after one call to warm up; by default of processor time, which is what a
    side of one thread gets on a machine that others use too.
    """
    call()
    begun, calls = clock(), 0
    while (spent := clock() - begun) < seconds:
        call()
        calls += 1
    return calls / spent
