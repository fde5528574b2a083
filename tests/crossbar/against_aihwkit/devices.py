"""The devices that both sides run: aimcsim's parameters, and aihwkit's class for them.

Nothing but the standard library, so that either interpreter can import it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp
from typing import Any

Parameters = dict[str, Any]

#: Keys of aimcsim alone. `enforce_consistency` is written out everywhere because aihwkit's own default has changed.
OURS_ONLY = ("name", "time_convention")


@dataclass(frozen=True)
class DeviceCase:
    """One device on both sides; what aihwkit's class is given is `ours` with `theirs` laid over it."""

    ours: Parameters
    aihwkit: str
    #: Parameters of aihwkit's class that differ; None removes one.
    theirs: Parameters = field(default_factory=dict)
    #: Modes of `pulses.stepping` that are compared.
    steppings: tuple[str, ...] = ("auto",)
    #: By how much aihwkit's rate is multiplied so that both plan the same trains.
    rate_ratio: float = 1.0
    #: Of a pair: parameters of the pair itself; `ours` are those of its devices then.
    pair: Parameters | None = None

    @property
    def device(self) -> Parameters:
        """The value of aimcsim's `device`."""
        return self.ours if self.pair is None else {"name": "one-sided", "device": self.ours, **self.pair}

    @property
    def step(self) -> float:
        """dw_min."""
        return float(self.ours["dw_min"] if "dw_min" in self.ours else PRESET_STEPS[self.ours["name"]])

    @property
    def shape(self) -> tuple[int, int]:
        """(outputs, inputs). aihwkit writes a column of pairs back with one train: alike only if it has one pair."""
        return (32, 32) if self.pair is None or "refresh_every" not in self.pair else (1, 512)

    @property
    def arguments(self) -> Parameters:
        """What aihwkit's class of the single device is called with."""
        given = {key: value for key, value in self.ours.items() if key not in OURS_ONLY} | self.theirs
        return {key: value for key, value in given.items() if value is not None}


#: dw_min of the presets.
PRESET_STEPS = {
    "reram-es": 0.00135,
    "reram-sb": 0.002,
    "reram-array-om": 0.0949,
    "reram-array-hfo2": 0.4622,
    "capacitor": 0.005,
    "ecram": 0.002,
    "ecram-mo": 2.8214e-4,
    "idealized": 0.0002,
    "gokmen-vlasov": 0.0016,
    "pcm": 0.01,
}

#: Steps of a fiftieth of the range, so that 300 pulses go all the way, with all spreads that devices have by default.
WIDE: Parameters = {"dw_min": 0.01, "dw_min_std": 0.5, "up_down_dtod": 0.05, "enforce_consistency": True}
NO_SPREAD: Parameters = dict.fromkeys(("dw_min_dtod", "up_down_dtod", "w_max_dtod", "w_min_dtod"), 0.0)
LOOSE: Parameters = {"enforce_consistency": False}
BOTH_MODES = ("exact", "closed-form")
#: Exactly equal steps far from bounds: what the weights move by counts pulses.
COUNTING = DeviceCase(
    {"name": "constant-step", "dw_min": 0.001, "w_max": 100.0, "w_min": -100.0, "dw_min_std": 0.0, **NO_SPREAD},
    "ConstantStepDevice",
    {"enforce_consistency": True},
)


def _case(name: str, aihwkit: str, theirs: Parameters | None = None, **more: Any) -> DeviceCase:
    return DeviceCase({"name": name, **WIDE, **more}, aihwkit, theirs or {})


def _soft(**more: Any) -> DeviceCase:
    return DeviceCase({"name": "soft-bounds", **WIDE, "dw_min": 0.004, **more}, "SoftBoundsDevice", {}, BOTH_MODES)


def _reference(**more: Any) -> DeviceCase:
    return _case("soft-bounds-reference", "SoftBoundsReferenceDevice", **{"mult_noise": False, **more})


def _pair(device: DeviceCase, **pair: Any) -> DeviceCase:
    return DeviceCase(device.ours, device.aihwkit, device.theirs, pair=pair)


def _preset(name: str, aihwkit: str, rate_ratio: float = 1.0) -> DeviceCase:
    consistent = {"enforce_consistency": True}
    return DeviceCase({"name": name, **consistent}, aihwkit, consistent, rate_ratio=rate_ratio)


#: aihwkit plans exp-step trains by its step *down* at weight zero, aimcsim by the mean of both: (down, mean).
_ES_DOWN = (1.0 + 0.081404 * exp(5.0 * 0.5)) * (1.0 - 0.259359)
_ES_UP = 1.0 + 1.18445 * exp(5.0 * -0.5)
_EXP_DOWN, _EXP_UP = 1.0 - 0.36833 * exp(-12.78785 * 0.2425), 1.0 - 0.00081 * exp(12.44625 * 0.2425)
_PCM_DOWN, _PCM_UP = 1.0 + 2.235, 1.0 + 27.235

_EXP = DeviceCase({"name": "exp-step", **WIDE}, "ExpStepDevice", rate_ratio=2 * _EXP_DOWN / (_EXP_DOWN + _EXP_UP))
_COMPLEX = {"dw_min_std_add": 0.01, "dw_min_std_slope": 0.05}
_PIECES = {"piecewise_up": [1.0, 0.8, 0.2], "piecewise_down": [0.2, 0.9, 1.3]}
_POINTS = {
    "points_up": [[-0.6, 1.0], [0.0, 0.8], [0.6, 0.2]],
    "points_down": [[-0.6, 0.2], [0.0, 0.9], [0.6, 1.3]],
}
#: aihwkit plans their trains by the step up at mid-range, aimcsim by the mean of both.
_MIDDLE_UP, _MIDDLE = 0.8, 0.85
_NO_POINTS = dict.fromkeys(_POINTS)
_LIKE_SOFT = {"form": None, "mult_noise": False}
_EQUAL_STEPS = {"dw_min_dtod": 0.0, "up_down_dtod": 0.0}
_PCM = {"name": "pcm", "enforce_consistency": True}

DEVICES: dict[str, DeviceCase] = {
    "constant-step": _case("constant-step", "ConstantStepDevice", up_down=0.1),
    "constant-step, inconsistent": _case(
        "constant-step", "ConstantStepDevice", dw_min_dtod=0.6, w_max_dtod=0.8, **LOOSE
    ),
    "constant-step, corrupt, perfect bias": _case(
        "constant-step", "ConstantStepDevice", corrupt_devices_prob=0.2, perfect_bias=True, dw_min_dtod_log_normal=True
    ),
    "linear-step, multiplicative": _case(
        "linear-step", "LinearStepDevice", gamma_up=0.5, gamma_down=0.8, mult_noise=True
    ),
    "linear-step, additive": _case("linear-step", "LinearStepDevice", gamma_up=0.5, gamma_down=0.8, mult_noise=False),
    "linear-step, own bounds, rising": _case(
        "linear-step",
        "LinearStepDevice",
        gamma_up=-0.3,
        gamma_down=0.4,
        allow_increasing=True,
        mean_bound_reference=False,
        write_noise_std=3.0,
    ),
    "soft-bounds": _soft(),
    "soft-bounds, additive": _soft(mult_noise=False, up_down=-0.1),
    "soft-bounds, strong noise": _soft(dw_min_std=3.0),
    "soft-bounds, inconsistent": _soft(w_max_dtod=0.6, **LOOSE),
    "soft-bounds, write noise": DeviceCase({"name": "soft-bounds", **WIDE, "write_noise_std": 5.0}, "SoftBoundsDevice"),
    "soft-bounds-reference": _reference(
        # Bounds far from zero: what is programmed is clipped to w + r here, to w there.
        reference_mean=0.1,
        reference_std=0.05,
        w_max_dtod=0.1,
        w_min_dtod=0.1,
    ),
    "soft-bounds-reference, symmetric": _reference(
        subtract_symmetry_point=True, reference_std=0.02, mult_noise=True, w_max_dtod=0.1, w_min_dtod=0.1
    ),
    "soft-bounds-reference, slopes": _reference(slope_up_dtod=0.2, slope_down_dtod=0.3, w_min_dtod=0.5, **LOOSE),
    "pow-step": _case("pow-step", "PowStepDevice", pow_gamma=1.7, pow_up_down=0.2, pow_up_down_dtod=0.05),
    "exp-step": _EXP,
    "exp-step, complex noise": DeviceCase(_EXP.ours | _COMPLEX, _EXP.aihwkit, rate_ratio=_EXP.rate_ratio),
    "piecewise-step": DeviceCase(
        {"name": "piecewise-step", **WIDE, **_PIECES}, "PiecewiseStepDevice", rate_ratio=_MIDDLE_UP / _MIDDLE
    ),
    "response-table (as piecewise)": DeviceCase(
        {"name": "response-table", **WIDE, "w_max_dtod": 0.0, "w_min_dtod": 0.0, **_POINTS},
        "PiecewiseStepDevice",
        _PIECES | _NO_POINTS,
        rate_ratio=_MIDDLE_UP / _MIDDLE,
    ),
    "response linear (as soft-bounds)": _case("response", "SoftBoundsDevice", _LIKE_SOFT, form="linear"),
    "response generalised (as soft-bounds)": DeviceCase(
        {"name": "response", **WIDE, "form": "generalised-linear", "c_lin": 0.2, "mult_noise": True, **_EQUAL_STEPS},
        "SoftBoundsDevice",
        # (1 + c)·dw up and (1 − c)·dw down; equal gains, since aihwkit's bias is not spread with the step.
        {"form": None, "c_lin": None, "dw_min": 0.012, "up_down": 1.0 - 0.8 / 1.2},
        rate_ratio=1.2,
    ),
    "response power (as pow-step)": _case(
        "response",
        "PowStepDevice",
        # ½^γ at weight zero there; the power is spread there by default.
        {"form": None, "gamma_res": None, "mult_noise": None, "pow_gamma": 2.0, "pow_gamma_dtod": 0.0, "dw_min": 0.04},
        form="power",
        gamma_res=2.0,
        mult_noise=True,
        w_max_dtod=0.0,
        w_min_dtod=0.0,
    ),
    "one-sided, soft-bounds": _pair(_case("soft-bounds", "SoftBoundsDevice")),
    # aihwkit mirrors g+ where its documentation (and aimcsim) mirrors g-, so the bias changes its sign; and it mirrors
    # that device's own draw, where they mirror the other's: comparable without spread.
    "one-sided, mirrored": DeviceCase(
        {"name": "constant-step", **WIDE, **NO_SPREAD, "up_down": 0.3},
        "ConstantStepDevice",
        {"up_down": -0.3},
        pair={"copy_inverted": True},
    ),
    "one-sided, refreshed": _pair(
        _case("soft-bounds", "SoftBoundsDevice", reset=0.02, reset_dtod=0.01), refresh_every=25
    ),
    # Steps up and down are equal at weight zero here, so that both write back by the same granularity.
    "one-sided, pcm refreshed": _pair(
        DeviceCase(_PCM | {"A_down": -27.235}, "PCMPresetDevice", {"enforce_consistency": True}), refresh_every=10
    ),
    "reram-es": _preset("reram-es", "ReRamESPresetDevice", 2 * _ES_DOWN / (_ES_DOWN + _ES_UP)),
    "reram-sb": _preset("reram-sb", "ReRamSBPresetDevice"),
    "reram-array-om": _preset("reram-array-om", "ReRamArrayOMPresetDevice"),
    "reram-array-hfo2": _preset("reram-array-hfo2", "ReRamArrayHfO2PresetDevice"),
    "capacitor": _preset("capacitor", "CapacitorPresetDevice"),
    "ecram": _preset("ecram", "EcRamPresetDevice"),
    "ecram-mo": _preset("ecram-mo", "EcRamMOPresetDevice"),
    "idealized": _preset("idealized", "IdealizedPresetDevice"),
    "gokmen-vlasov": _preset("gokmen-vlasov", "GokmenVlasovPresetDevice"),
    "pcm": _preset("pcm", "PCMPresetDevice", 2 * _PCM_DOWN / (_PCM_DOWN + _PCM_UP)),
}

_LEAK = {"lifetime": 40.0, "lifetime_dtod": 0.2, "reset": 0.1, "reset_dtod": 0.05}
_WALK = {"diffusion": 0.01, "diffusion_dtod": 0.3}
_AGES = {"time_convention": "per-mini-batch"}


def _ageing(name: str, aihwkit: str, **more: Any) -> DeviceCase:
    return DeviceCase({"name": name, **WIDE, **_AGES, **more}, aihwkit)


AGEING: dict[str, DeviceCase] = {
    "leak, constant-step": _ageing("constant-step", "ConstantStepDevice", **_LEAK),
    "leak, soft-bounds": _ageing("soft-bounds", "SoftBoundsDevice", **_LEAK),
    "leak, soft-bounds-reference": _ageing(
        "soft-bounds-reference",
        "SoftBoundsReferenceDevice",
        **_LEAK,
        mult_noise=False,
        reference_mean=0.05,
        w_max_dtod=0.1,
        w_min_dtod=0.1,
    ),
    "leak, symmetric point": _ageing(
        "soft-bounds-reference",
        "SoftBoundsReferenceDevice",
        **_LEAK,
        mult_noise=False,
        subtract_symmetry_point=True,
        up_down=0.3,
    ),
    "diffusion, soft-bounds": _ageing("soft-bounds", "SoftBoundsDevice", **_WALK),
    "diffusion, pow-step": _ageing("pow-step", "PowStepDevice", **_WALK),
    "leak and diffusion, linear-step, write noise": _ageing(
        "linear-step", "LinearStepDevice", **_LEAK, **_WALK, write_noise_std=5.0
    ),
    "capacitor of a short lifetime": DeviceCase(
        {"name": "capacitor", "enforce_consistency": True, "lifetime": 60.0}, "CapacitorPresetDevice"
    ),
}

#: Updates in which nothing is drawn: (device, None for the ideal one; pulses).
EXACT_UPDATES: dict[str, tuple[DeviceCase | None, Parameters]] = {
    "ideal device": (None, {}),
    "pulse type none, on soft bounds": (DEVICES["soft-bounds"], {"pulse_type": "none"}),
    "deterministic-implicit, noiseless equal steps": (COUNTING, {"pulse_type": "deterministic-implicit"}),
    "deterministic-implicit, unmanaged": (
        COUNTING,
        {"pulse_type": "deterministic-implicit", "update_management": False, "update_bl_management": False},
    ),
}
