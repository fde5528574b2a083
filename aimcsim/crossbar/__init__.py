"""Devices, pulses, converters and analog tiles: the physics of one array.

Importing this room imports numba (about a second); the rest of aimcsim imports it only when numbers are computed.
"""

from aimcsim.crossbar.kernel_cache import cached_by_source

with cached_by_source():
    from aimcsim.crossbar.float_tile import FloatTile
    from aimcsim.crossbar.making import Tile, make_tile
    from aimcsim.crossbar.tile import AnalogTile
    from aimcsim.crossbar.tile_array import TileArray

__all__ = ["AnalogTile", "FloatTile", "Tile", "TileArray", "make_tile"]
