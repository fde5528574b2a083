"""Pulse trains of an update: `hardware.pulses`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from aimcsim.scenario.base import Count, Flag, Spec


class PulseSpec(Spec):
    """Pulse trains of an update; parameters and defaults as in aihwkit's UpdateParameters."""

    pulse_type: Literal["stochastic-compressed", "deterministic-implicit", "none"] = "stochastic-compressed"
    desired_bl: Annotated[Count, Field(le=2**16)] = Field(31, description="slots of a train")
    fixed_bl: Flag = True
    update_management: Flag = Field(True, description="balance the probabilities of rows and columns")
    update_bl_management: Flag = Field(True, description="shorten the train to what the largest product needs")
