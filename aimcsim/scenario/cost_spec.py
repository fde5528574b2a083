"""What a scenario says about energy and area: `hardware.energy` and `hardware.area`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from aimcsim.scenario.base import Count, NonNegativeReal, Spec, Text

#: Where a figure of a scenario comes from, when it does not say so itself.
OF_THE_SCENARIO = "scenario"


class EnergySpec(Spec):
    """Unit costs; each that is given takes the place of the preset's. What has no figure is not priced."""

    forward_pj: NonNegativeReal | None = Field(
        None, description="one MVM of one tile; also a transfer's read of a line"
    )
    backward_pj: NonNegativeReal | None = Field(None, description="one transposed MVM of one tile")
    input_pj: NonNegativeReal | None = Field(None, description="one value driven onto one line of a tile (DAC)")
    conversion_pj: NonNegativeReal | None = Field(None, description="one output line's analog-to-digital conversion")
    update_pj: NonNegativeReal | None = Field(None, description="one rank-one update of one tile, beside its pulses")
    pulse_pj: NonNegativeReal | None = Field(None, description="one slot of a pulse train on one tile")
    digital_pj: NonNegativeReal | None = Field(None, description="one digital operation")
    link_pj: NonNegativeReal | None = Field(None, description="one byte over a link between stages")
    idle_mw: NonNegativeReal | None = Field(None, description="power of a tile while it is not busy, in milliwatts")
    source: Text | None = Field(None, description="where these figures are from; shown by explain")


class AreaSpec(Spec):
    """Areas; each that is given takes the place of the preset's."""

    cell_um2: NonNegativeReal | None = Field(None, description="one device, in square micrometres")
    tile_mm2: NonNegativeReal | None = Field(None, description="a tile beside its devices, in square millimetres")
    devices_per_weight: Annotated[Count, Field(le=64)] = Field(
        1, description="devices that hold one weight of an array: 2 for differential pairs"
    )
    source: Text | None = Field(None, description="where these figures are from; shown by explain")
