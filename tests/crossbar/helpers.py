"""Arrays of equal, noiseless cells, and the statistics that several tests use."""

from __future__ import annotations

import numpy as np
from scipy import stats

from aimcsim.crossbar import AnalogTile
from aimcsim.scenario.device_spec import SoftBoundsDevice
from aimcsim.scenario.hardware_spec import IOSpec, MappingSpec, PulseSpec

PERFECT = IOSpec(is_perfect=True)
UNSCALED = MappingSpec(weight_scaling_omega=0.0)
EXACT_COUNTS = PulseSpec(pulse_type="deterministic-implicit", desired_bl=1000)


def equal_cells(dw_min: float, tau: float, w_min: float | None = None, **more: object) -> SoftBoundsDevice:
    """Soft bounds [−τ, τ] (or [w_min, τ]) without any spread or noise, save what `more` sets."""
    fields: dict[str, object] = {
        "name": "soft-bounds",
        "dw_min": dw_min,
        "dw_min_dtod": 0.0,
        "dw_min_std": 0.0,
        "w_max": tau,
        "w_min": -tau if w_min is None else w_min,
        "w_max_dtod": 0.0,
        "w_min_dtod": 0.0,
        "up_down_dtod": 0.0,
    }
    return SoftBoundsDevice.model_validate(fields | more)


def unscaled_tile(device: SoftBoundsDevice, pulses: PulseSpec, weights: np.ndarray, seed: int = 0) -> AnalogTile:
    """A tile with W = C and perfect converters."""
    out_size, in_size = weights.shape
    return AnalogTile(
        out_size, in_size, device=device, io=PERFECT, pulses=pulses, mapping=UNSCALED, seed=seed, weights=weights
    )


def normal_limit(false_alarm: float, tests: int = 1) -> float:
    """|z| that `tests` standard normals exceed, one or more of them, with at most this probability (Bonferroni)."""
    return float(stats.norm.isf(false_alarm / tests / 2.0))


def mean_z(values: np.ndarray, mean: float) -> float:
    """How many standard errors the sample mean is from `mean`."""
    return float((values.mean() - mean) / (values.std() / np.sqrt(values.size)))


def variance_z(values: np.ndarray, variance: float) -> float:
    """How many standard errors the sample variance is from `variance` (standard error from the fourth moment)."""
    centred = values - values.mean()
    fourth, second = (centred**4).mean(), (centred**2).mean()
    return float((second - variance) / np.sqrt((fourth - second**2) / values.size))
