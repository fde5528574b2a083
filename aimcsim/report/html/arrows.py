"""What hangs together in an op log: the way of a micro-batch, and which update an F was the first to see."""

from __future__ import annotations

import numpy as np

from aimcsim.report.op_table import KINDS, Column, OpTable

_F, _B, _U = (KINDS.index(kind) for kind in "FBU")

#: Where there is no such operation.
NONE = -1


def next_steps(ops: OpTable) -> Column:
    """For each F and B, the place of the operation that its data goes to next; NONE for others and at the end.

    The F and B of a micro-batch in the order of their starts are its way through the network and back: F→F, F→B at
    the loss, B→B. Operations that start together (the tiles of one layer) are one step, which the tile of the topmost
    row stands for. A step outside the table is passed over.
    """
    found = np.full(len(ops), NONE, np.int64)
    used = np.flatnonzero((ops.kind == _F) | (ops.kind == _B))
    if not len(used):
        return found
    micro_batch, kind, start = ops.micro_batch[used], (ops.kind == _B)[used], ops.start[used]
    order = np.lexsort((ops.tile[used], start, kind, micro_batch))
    used, micro_batch, kind, start = used[order], micro_batch[order], kind[order], start[order]
    new_journey = np.diff(micro_batch, prepend=-1) != 0
    new_step = new_journey | (np.diff(kind.astype(np.int64), prepend=0) != 0) | (np.diff(start, prepend=-1) != 0)
    heads = np.flatnonzero(new_step)
    step = np.cumsum(new_step) - 1
    following = np.append(used[heads[1:]], NONE)
    following[np.append(new_journey[heads[1:]], True)] = NONE
    found[used] = following[step]
    return found


def version_links(ops: OpTable) -> Column:
    """For each U, the place of the first F on its tile that reads the version it wrote; for each F, the U that wrote
    the version it reads. NONE where the table holds no such operation.
    """
    found = np.full(len(ops), NONE, np.int64)
    updates = np.flatnonzero((ops.kind == _U) & (ops.version_written >= 0))
    forwards = np.flatnonzero(ops.kind == _F)
    if not len(updates) or not len(forwards):
        return found
    most = 1 + int(max(ops.version_written.max(), ops.version_read.max()))
    written = ops.tile[updates] * most + ops.version_written[updates]
    read = ops.tile[forwards] * most + ops.version_read[forwards]
    updates, written = _sorted_by(written, ops.start[updates], updates)
    forwards, read = _sorted_by(read, ops.start[forwards], forwards)
    found[updates] = _match(written, read, forwards)
    found[forwards] = _match(read, written, updates)
    return found


def _sorted_by(key: Column, start: Column, places: Column) -> tuple[Column, Column]:
    order = np.lexsort((start, key))
    return places[order], key[order]


def _match(wanted: Column, keys: Column, places: Column) -> Column:
    """For each of `wanted`, the place of the first among sorted `keys` that equals it."""
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, places[at], NONE)
