"""The `hardware.device:` part: the resistive devices of an array.

Parameters that aihwkit has too carry its names and mean what they mean there (its PulsedDevice and the classes derived
from it); their defaults are its defaults (release 1.2.0).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, TypeAdapter, model_validator

from aimcsim.scenario.base import Flag, NonNegativeReal, PositiveReal, Real, Spec
from aimcsim.scenario.device_presets import PRESETS, expanded

NonPositiveReal = Annotated[Real, Field(le=0, ge=-1e12)]
Probability = Annotated[NonNegativeReal, Field(le=1)]


class IdealDevice(Spec):
    """A perfect multiplier: any step, no bounds, no noise."""

    name: Literal["ideal"]


class PulsedDevice(Spec):
    """What all devices that are moved by pulses share: step, range, spreads, write noise, ageing."""

    dw_min: PositiveReal = Field(0.001, description="mean step of one pulse at weight zero")
    dw_min_dtod: NonNegativeReal = Field(0.3, description="device-to-device spread of dw_min, relative")
    dw_min_std: NonNegativeReal = Field(0.3, description="cycle-to-cycle noise of a step, relative")
    w_max: PositiveReal = 0.6
    w_min: NonPositiveReal = -0.6
    w_max_dtod: NonNegativeReal = Field(0.3, description="device-to-device spread of w_max, relative")
    w_min_dtod: NonNegativeReal = Field(0.3, description="device-to-device spread of w_min, relative")
    up_down: Real = Field(0.0, description="bias between up and down steps")
    up_down_dtod: NonNegativeReal = Field(0.01, description="device-to-device spread of up_down")
    dw_min_dtod_log_normal: Flag = Field(False, description="steps are spread log-normally instead of normally")
    enforce_consistency: Flag = Field(True, description="steps never point the wrong way, bounds enclose zero")
    perfect_bias: Flag = Field(False, description="the last column steps by dw_min, in a range a hundred times as wide")
    corrupt_devices_prob: Probability = Field(0.0, description="probability that a device is stuck")
    corrupt_devices_range: NonNegativeReal = Field(0.1, description="stuck devices lie in ± this, evenly")
    write_noise_std: NonNegativeReal = Field(
        0.0, description="noise of the readable over a hidden state, redrawn at each write, in units of dw_min"
    )
    reset: Real = Field(0.0, description="weight that a reset leads to, and a leak")
    reset_dtod: NonNegativeReal = Field(0.0, description="device-to-device spread of reset, absolute")
    reset_std: NonNegativeReal = Field(0.01, description="noise of each reset, absolute")
    time_convention: Literal["simulated", "per-mini-batch"] = Field(
        "simulated", description="what ages: seconds of simulated time, or aihwkit's count of updates"
    )
    leak_lifetime_s: PositiveReal | None = Field(
        None, description="simulated: time constant of the decay toward reset, in seconds; default: no leak"
    )
    lifetime: NonNegativeReal = Field(
        0.0, description="per-mini-batch: the distance to reset shrinks by 1 - 1/lifetime at each update; 0: no leak"
    )
    lifetime_dtod: NonNegativeReal = Field(0.0, description="device-to-device spread of either lifetime, relative")
    diffusion_per_root_s: NonNegativeReal = Field(
        0.0, description="simulated: standard deviation of the random walk after one second"
    )
    diffusion: NonNegativeReal = Field(0.0, description="per-mini-batch: standard deviation of the walk per update")
    diffusion_dtod: NonNegativeReal = Field(0.0, description="device-to-device spread of either diffusion, relative")
    drift_nu: NonNegativeReal = Field(
        0.0, description="simulated: exponent of the power law (t/t0)^-nu, with t since the last write"
    )
    drift_nu_dtod: NonNegativeReal = Field(0.0, description="device-to-device spread of drift_nu, relative")
    drift_t0_s: PositiveReal = Field(1.0, description="seconds after a write from which on the power law holds")

    @model_validator(mode="after")
    def _time_has_its_own_keys(self) -> PulsedDevice:
        simulated = self.time_convention == "simulated"
        if simulated and self.lifetime > 0.0 and self.leak_lifetime_s is None:
            raise ValueError("lifetime counts updates: time_convention: simulated needs leak_lifetime_s beside it")
        if simulated and self.diffusion > 0.0 and self.diffusion_per_root_s == 0.0:
            raise ValueError(
                "diffusion counts updates: time_convention: simulated needs diffusion_per_root_s beside it"
            )
        if not simulated and self.drift_nu > 0.0:
            raise ValueError("drift_nu needs time_convention: simulated")
        if self.drift_nu > 0.0 and (self.leak_lifetime_s is not None or self.diffusion_per_root_s > 0.0):
            raise ValueError("drift_nu cannot be combined with leak_lifetime_s or diffusion_per_root_s")
        return self

    @property
    def needs_seconds(self) -> bool:
        """Whether these devices change with simulated time."""
        if self.time_convention != "simulated":
            return False
        return self.leak_lifetime_s is not None or self.diffusion_per_root_s > 0.0 or self.drift_nu > 0.0

    @property
    def states(self) -> float:
        """Number of states, (w_max − w_min)/dw_min (arXiv 2510.02516 §2; aihwkit's presets are counted so)."""
        return (self.w_max - self.w_min) / self.dw_min


class ConstantStepDevice(PulsedDevice):
    """The same step everywhere between hard bounds."""

    name: Literal["constant-step"]


class LinearStepDevice(PulsedDevice):
    """A step that falls linearly with the weight, to 1 - gamma of its size at zero when it reaches the bound."""

    name: Literal["linear-step"]
    gamma_up: Real = 0.0
    gamma_down: Real = 0.0
    gamma_up_dtod: NonNegativeReal = Field(0.05, description="device-to-device spread of gamma_up, absolute")
    gamma_down_dtod: NonNegativeReal = Field(0.05, description="device-to-device spread of gamma_down, absolute")
    allow_increasing: Flag = Field(False, description="steps may also grow toward the bound (gamma below zero)")
    mean_bound_reference: Flag = Field(
        True, description="gamma refers to w_max and w_min, not to a device's own bounds"
    )
    mult_noise: Flag = Field(True, description="step noise relative to the step (else to the step at weight zero)")


class SoftBoundsDevice(PulsedDevice):
    """Soft bounds (the papers' asymmetric linear device): the step falls linearly to zero at the bound."""

    name: Literal["soft-bounds"]
    w_min: Annotated[Real, Field(lt=0)] = -0.6
    mult_noise: Flag = Field(True, description="step noise relative to the step (else to the step at weight zero)")


class SoftBoundsReferenceDevice(PulsedDevice):
    """Soft bounds read against a reference device, which can hold the symmetric point."""

    name: Literal["soft-bounds-reference"]
    mult_noise: Flag = Field(False, description="step noise relative to the step (else to the step at weight zero)")
    slope_up_dtod: NonNegativeReal = Field(0.0, description="device-to-device spread of the upward slope, relative")
    slope_down_dtod: NonNegativeReal = Field(0.0, description="device-to-device spread of the downward slope, relative")
    reference_mean: Real = 0.0
    reference_std: NonNegativeReal = Field(0.0, description="spread of the reference, absolute")
    subtract_symmetry_point: Flag = Field(False, description="the reference is each device's own symmetric point")


class PowStepDevice(PulsedDevice):
    """A step that is a power of the distance of the bound over the range."""

    name: Literal["pow-step"]
    pow_gamma: NonNegativeReal = 1.0
    pow_gamma_dtod: NonNegativeReal = Field(0.1, description="device-to-device spread of pow_gamma, relative")
    pow_up_down: Real = Field(0.0, description="bias between the powers up and down")
    pow_up_down_dtod: NonNegativeReal = Field(0.0, description="device-to-device spread of pow_up_down")


class ExpStepDevice(PulsedDevice):
    """A step with an exponential in the weight: max(1 - A e^(±gamma z), 0), z = 2 a w/(range) + b."""

    name: Literal["exp-step"]
    A_up: Real = 0.00081
    A_down: Real = 0.36833
    gamma_up: Real = 12.44625
    gamma_down: Real = 12.78785
    a: Real = 0.244
    b: Real = 0.2425
    dw_min_std_add: NonNegativeReal = Field(0.0, description="noise that does not depend on the step")
    dw_min_std_slope: NonNegativeReal = Field(0.0, description="noise that grows with the weight's magnitude")


Nodes = Annotated[list[NonNegativeReal], Field(min_length=1, max_length=1024)]


class PiecewiseStepDevice(PulsedDevice):
    """A step interpolated between equally spaced nodes, the first at a device's lower bound, the last at its upper."""

    name: Literal["piecewise-step"]
    piecewise_up: Nodes = Field([1.0], description="steps up in units of dw_min")
    piecewise_down: Nodes = Field([1.0], description="steps down in units of dw_min")


class ResponseDevice(PulsedDevice):
    """The papers' response functions, as large as dw_min at weight zero and zero at the bounds."""

    name: Literal["response"]
    form: Literal["linear", "generalised-linear", "power", "exponential"]
    symmetric_point: Real = Field(0.0, description="linear: where steps up and down are equal")
    c_lin: Annotated[Real, Field(gt=-1, lt=1)] = Field(0.0, description="generalised-linear: asymmetry")
    gamma_res: Annotated[PositiveReal, Field(le=50)] = Field(1.0, description="power, exponential: how far from linear")
    mult_noise: Flag = Field(False, description="step noise relative to the step (else to the step at weight zero)")

    @model_validator(mode="after")
    def _bounds_on_both_sides(self) -> ResponseDevice:
        if self.w_min == 0.0:
            raise ValueError("w_min must be below zero for a response device")
        return self


Point = Annotated[list[Real], Field(min_length=2, max_length=2)]
Points = Annotated[list[Point], Field(min_length=2, max_length=1024)]


class TableDevice(PulsedDevice):
    """A measured response: points [weight, step in units of dw_min] joined by straight lines."""

    name: Literal["response-table"]
    points_up: Points = Field(description="[[w, step], ...] with w rising")
    points_down: Points = Field(description="[[w, step], ...] with w rising")

    @model_validator(mode="after")
    def _weights_rise_and_steps_go_their_way(self) -> TableDevice:
        for key, points in (("points_up", self.points_up), ("points_down", self.points_down)):
            if any(after[0] <= before[0] for before, after in pairwise(points)):
                raise ValueError(f"{key} must have weights that rise from point to point")
            if any(step < 0.0 for _, step in points):
                raise ValueError(f"{key} must have no step below zero")
        return self


SingleDevice = Annotated[
    Annotated[
        ConstantStepDevice
        | LinearStepDevice
        | SoftBoundsDevice
        | SoftBoundsReferenceDevice
        | PowStepDevice
        | ExpStepDevice
        | PiecewiseStepDevice
        | ResponseDevice
        | TableDevice,
        Field(discriminator="name"),
    ],
    BeforeValidator(expanded),
]


class OneSidedDevice(Spec):
    """A pair of devices that are only stepped up: w = g+ - g-, refreshed when both are worn."""

    name: Literal["one-sided"]
    device: SingleDevice = Field(description="the devices of the pair: a name or its parameters")
    copy_inverted: Flag = Field(False, description="g- is the mirror image of g+ instead of a device of its own")
    refresh_every: Annotated[int, Field(strict=True, ge=0, le=10**12)] = Field(
        0, description="samples between refreshes; 0: never"
    )
    refresh_upper_thres: NonNegativeReal = Field(0.75, description="refresh if the larger is above this part of w_max")
    refresh_lower_thres: NonNegativeReal = Field(0.25, description="and the smaller above this part")
    refresh_bl: Annotated[int, Field(strict=True, ge=1, le=2**16)] = Field(
        31, description="most pulses that write the difference back"
    )

    @property
    def needs_seconds(self) -> bool:
        """Whether these devices change with simulated time."""
        return self.device.needs_seconds

    @property
    def states(self) -> float:
        """States of one device of the pair."""
        return self.device.states


Device = (
    IdealDevice
    | ConstantStepDevice
    | LinearStepDevice
    | SoftBoundsDevice
    | SoftBoundsReferenceDevice
    | PowStepDevice
    | ExpStepDevice
    | PiecewiseStepDevice
    | ResponseDevice
    | TableDevice
    | OneSidedDevice
)

#: All kinds of device, in the order of the documents.
DEVICES: tuple[type[Spec], ...] = get_args(Device)

#: What a scenario may call a device.
NAMES = (*(get_args(spec.model_fields["name"].annotation)[0] for spec in DEVICES), *PRESETS)

DeviceSpec = Annotated[Annotated[Device, Field(discriminator="name")], BeforeValidator(expanded)]


def device_of(value: Any) -> Device:
    """A device from its name, the name of a preset, a mapping of parameters or a spec; ValueError if it is none."""
    if isinstance(value, str) and value not in NAMES:
        raise ValueError(f"device must be one of {', '.join(NAMES)} (got {value!r})")
    adapter: TypeAdapter[Device] = TypeAdapter(DeviceSpec)
    return adapter.validate_python(value)
