"""Devices by name: parameters fitted to measured devices, each with where they come from.

All values are those of aihwkit's presets (`aihwkit/simulator/presets/devices.py`), whose docstrings cite the
measurements. The weight ranges are aihwkit's; those of the two arrays are compliance-adjusted there to ±1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True)
class DevicePreset:
    """A named device. `parameters` hold a device's `name` and what differs from its defaults."""

    name: str
    about: str
    source: str
    parameters: dict[str, Any]

    @property
    def states(self) -> float:
        """(w_max − w_min)/dw_min."""
        given = self.parameters
        return float((given["w_max"] - given["w_min"]) / given["dw_min"])


_GONG = "Gong et al., Nat. Commun. 9:2102 (2018)"
_ARRAY = "Gong, Rasch et al., IEDM (2022)"
_GOKMEN = "Gokmen and Vlasov, Front. Neurosci. 10:333 (2016)"

#: What the two arrays share: log-normal steps, and the symmetric point subtracted with an error of 5 % of the range.
_ARRAY_RULES: Final[dict[str, Any]] = {
    "name": "soft-bounds-reference",
    "w_max": 1.0,
    "w_min": -1.0,
    "mult_noise": False,
    "dw_min_dtod_log_normal": True,
    "enforce_consistency": True,
    "subtract_symmetry_point": True,
    "reference_std": 0.05,
    "corrupt_devices_range": 0.01,
}
#: What the two electrochemical devices share; their range is shifted so that the symmetric point lies at zero.
_ECRAM_RULES: Final[dict[str, Any]] = {
    "name": "linear-step",
    "dw_min_dtod": 0.1,
    "w_max_dtod": 0.05,
    "w_min_dtod": 0.05,
    "gamma_up_dtod": 0.05,
    "gamma_down_dtod": 0.05,
    "mean_bound_reference": True,
    "mult_noise": True,
}

_ALL: Final = (
    DevicePreset(
        "reram-es",
        "filamentary ReRAM, exponential step",
        _GONG,
        {
            "name": "exp-step",
            "dw_min": 0.00135,
            "w_max": 1.0,
            "w_min": -1.0,
            "dw_min_dtod": 0.2,
            "up_down": 0.259359,
            "up_down_dtod": 0.05,
            "dw_min_std": 5.0,
            "write_noise_std": 75.0,
            "a": -0.5,
            "b": -0.5,
            "gamma_up": 5.0,
            "gamma_down": 5.0,
            "A_up": -1.18445,
            "A_down": -0.081404,
        },
    ),
    DevicePreset(
        "reram-sb",
        "the same ReRAM, loosely fitted by soft bounds",
        _GONG,
        {
            "name": "soft-bounds-reference",
            "dw_min": 0.002,
            "w_max": 1.25,
            "w_min": -0.75,
            "w_max_dtod": 0.3 / 1.25,
            "w_min_dtod": 0.3 / 0.75,
            "dw_min_std": 3.75,
            "write_noise_std": 56.0,
            "mult_noise": False,
        },
    ),
    DevicePreset(
        "reram-array-om",
        "ReRAM array of optimised material",
        _ARRAY,
        {
            **_ARRAY_RULES,
            "dw_min": 0.0949,
            "dw_min_dtod": 0.7829,
            "w_max_dtod": 0.3499,
            "w_min_dtod": 0.5695,
            "dw_min_std": 0.4158,
            "write_noise_std": 1.4113,
        },
    ),
    DevicePreset(
        "reram-array-hfo2",
        "ReRAM array of HfO2",
        _ARRAY,
        {
            **_ARRAY_RULES,
            "dw_min": 0.4622,
            "dw_min_dtod": 0.7125,
            "w_max_dtod": 0.4295,
            "w_min_dtod": 0.5990,
            "dw_min_std": 0.2174,
            "write_noise_std": 0.5841,
        },
    ),
    DevicePreset(
        "capacitor",
        "capacitor cell that leaks",
        "Li et al., VLSI (2018)",
        {
            "name": "linear-step",
            "dw_min": 0.005,
            "w_max": 1.0,
            "w_min": -1.0,
            "dw_min_dtod": 0.1,
            "up_down_dtod": 0.06,
            "w_max_dtod": 0.07,
            "w_min_dtod": 0.07,
            "gamma_up": 0.05,
            "gamma_down": 0.05,
            "gamma_up_dtod": 0.01,
            "gamma_down_dtod": 0.01,
            "mean_bound_reference": True,
            "mult_noise": False,
            "time_convention": "per-mini-batch",
            "lifetime": 1e6,
            "lifetime_dtod": 0.3,
        },
    ),
    DevicePreset(
        "ecram",
        "lithium electrochemical RAM",
        "Tang et al., IEDM (2018)",
        {
            **_ECRAM_RULES,
            "dw_min": 0.002,
            "w_max": 1.1724,
            "w_min": -0.8276,
            "gamma_up": 0.1153,
            "gamma_down": 0.5085,
        },
    ),
    DevicePreset(
        "ecram-mo",
        "metal-oxide electrochemical RAM",
        "Kim et al., IEDM (2019)",
        {
            **_ECRAM_RULES,
            "dw_min": 2.8214e-4,
            "w_max": 1.1714,
            "w_min": -0.8286,
            "dw_min_std": 2.0,
            "gamma_up": 0.4152,
            "gamma_down": 0.7342,
        },
    ),
    DevicePreset(
        "idealized",
        "constant step, symmetric, many states",
        "Rasch, Gokmen and Haensch, arXiv 1906.02698",
        {
            "name": "constant-step",
            "dw_min": 0.0002,
            "w_max": 1.0,
            "w_min": -1.0,
            "up_down_dtod": 0.0,
        },
    ),
    DevicePreset(
        "gokmen-vlasov",
        "the resistive processing unit as specified",
        _GOKMEN,
        {
            "name": "constant-step",
            "dw_min": 0.0016,
            "w_max": 1.0,
            "w_min": -1.0,
        },
    ),
    DevicePreset(
        "pcm",
        "phase change memory, of one direction: for one-sided pairs",
        "Nandakumar et al., Front. Neurosci. 14:406 (2020)",
        {
            "name": "exp-step",
            "dw_min": 0.01,
            "w_max": 2.0,
            "w_min": 0.0,
            "dw_min_dtod": 0.2,
            "up_down_dtod": 0.05,
            "w_max_dtod": 0.1,
            "w_min_dtod": 0.0,
            "dw_min_std": 0.6,
            "dw_min_std_add": 0.042,
            "dw_min_std_slope": 0.108,
            "a": -1.0,
            "b": 0.0,
            "gamma_up": 2.5,
            "gamma_down": 2.5,
            "A_up": -27.235,
            "A_down": -2.235,
            "reset": 0.01,
            "reset_dtod": 0.02,
        },
    ),
)
PRESETS: Final[dict[str, DevicePreset]] = {preset.name: preset for preset in _ALL}


def expanded(value: Any) -> Any:
    """A device as it was written, with the name of a preset replaced by its device and parameters.

    A name alone stands for a mapping with that name; parameters beside a preset's name overrule its own.
    """
    if isinstance(value, str):
        value = {"name": value}
    if not isinstance(value, dict) or not isinstance(value.get("name"), str) or value["name"] not in PRESETS:
        return value
    return PRESETS[value["name"]].parameters | {key: each for key, each in value.items() if key != "name"}
