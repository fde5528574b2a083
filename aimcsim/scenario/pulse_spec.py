"""Pulse trains of an update: `hardware.pulses`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from aimcsim.scenario.base import Count, Flag, NonNegativeReal, PositiveReal, Spec

PulseType = Literal[
    "stochastic-compressed", "stochastic", "mean-count", "deterministic-implicit", "none", "none-with-device"
]
#: Updates in float numbers: no train is sent.
UNPULSED = ("none", "none-with-device")


class PulseSpec(Spec):
    """Pulse trains of an update; parameters and defaults as in aihwkit's UpdateParameters."""

    pulse_type: PulseType = "stochastic-compressed"
    desired_bl: Annotated[Count, Field(le=2**16)] = Field(31, description="slots of a train")
    fixed_bl: Flag = True
    update_management: Flag = Field(True, description="balance the probabilities of rows and columns")
    update_bl_management: Flag = Field(True, description="shorten the train to what the largest product needs")
    um_grad_scale: PositiveReal = Field(
        1.0, description="the largest error counts as so many times itself; below 1 large errors are cut"
    )
    res: NonNegativeReal = Field(0.0, description="step of the probabilities of a line; 0: none")
    sto_round: Flag = Field(False, description="probabilities are rounded up or down at random, right on average")
    stepping: Literal["auto", "exact", "closed-form"] = Field(
        "auto", description="pulses one by one, or those of a train at once; auto: at once unless states are few"
    )

    @property
    def phases(self) -> int:
        """Trains sent one after the other: positive and negative inputs apart, or all together."""
        return 2 if self.pulse_type == "stochastic" else 1

    @property
    def nominal_slots(self) -> int:
        """Slots of an update before any management shortens it."""
        return 0 if self.pulse_type in UNPULSED else self.desired_bl * self.phases
