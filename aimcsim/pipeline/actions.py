"""The small vocabulary of time: actions of a stage and operations of a tile. Everything may import this."""

from __future__ import annotations

from typing import NamedTuple

FORWARD = "F"
BACKWARD = "B"
UPDATE = "U"
WEIGHT_GRADIENT = "W"
TRANSFER = "T"

#: The two parts of a transfer, at the array that is read and at the one that is written; both are logged as T.
TRANSFER_READ = "T<"
TRANSFER_WRITE = "T>"


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
    of its stage that the operation sees. `role` says which of the shard's arrays it is at; `transfer` is the number
    of the transfer that it is a part of, -1 for none.
    """

    unit: int
    kind: str
    micro_batch: int
    chunk: int
    layer: int
    shard: int
    version_read: int
    role: int = 0
    transfer: int = -1
