"""The signals of a run in a value change dump: what they are called and how their values change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from aimcsim.report.counters import Series, in_flight, versions
from aimcsim.report.op_table import KINDS, Column, OpTable
from aimcsim.report.run_flow import RunFlow

#: Forms of a signal: a text like F12, a bit, a whole number.
TEXT, BIT, NUMBER = "string", "bit", "number"

#: Values of signals that have none: of a text, of a number.
IDLE = -1

#: Longest name in a dump; the rest is cut.
_LONGEST_NAME = 120


class Signal(NamedTuple):
    """One signal. Values of a text are `micro_batch * len(KINDS) + kind`; `changes` begin where the window does."""

    scope: tuple[str, ...]
    name: str
    form: str
    changes: Series


@dataclass
class Names:
    """Makes names that a dump and GTKWave take: letters, digits and underscores, each once within its scope."""

    taken: set[tuple[str, ...]]

    def unique(self, scope: tuple[str, ...], name: str) -> tuple[str, ...]:
        """`scope` with a name like `name` below it."""
        plain = re.sub(r"[^A-Za-z0-9_]", "_", name)[:_LONGEST_NAME] or "_"
        found, number = (*scope, plain), 2
        while found in self.taken:
            found, number = (*scope, f"{plain}_{number}"), number + 1
        self.taken.add(found)
        return found


def signals(flow: RunFlow, names: Names) -> Iterator[Signal]:
    """Signals of the stages that are drawn, each followed by those of its tiles."""
    table = flow.table
    top = names.unique((), flow.window.label)
    by_tile = np.argsort(table.tile, kind="stable")
    edges = np.searchsorted(table.tile[by_tile], np.arange(len(table.tiles) + 1))
    for stage in range(flow.plan.floorplan.stages):
        tiles = [i for i in range(len(table.tiles)) if flow.stage[i] == stage and flow.is_drawn[i]]
        if not tiles:
            continue
        scope = names.unique(top, f"stage_{stage + 1}")
        yield Signal(scope, "in_flight", NUMBER, in_flight(flow.actions, flow.plan, stage, table.first, table.end))
        yield Signal(scope, "queue", NUMBER, flow.queues[stage])
        for tile in tiles:
            ops = by_tile[edges[tile] : edges[tile + 1]]
            own = names.unique(scope, table.tiles[tile])
            yield from _of_tile(table, ops, own)
            yield from _of_layers(table, ops, own, names)


def _of_tile(table: OpTable, ops: Column, scope: tuple[str, ...]) -> Iterator[Signal]:
    updates = versions(table, ops)
    ops = ops[table.end_at[ops] > table.start[ops]]
    ops = ops[np.argsort(table.start[ops], kind="stable")]
    micro_batch, kind = table.micro_batch[ops], table.kind[ops]
    yield Signal(scope, "op", TEXT, _while_busy(table, ops, micro_batch * len(KINDS) + kind))
    yield Signal(scope, "busy", BIT, _busy(table, ops))
    yield Signal(scope, "micro_batch", NUMBER, _while_busy(table, ops, micro_batch))
    if len(updates.time):
        yield Signal(scope, "version", NUMBER, updates)


def _of_layers(table: OpTable, ops: Column, scope: tuple[str, ...], names: Names) -> Iterator[Signal]:
    """Where a tile holds the arrays of several layers: when it works for each of them."""
    for layer in np.unique(table.layer[ops]) if table.shares[ops].any() else ():
        own = ops[(table.layer[ops] == layer) & (table.end_at[ops] > table.start[ops])]
        own = own[np.argsort(table.start[own], kind="stable")]
        yield Signal(scope, names.unique(scope, f"busy_{table.layers[layer]}")[-1], BIT, _busy(table, own))


def _busy(table: OpTable, ops: Column) -> Series:
    found = _while_busy(table, ops, np.ones(len(ops), np.int64))
    return Series(found.time, np.maximum(found.value, 0))


def _while_busy(table: OpTable, ops: Column, value: Column) -> Series:
    """`value` from start to end of each operation (they follow one another), IDLE between them."""
    start, end = np.maximum(table.start[ops], table.first), table.end_at[ops]
    goes_idle = end < np.append(start[1:], table.end)
    # What starts last at a cycle holds: an operation's start after the end of the one before it.
    time = np.concatenate([[table.first], end[goes_idle], start])
    order = np.argsort(time, kind="stable")
    time = time[order]
    value = np.concatenate([[IDLE], np.full(int(goes_idle.sum()), IDLE), value])[order]
    last = np.append(np.diff(time) != 0, True)
    time, value = time[last], value[last]
    differs = np.append(True, np.diff(value) != 0)
    return Series(time[differs], value[differs])
