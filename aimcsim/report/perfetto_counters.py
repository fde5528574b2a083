"""Counters of a trace: of each stage, of each tile, and of the run."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from aimcsim.errors import harmless
from aimcsim.report.counters import Series, busy_shares, in_flight, utilisation_interval, versions
from aimcsim.report.run_flow import RunFlow
from aimcsim.report.text_columns import chunks, joined, lines, numbers

#: Figures of metrics.csv that are drawn over the cycles, with their unit.
LOSSES = {"train_loss": "per sample", "test_loss": "per sample", "test_accuracy": "share"}


def counter_events(flow: RunFlow, process: int) -> Iterator[bytes]:
    """Events of all counters, as one process."""
    yield from _metrics(flow, process)
    stages = [int(flow.stage[tile]) for tile in range(len(flow.table.tiles)) if flow.is_drawn[tile]]
    for stage in dict.fromkeys(stages):
        waiting = in_flight(flow.actions, flow.plan, stage, flow.window.first, flow.window.end)
        yield from _counter(process, f"stage {stage + 1} in flight", "micro-batches", waiting)
        yield from _counter(process, f"stage {stage + 1} queue", "actions", flow.queues[stage])
    yield from _tiles(flow, process)


def _tiles(flow: RunFlow, process: int) -> Iterator[bytes]:
    table = flow.table
    by_tile = np.argsort(table.tile, kind="stable")
    edges = np.searchsorted(table.tile[by_tile], np.arange(len(table.tiles) + 1))
    interval = utilisation_interval(table.first, table.end)
    for tile, name in enumerate(table.tiles):
        if not flow.is_drawn[tile]:
            continue
        ops = by_tile[edges[tile] : edges[tile + 1]]
        yield from _counter(process, f"{harmless(name)} weight version", "updates", versions(table, ops))
        begins, shares = busy_shares(table, ops, interval)
        text = [f"{share:.4g}" for share in shares]
        yield _lines(process, f"{harmless(name)} utilisation", f"share of {interval} cycles", begins, pa.array(text))


def _counter(process: int, name: str, unit: str, series: Series) -> Iterator[bytes]:
    for part in chunks(len(series.time)):
        yield _lines(process, name, unit, series.time[part], numbers(series.value[part]))


def _metrics(flow: RunFlow, process: int) -> Iterator[bytes]:
    rows = [row for row in flow.run.rows if flow.window.first <= row.cycle <= flow.window.end]
    for name, unit in LOSSES.items():
        known = [(row.cycle, getattr(row, name)) for row in rows if getattr(row, name) is not None]
        if known:
            cycles = np.array([cycle for cycle, _ in known], np.int64)
            yield _lines(process, name, unit, cycles, pa.array([repr(float(value)) for _, value in known]))


def _lines(
    process: int, name: str, unit: str, time: np.ndarray[tuple[int], np.dtype[np.int64]], value: pa.Array
) -> bytes:
    head = f'{{"ph":"C","pid":{process},"name":{json.dumps(name)},"ts":'
    return joined(lines(head, numbers(time), f',"args":{{{json.dumps(unit)}:', value, "}},\n"))
