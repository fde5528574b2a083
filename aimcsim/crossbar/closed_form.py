"""Many pulses on a soft-bounds cell at once: when that is exact enough, and the planes that it needs.

A pulse toward the bound b takes the remaining distance r = b − w to r·(1 − a(1 + σz)), a = step/distance at weight
zero. After n pulses its mean is (1−a)ⁿ·r and its mean square ((1−a)² + a²σ²)ⁿ·r². A lognormal r·e^−ε with

    ε = μn + s√n·z,   s² = ln(1 + a²σ²/(1−a)²),   μ = −ln(1−a) + s²/2

has exactly both, for every n. The kernels keep μ, the *drift*, per cell and take s = σ(μ + ½(1−σ²)μ²), which is s up
to terms of order a³σ: `moment_errors` gives what is left. Additive noise (relative to the step at weight zero, aσb)
leaves a normal of variance a²σ²b²(1−e^(−2μn))/(1−e^(−2μ)) with μ = −ln(1−a): exact but for pulses cut off at a bound.

What the closed form gives up: intermediate pulses that a bound would have cut off, and the third and higher moments
(skewness of ln r about 3aσ/√n). Both shrink with a; that is why cells of large a are *coarse* and stepped pulse by
pulse whatever the mode, and why arrays of few states are exact throughout by default.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aimcsim.crossbar.alignment import aligned
from aimcsim.crossbar.devices import RATE_DOWN, RATE_UP, SOFT_BOUNDS, DeviceArray

Floats = NDArray[np.float32]

#: Planes of the closed form behind the four of the devices.
DRIFT_UP, DRIFT_DOWN = 4, 5

#: "auto" takes the closed form where a of the mean cell is at most this: 100 states of w_max − w_min.
AUTO_LIMIT = 0.02
#: Not where σ is larger: the bounds then cut single pulses that the closed form takes together (at σ = 3 a first train
#: away from a bound comes out 2 % too long).
STRONGEST_NOISE = 1.0
#: A cell steps pulse by pulse where a·max(1, σ) exceeds this in either direction, or a < 0 (bound beyond zero).
COARSE_LIMIT = 0.05

Stepping = Literal["auto", "exact", "closed-form"]


class ClosedForm(NamedTuple):
    """What the closed form needs of an array of soft bounds."""

    #: The planes of the `DeviceArray` and, from DRIFT_UP on, μ upward and downward, float32 (6, out, in); μ = 0 where a
    #: cell is coarse or cannot move.
    planes: Floats
    #: Rows and columns of the coarse cells, (2, k), row after row, and their rates and bounds, float32 (4, k).
    coarse_at: NDArray[np.int64]
    coarse: Floats
    #: Largest drift of any cell.
    top: float


def moment_errors(a: float, noise: float, n: int) -> tuple[float, float]:
    """Relative errors of the mean and of the standard deviation of the distance left after n pulses.

    Multiplicative noise; rounding and the shape of the normals (`light_normal`) are not in it.
    """
    log_mean, log_square = n * math.log1p(-a), n * math.log((1 - a) ** 2 + (a * noise) ** 2)
    variance = math.log1p((a * noise / (1 - a)) ** 2)
    drift = -math.log1p(-a) + variance / 2
    s = noise * (drift + (1 - noise * noise) / 2 * drift * drift)
    mean = math.expm1(-drift * n + s * s * n / 2 - log_mean)
    if noise == 0.0:
        return mean, 0.0
    exact = math.exp(log_mean) * math.sqrt(math.expm1(log_square - 2 * log_mean))
    return mean, math.exp(-drift * n + s * s * n / 2) * math.sqrt(math.expm1(s * s * n)) / exact - 1


def takes_closed_form(stepping: Stepping, devices: DeviceArray) -> bool:
    """Whether updates of this array use the closed form. Devices that have none are exact in every mode."""
    if devices.kind != SOFT_BOUNDS or stepping == "exact":
        return False
    small = mean_rate(devices) <= AUTO_LIMIT and devices.cycle_noise <= STRONGEST_NOISE
    return stepping == "closed-form" or small


def mean_rate(devices: DeviceArray) -> float:
    """a of the mean cell: granularity over the median distance of the nearer bound."""
    low, high = devices.bounds
    distance = min(float(np.median(np.abs(high))), float(np.median(np.abs(low))))
    return devices.granularity / distance if distance > 0.0 else math.inf


def closed_form_of(devices: DeviceArray) -> ClosedForm:
    """The drifts and the coarse cells of a soft-bounds array."""
    rates = devices.planes[[RATE_UP, RATE_DOWN]].astype(np.float64)
    noise = devices.cycle_noise
    coarse = ((rates < 0.0) | (rates * max(1.0, noise) > COARSE_LIMIT)).any(axis=0)
    rates[:, coarse] = 0.0
    drift = -np.log1p(-rates)
    if devices.multiplicative:
        drift += np.log1p((rates * noise / (1.0 - rates)) ** 2) / 2.0
    planes = aligned(np.concatenate([devices.planes, drift.astype(np.float32)]))
    at = np.array(np.nonzero(coarse), np.int64)
    numbers = np.ascontiguousarray(devices.planes[:, at[0], at[1]])
    return ClosedForm(planes, at, numbers, float(drift.max(initial=0.0)))
