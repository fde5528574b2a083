"""Converters of a tile: `hardware.io` and `hardware.io_backward`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from aimcsim.scenario.base import Count, Flag, NonNegativeReal, PositiveReal, Spec

NoiseManagement = Literal["abs-max", "max", "constant", "average-abs-max", "none"]
BoundManagement = Literal["iterative", "shift", "none"]


class IOSpec(Spec):
    """DACs and ADCs of a tile; parameters and defaults as in aihwkit's IOParameters."""

    is_perfect: Flag = Field(False, description="no quantisation, bounds or noise at all")
    inp_bound: PositiveReal = 1.0
    inp_res: NonNegativeReal = Field(1 / (2**7 - 2), description="step as a fraction of the whole input range; 0: none")
    inp_sto_round: Flag = Field(False, description="DACs round up or down at random, right on average")
    inp_noise: NonNegativeReal = 0.0
    out_bound: PositiveReal = 12.0
    out_res: NonNegativeReal = Field(
        1 / (2**9 - 2), description="step as a fraction of the whole output range; 0: none"
    )
    out_sto_round: Flag = Field(False, description="ADCs round up or down at random, right on average")
    out_noise: NonNegativeReal = 0.06
    out_noise_std: NonNegativeReal = Field(0.0, description="spread of out_noise from output line to line, relative")
    w_noise: NonNegativeReal = Field(0.0, description="size of the weight noise of a read")
    w_noise_type: Literal["additive-constant", "pcm-read", "none"] = Field(
        "additive-constant",
        description="deviation of a weight's noise: additive-constant: w_noise; pcm-read: w_noise·√|C|",
    )
    noise_management: NoiseManagement = Field(
        "abs-max", description="how the scale of a sample's input is found; constant: nm_thres"
    )
    nm_thres: NonNegativeReal = Field(
        0.0, description="largest scale of abs-max and max; scale of constant; 0: none (1)"
    )
    nm_decay: Annotated[float, Field(strict=True, gt=0, le=1)] = Field(
        0.001, description="weight of the newest sample in the average of average-abs-max"
    )
    bound_management: BoundManagement = Field(
        "iterative",
        description="iterative: halve the input and repeat while an output saturates; shift: lower all outputs to fit",
    )
    max_bm_factor: Count = Field(1000, description="iterative stops once the input is reduced by more than this")
    max_bm_res: PositiveReal = Field(0.25, description="and once a step of the DAC is more than this part of the input")
    bm_test_negative_bound: Flag = Field(True, description="saturation at the lower bound counts too")
    ir_drop: NonNegativeReal = Field(0.0, description="scale of the voltage drop along the lines; 1: as the model says")
    ir_drop_g_ratio: PositiveReal = Field(
        1.0 / 0.35 / 5e-6, description="conductance of the wire between two cells over the largest of a cell"
    )


class BackwardIOSpec(IOSpec):
    """Converters of the transposed product: as `IOSpec`, and without bound management unless it is asked for."""

    bound_management: BoundManagement = Field("none", description="as in io")


def backward_of(io: IOSpec) -> IOSpec:
    """What `io` means for the transposed product: the same without bound management, as in aihwkit."""
    return io.model_copy(update={"bound_management": "none"})
