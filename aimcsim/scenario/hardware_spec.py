"""The `hardware:` part: times, tile size, links, and the physics of the arrays."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from aimcsim.scenario.base import (
    AsText,
    Count,
    Flag,
    Name,
    NonNegativeInt,
    NonNegativeReal,
    PositiveReal,
    Real,
    Spec,
)


class StageTimes(Spec):
    """Cycles of one stage action of one micro-batch, whatever its size."""

    forward: Count = 1
    backward: Count = 1
    update: NonNegativeInt = 0


class StageTiming(Spec):
    """`stages:` sets each stage's times per action, one triple a stage: for schedule studies."""

    stages: list[StageTimes] = Field(min_length=1, max_length=1024)


class CycleTiming(Spec):
    """Times in whole cycles."""

    forward: Count = Field(1, description="cycles of one MVM, or of one action where `per` says so")
    backward: Count = Field(1, description="cycles of one transposed MVM (or action)")
    update: NonNegativeInt = Field(0, description="cycles of one rank-one update (or action), beside its pulses")
    pulse: NonNegativeInt = Field(0, description="cycles of one slot of the pulse train that an update really needs")
    per: Literal["mvm", "action"] = "mvm"
    sum: NonNegativeInt = Field(0, description="cycles of the digital node that sums the row splits of a layer")
    activation: NonNegativeInt = Field(0, description="cycles of a digital activation or add node")
    loss: NonNegativeInt = Field(0, description="cycles from the last forward's end to its error")
    clock_ns: PositiveReal | None = Field(None, description="length of a cycle, to report seconds; default: unknown")


class NanosecondTiming(Spec):
    """Times in nanoseconds, summed exactly and rounded up to cycles once per tile operation."""

    clock_ns: PositiveReal
    forward_ns: PositiveReal
    backward_ns: PositiveReal
    update_ns: NonNegativeReal = 0.0
    pulse_ns: NonNegativeReal = 0.0
    sum_ns: NonNegativeReal = 0.0
    activation_ns: NonNegativeReal = 0.0
    loss_ns: NonNegativeReal = 0.0


def _timing_form(value: Any) -> str | None:
    """Which timing is meant: `stages` and the keys in nanoseconds decide (`clock_ns` alone does not)."""
    if isinstance(value, str):
        return AsText.tag
    if isinstance(value, Spec):
        return f"({type(value).__name__})"
    if not isinstance(value, dict):
        return None
    if "stages" in value:
        return "(StageTiming)"
    in_ns = any(isinstance(key, str) and key.endswith("_ns") and key != "clock_ns" for key in value)
    return "(NanosecondTiming)" if in_ns else "(CycleTiming)"


Timing = Annotated[
    Annotated[Name, AsText]
    | Annotated[StageTiming, Tag("(StageTiming)")]
    | Annotated[CycleTiming, Tag("(CycleTiming)")]
    | Annotated[NanosecondTiming, Tag("(NanosecondTiming)")],
    Discriminator(
        _timing_form,
        custom_error_type="wrong_form",
        custom_error_message="must be the name of a preset, times in cycles, times in nanoseconds, or `stages:`",
    ),
]


class TileSpec(Spec):
    """Largest array of a tile: rows are input lines, columns are output lines."""

    rows: Annotated[Count, Field(le=2**20)] = 512
    columns: Annotated[Count, Field(le=2**20)] = 512


class LinkSpec(Spec):
    """A link between two stages, one direction each: latency, then bandwidth, then room for whole messages."""

    latency: NonNegativeInt = Field(0, description="cycles")
    bandwidth: PositiveReal | None = Field(None, description="bytes per cycle; default: infinite")
    capacity: Count | None = Field(None, description="messages under way or waiting at the far end; default: infinite")
    value_bytes: Annotated[Count, Field(le=8)] = Field(1, description="bytes of one activation or error value")


class IdealDevice(Spec):
    """A perfect multiplier: any step, no bounds, no noise."""

    name: Literal["ideal"]


class SoftBoundsDevice(Spec):
    """Soft bounds (the papers' asymmetric linear device): the step falls linearly to zero at the bound.

    Parameters mean what they mean in aihwkit's SoftBoundsDevice.
    """

    name: Literal["soft-bounds"]
    dw_min: PositiveReal = Field(0.001, description="mean step of one pulse at weight zero")
    dw_min_dtod: NonNegativeReal = Field(0.3, description="device-to-device spread of dw_min, relative")
    dw_min_std: NonNegativeReal = Field(0.3, description="cycle-to-cycle noise of a step, relative")
    w_max: PositiveReal = 0.6
    w_min: Annotated[Real, Field(lt=0)] = -0.6
    w_max_dtod: NonNegativeReal = Field(0.3, description="device-to-device spread of w_max, relative")
    w_min_dtod: NonNegativeReal = Field(0.3, description="device-to-device spread of w_min, relative")
    up_down: Real = Field(0.0, description="bias between up and down steps")
    up_down_dtod: NonNegativeReal = Field(0.01, description="device-to-device spread of up_down")
    mult_noise: Flag = Field(True, description="step noise relative to the step (else to the step at weight zero)")


DeviceSpec = Annotated[IdealDevice | SoftBoundsDevice, Field(discriminator="name")]


class IOSpec(Spec):
    """DACs and ADCs of a tile; parameters and defaults as in aihwkit's IOParameters."""

    is_perfect: Flag = Field(False, description="no quantisation, bounds or noise at all")
    inp_bound: PositiveReal = 1.0
    inp_res: NonNegativeReal = Field(1 / (2**7 - 2), description="step as a fraction of the whole input range; 0: none")
    inp_noise: NonNegativeReal = 0.0
    out_bound: PositiveReal = 12.0
    out_res: NonNegativeReal = Field(
        1 / (2**9 - 2), description="step as a fraction of the whole output range; 0: none"
    )
    out_noise: NonNegativeReal = 0.06
    w_noise: NonNegativeReal = Field(
        0.0, description="output noise of standard deviation w_noise times the input's 2-norm"
    )
    noise_management: Literal["abs-max", "none"] = "abs-max"


class PulseSpec(Spec):
    """Pulse trains of an update; parameters and defaults as in aihwkit's UpdateParameters."""

    pulse_type: Literal["stochastic-compressed", "deterministic-implicit", "none"] = "stochastic-compressed"
    desired_bl: Annotated[Count, Field(le=2**16)] = Field(31, description="slots of a train")
    fixed_bl: Flag = True
    update_management: Flag = Field(True, description="balance the probabilities of rows and columns")
    update_bl_management: Flag = Field(True, description="shorten the train to what the largest product needs")
    stepping: Literal["auto", "exact", "closed-form"] = Field(
        "auto", description="pulses one by one, or those of a train at once; auto: at once unless states are few"
    )


class MappingSpec(Spec):
    """How weights are laid onto the conductance range: W = scale · C."""

    weight_scaling_omega: NonNegativeReal = Field(
        0.0, description="the largest initial weight becomes this conductance; 0: no scaling (W = C)"
    )


class HardwareSpec(Spec):
    """Everything below the layer graph."""

    timing: Timing = Field(
        "unit", description="a preset (`aimcsim list hardware`), times in cycles or nanoseconds, or `stages:`"
    )
    tile: TileSpec = TileSpec()
    link: LinkSpec = LinkSpec()
    device: DeviceSpec = SoftBoundsDevice(name="soft-bounds")
    io: IOSpec = IOSpec()
    pulses: PulseSpec = PulseSpec()
    mapping: MappingSpec = MappingSpec()
