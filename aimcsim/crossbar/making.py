"""`make_tile`: the tile that a layer's physics needs."""

from __future__ import annotations

from numpy.typing import ArrayLike

from aimcsim.crossbar.devices import AnyDevice, device_spec
from aimcsim.crossbar.float_tile import FloatTile
from aimcsim.crossbar.tile import AnalogTile
from aimcsim.scenario.device_spec import IdealDevice
from aimcsim.scenario.hardware_spec import PulseSpec
from aimcsim.scenario.io_spec import IOSpec
from aimcsim.scenario.mapping_spec import MappingSpec

Tile = AnalogTile | FloatTile


def make_tile(
    out_size: int,
    in_size: int,
    *,
    device: AnyDevice = "soft-bounds",
    io: IOSpec | None = None,
    io_backward: IOSpec | None = None,
    io_transfer: IOSpec | None = None,
    pulses: PulseSpec | None = None,
    mapping: MappingSpec | None = None,
    seed: int = 0,
    name: str = "tile",
    weights: ArrayLike | None = None,
) -> Tile:
    """A `FloatTile` where nothing is left of the physics (ideal device, perfect converters), else an `AnalogTile`.

    Arguments are those of `AnalogTile`.
    """
    spec = device_spec(device)
    learns = mapping is not None and mapping.learn_out_scaling
    perfect = (
        io is not None and io.is_perfect and all(each is None or each.is_perfect for each in (io_backward, io_transfer))
    )
    if isinstance(spec, IdealDevice) and perfect and not learns:
        return FloatTile(out_size, in_size, name=name, weights=weights)
    return AnalogTile(
        out_size,
        in_size,
        device=spec,
        io=io,
        io_backward=io_backward,
        io_transfer=io_transfer,
        pulses=pulses,
        mapping=mapping,
        seed=seed,
        name=name,
        weights=weights,
    )
