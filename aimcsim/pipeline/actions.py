"""The small vocabulary of time: actions of a stage and operations of a tile. Everything may import this."""

from __future__ import annotations

from typing import NamedTuple

FORWARD = "F"
BACKWARD = "B"
UPDATE = "U"
WEIGHT_GRADIENT = "W"
TRANSFER = "T"


class Action(NamedTuple):
    """What a stage does next: `kind` for one micro-batch with the layers of one chunk.

    `micro_batch` counts from 0 over the whole run. `chunk` is 0 except in interleaved schedules.
    """

    kind: str
    micro_batch: int
    chunk: int = 0


class Operation(NamedTuple):
    """The part of an action that one unit (tile) does; `unit` indexes the machine's units.

    `layer` and `shard` say which part of which layer the tile holds; `version_read` is the number of updates
    of its array that the operation sees.
    """

    unit: int
    kind: str
    micro_batch: int
    chunk: int
    layer: int
    shard: int
    version_read: int
