"""The `hardware:` part: times, tile size, links, and the physics of the arrays."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from aimcsim.scenario.base import (
    AsText,
    Count,
    Name,
    NonNegativeInt,
    NonNegativeReal,
    PositiveReal,
    Spec,
)
from aimcsim.scenario.cost_spec import AreaSpec, EnergySpec
from aimcsim.scenario.device_spec import DeviceSpec, SoftBoundsDevice
from aimcsim.scenario.io_spec import BackwardIOSpec as BackwardIOSpec
from aimcsim.scenario.io_spec import IOSpec as IOSpec
from aimcsim.scenario.mapping_spec import MappingSpec as MappingSpec
from aimcsim.scenario.pulse_spec import PulseSpec as PulseSpec


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
    conversion_ns: NonNegativeReal = Field(0.0, description="one conversion of an ADC, beside the MVM's own time")
    columns_per_adc: Count = Field(1, description="output lines that share an ADC and are converted in turn")
    operations_per_ns: PositiveReal | None = Field(
        None,
        description="digital operations a nanosecond of every array's and node's digital unit, in place of sum_ns and "
        "activation_ns; default: digital work takes no time of its own",
    )


class PresetTiming(Spec):
    """The times of a preset on another clock: a finer one rounds less."""

    preset: Name
    clock_ns: PositiveReal


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
    if "preset" in value:
        return "(PresetTiming)"
    in_ns = any(isinstance(key, str) and key.endswith("_ns") and key != "clock_ns" for key in value)
    return "(NanosecondTiming)" if in_ns else "(CycleTiming)"


Timing = Annotated[
    Annotated[Name, AsText]
    | Annotated[StageTiming, Tag("(StageTiming)")]
    | Annotated[CycleTiming, Tag("(CycleTiming)")]
    | Annotated[NanosecondTiming, Tag("(NanosecondTiming)")]
    | Annotated[PresetTiming, Tag("(PresetTiming)")],
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
    latency_ns: NonNegativeReal | None = Field(None, description="in place of latency; rounded up to cycles")
    bandwidth: PositiveReal | None = Field(None, description="bytes per cycle; default: infinite")
    bytes_per_ns: PositiveReal | None = Field(None, description="in place of bandwidth")
    capacity: Count | None = Field(None, description="messages under way or waiting at the far end; default: infinite")
    value_bytes: Annotated[Count, Field(le=8)] = Field(1, description="bytes of one activation or error value")


class HardwareSpec(Spec):
    """Everything below the layer graph."""

    timing: Timing = Field(
        "unit", description="a preset (`aimcsim list hardware`), times in cycles or nanoseconds, or `stages:`"
    )
    tile: TileSpec = TileSpec()
    link: LinkSpec = LinkSpec()
    device: DeviceSpec = SoftBoundsDevice(name="soft-bounds")
    io: IOSpec = IOSpec()
    io_backward: BackwardIOSpec | None = Field(
        None, description="converters of the transposed product; default: as io, without bound management"
    )
    pulses: PulseSpec = PulseSpec()
    mapping: MappingSpec = MappingSpec()
    energy: EnergySpec = EnergySpec()
    area: AreaSpec = AreaSpec()
