"""The energy of every operation of a window, as text."""

from __future__ import annotations

import json
from typing import NamedTuple

import numpy as np

from aimcsim.costs.operation_energy import OperationEnergy
from aimcsim.report.op_table import KINDS, Column
from aimcsim.report.run_flow import RunFlow


class Energies(NamedTuple):
    """`words`: joules, or null, as JSON; `word` has one element an operation, its place among them."""

    words: tuple[str, ...]
    word: Column


def energies(flow: RunFlow) -> Energies | None:
    """Joules of the operations of a run, null where the log does not tell; None where nothing has a unit cost."""
    table = flow.table
    known = OperationEnergy(flow.assembly, trained=flow.run.summary.algorithm is not None)
    if not known.is_priced:
        return None
    # Operations are many, and few differ in what their energy follows from.
    lengths, length = np.unique(table.end_at - table.start, return_inverse=True)
    wrote = table.version_written >= 0
    alike = ((table.array * len(KINDS) + table.kind) * 2 + wrote) * max(1, len(lengths)) + length
    _, first, word = np.unique(alike, return_index=True, return_inverse=True)
    by_tile = flow.plan.floorplan.by_tile
    words = []
    for op in first.tolist():
        units, kind = by_tile[table.tiles[table.tile[op]]], KINDS[table.kind[op]]
        unit = next(unit for unit in units if len(units) == 1 or unit.layer == table.layers[table.layer[op]])
        words.append(json.dumps(known.joules(unit, kind, int(lengths[length[op]]), bool(wrote[op]))))
    return Energies(tuple(words), np.asarray(word, np.int64))
