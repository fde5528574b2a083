"""What time does to devices: leak, diffusion and drift, in float32 kernels over all devices of an array.

After t seconds (or at each update, in aihwkit's per-mini-batch convention):

* leak       w → r + (w − r)·e^(−t/τ), or (1 − 1/lifetime) per update: toward the device's reset value r
* diffusion  w → w + D·√t·ξ, or + D·ξ per update
* drift      w = w₀·(t/t₀)^(−ν) from t₀ after a write on, with w₀ as written and t since then (the law of phase change
             memory: Le Gallo et al., IEEE Trans. Electron Devices 65:4304 (2018); aihwkit has it too)

τ, lifetime, D and ν have a spread from device to device. Leak and drift compose: however a span is cut into operations,
the result is that of the whole. An operation may be so short that float32 could not hold its effect (100 ns of a leak
of a second move a weight by an ulp), so leak and diffusion wait until enough time has come together: see QUANTUM.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.counter_hash import FAST, normal, row_keys, sample_keys, slot_keys, word
from aimcsim.crossbar.elementary import exp_of, power_of
from aimcsim.scenario.device_spec import PulsedDevice

Floats = NDArray[np.float32]

#: A leak is applied once it amounts to this part of the distance to reset (4000 ulps; a read is late by no more), and a
#: walk once its deviation is WALK_QUANTUM of the range.
QUANTUM: Final = 2.0**-12
WALK_QUANTUM: Final = 2.0**-16


@dataclass
class Elapsed:
    """Time of an array, in seconds or updates: `clock` since the beginning, and what leak and walk still lack.

    `applied` counts the walks, and keys their normals: it follows from the order of operations on this one array.
    """

    clock: float = 0.0
    leak: float = 0.0
    walk: float = 0.0
    applied: int = 0


@dataclass(frozen=True)
class Aging:
    """How the devices of an array age. Planes are (D, out, in) float32; None where the effect is absent."""

    #: Whether it is seconds that age the devices, or updates.
    simulated: bool
    #: Leak per unit of time: 1/τ in 1/s, or −ln(1 − 1/lifetime).
    leak: Floats | None
    leak_quantum: float
    #: Standard deviation of the random walk after one unit of time.
    diffusion: Floats | None
    walk_quantum: float
    nu: Floats | None
    drift_t0: float
    keys: tuple[int, int] = field(repr=False)
    #: Indices of the devices that forget at once: they do not wait for the quantum of the mean lifetime.
    forgetful: tuple[NDArray[np.intp], ...] = ()

    def age(
        self,
        weights: Floats,
        low: Floats,
        high: Floats,
        resets: Floats,
        amount: float,
        elapsed: Elapsed,
        anchors: Floats,
        written: NDArray[np.float64],
    ) -> None:
        """Let `amount` of time (seconds, or updates) pass for `weights` (D, out, in), in place, within low…high.

        `anchors` and `written`: what was last written to each device, and when (drift only).
        """
        elapsed.clock += amount
        if self.forgetful and amount > 0.0:
            at = self.forgetful
            weights[at] = np.clip(resets[at], low[at], high[at])
        if self.leak is not None:
            elapsed.leak += amount
            if elapsed.leak >= self.leak_quantum:
                leak(weights, self.leak, resets, np.float32(elapsed.leak), low, high)
                elapsed.leak = 0.0
        if self.diffusion is not None:
            elapsed.walk += amount
            if elapsed.walk >= self.walk_quantum:
                root = np.float32(elapsed.walk**0.5)
                diffuse(weights, self.diffusion, root, low, high, self.keys[0], self.keys[1], elapsed.applied)
                elapsed.walk = 0.0
                elapsed.applied += 1
        if self.nu is not None and amount > 0.0:
            drift(weights, self.nu, anchors, written, elapsed.clock, self.drift_t0)


def aging_of(
    spec: PulsedDevice, shape: tuple[int, int, int], random: np.random.Generator, keys: tuple[int, int]
) -> Aging | None:
    """How devices of this spec age, None if they do not. `shape` is (D, out, in), `keys` are those of the walk.

    A lifetime of an update or less forgets at once, as in aihwkit; one that its spread makes negative, too.
    """
    simulated = spec.time_convention == "simulated"
    lifetime = (spec.leak_lifetime_s or 0.0) if simulated else spec.lifetime
    walk = spec.diffusion_per_root_s if simulated else spec.diffusion
    leak_rate = diffusion = nu = None
    forgetful: tuple[NDArray[np.intp], ...] = ()
    if lifetime > 0.0:
        spread = lifetime * (1.0 + spec.lifetime_dtod * random.standard_normal(shape))
        forgets = spread <= (0.0 if simulated else 1.0)
        kept = np.where(forgets, 2.0, spread)
        rate = 1.0 / kept if simulated else -np.log1p(-1.0 / kept)
        leak_rate = np.where(forgets, np.inf, rate).astype(np.float32)
        forgetful = np.nonzero(forgets) if forgets.any() else ()
    if walk > 0.0:
        spread = walk * (1.0 + spec.diffusion_dtod * random.standard_normal(shape))
        diffusion = np.abs(spread).astype(np.float32)
    if spec.drift_nu > 0.0:
        nu = (spec.drift_nu * (1.0 + spec.drift_nu_dtod * random.standard_normal(shape))).astype(np.float32)
    if leak_rate is None and diffusion is None and nu is None:
        return None
    walk_quantum = (WALK_QUANTUM * (spec.w_max - spec.w_min) / walk) ** 2 if walk > 0.0 else 0.0
    return Aging(
        simulated, leak_rate, QUANTUM * lifetime, diffusion, walk_quantum, nu, spec.drift_t0_s, keys, forgetful
    )


@njit(nogil=True, cache=True, fastmath=FAST)
def leak(weights: Floats, rate: Floats, resets: Floats, amount: np.float32, low: Floats, high: Floats) -> None:
    """w → w + (r − w)·(1 − e^(−rate·amount)), the bracket to full relative precision."""
    devices, rows, columns = weights.shape
    one = np.float32(1.0)
    for device in range(devices):
        for i in range(rows):
            for k in range(columns):
                w, t = weights[device, i, k], min(rate[device, i, k] * amount, np.float32(80.0))
                # Taylor up to t⁴, the next term is below 1e-7 of it; e^−80 is nothing in float32.
                short = t * (one - t / np.float32(2.0) * (one - t / np.float32(3.0) * (one - t / np.float32(4.0))))
                lost = short if t < np.float32(0.05) else one - exp_of(-t)
                aged = w + (resets[device, i, k] - w) * lost
                weights[device, i, k] = min(max(aged, low[device, i, k]), high[device, i, k])


@njit(nogil=True, cache=True, fastmath=FAST)
def drift(weights: Floats, nu: Floats, anchors: Floats, written: NDArray[np.float64], clock: float, t0: float) -> None:
    """w = w₀·(t/t₀)^(−ν), t held at t₀ from below; computed from what was written, so nothing adds up."""
    devices, rows, columns = weights.shape
    for device in range(devices):
        for i in range(rows):
            for k in range(columns):
                ratio = np.float32(max((clock - written[device, i, k]) / t0, 1.0))
                weights[device, i, k] = anchors[device, i, k] * power_of(ratio, -nu[device, i, k])


@njit(nogil=True, cache=True, fastmath=FAST)
def diffuse(
    weights: Floats,
    deviation: Floats,
    scale: np.float32,
    low: Floats,
    high: Floats,
    key0: int,
    key1: int,
    operation: int,
) -> None:
    """w → w + scale·deviation·ξ, within the bounds."""
    devices, rows, columns = weights.shape
    a, b = sample_keys(np.uint32(key0), np.uint32(key1), operation)
    for device in range(devices):
        for i in range(rows):
            row_a, row_b = row_keys(a, b, i)
            cell_a, cell_b = slot_keys(row_a, row_b, device)
            for k in range(columns):
                xi = normal(word(cell_a, cell_b, np.uint32(k)))
                aged = weights[device, i, k] + scale * deviation[device, i, k] * xi
                weights[device, i, k] = min(max(aged, low[device, i, k]), high[device, i, k])
