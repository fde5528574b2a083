"""What an operation is joined to when a page's reader points at it, one other operation a column.

A page follows a micro-batch step by step, within stages too; the arrows of a trace (`report.arrows`) are the messages
between stage actions.
"""

from __future__ import annotations

import numpy as np

from aimcsim.report.arrows import version_arrows, writers
from aimcsim.report.op_table import KINDS, Column, OpTable

_F, _B = (KINDS.index(kind) for kind in "FB")

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
    """For each U, the place of the first F on its tile whose weights hold it; for each F, the U that wrote the version
    it reads. NONE where the table holds no such operation.
    """
    found = writers(ops)
    arrows = version_arrows(ops)
    found[arrows.source] = arrows.target
    return found
