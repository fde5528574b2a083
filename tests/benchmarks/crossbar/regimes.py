"""What both sides of the comparison run; nothing but numpy, so that either interpreter can import it."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

#: name: range of x, half range of d, learning rate. Soft bounds with the defaults that both sides share (step 0.001,
#: bounds ±0.6, spread and cycle noise 0.3), W = C: 31 slots and 10.7 coincidences a cell; one slot and 25 %; 1 %.
REGIMES = {"dense": ((-1.0, 1.0), 1.0, 0.05), "sparse": ((0.0, 1.0), 0.1, 0.01), "scarce": ((0.0, 0.2), 0.02, 0.01)}
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
