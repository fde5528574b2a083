"""Critical path of a logged run: walk back from its end through the action that each action waited for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pyarrow.compute as pc
import pyarrow.parquet as pq

from aimcsim.pipeline.actions import BACKWARD, FORWARD
from aimcsim.pipeline.machine import MachinePlan

#: Most operations looked at: the middle half of a longer log is cut to its beginning.
MOST_OPERATIONS = 30_000

#: Smaller shares of a critical path are not worth naming.
SMALLEST_SHARE = 0.02


class Span(NamedTuple):
    """One stage action as the log shows it."""

    virtual: int
    kind: str
    micro_batch: int
    start: int
    end: int


@dataclass(frozen=True)
class CriticalShares:
    """Share of the critical path between two cycles by (stage, kind), largest first, from SMALLEST_SHARE up."""

    first: int
    last: int
    parts: list[tuple[tuple[int, str], float]]


def critical_shares(ops: Path, plan: MachinePlan) -> CriticalShares | None:
    """Shares of the critical path over the middle half of the log; None where that holds no complete action."""
    spans = _middle_spans(ops, plan)
    if not spans:
        return None
    path = _walk_back(spans, plan)
    total = path[0].end - path[-1].start
    busy: dict[tuple[int, str], int] = {}
    for span in path:
        key = span.virtual % plan.floorplan.stages, span.kind
        busy[key] = busy.get(key, 0) + span.end - span.start
    shares = {key: cycles / total for key, cycles in busy.items() if cycles / total >= SMALLEST_SHARE}
    return CriticalShares(path[-1].start, path[0].end, sorted(shares.items(), key=lambda part: -part[1]))


def middle_half(end: int) -> tuple[int, int]:
    """First and last cycle of the middle half of a log that ends at `end`."""
    return end // 4, end - end // 4


def _middle_spans(ops: Path, plan: MachinePlan) -> list[Span]:
    """Stage actions that start and end within the middle half of the logged cycles."""
    floorplan = plan.floorplan
    virtual = {unit.tile: unit.chunk * floorplan.stages + unit.stage for unit in floorplan.units}
    spans: dict[tuple[int, str, int], tuple[int, int]] = {}
    for tile, kind, micro_batch, start, end in _middle_operations(ops):
        key = virtual[tile], kind, micro_batch
        known = spans.get(key, (start, end))
        spans[key] = min(known[0], start), max(known[1], end)
    return [Span(*key, *times) for key, times in spans.items()]


def _middle_operations(ops: Path) -> Iterator[tuple[str, str, int, int, int]]:
    """Operations within the middle half of the log, at most MOST_OPERATIONS; reads one row group at a time."""
    columns = ["tile", "op", "micro_batch", "start", "end"]
    with pq.ParquetFile(ops) as log:
        groups, at = log.metadata.num_row_groups, log.metadata.schema.names.index("end")
        ends = [log.metadata.row_group(g).column(at).statistics.max for g in range(groups)]
        first, last = middle_half(ends[-1] if ends else 0)
        left = MOST_OPERATIONS
        for group in range(groups):
            if ends[group] < first or left == 0:
                continue
            table = log.read_row_group(group, columns)
            inside = table.filter((pc.field("start") >= first) & (pc.field("end") <= last)).slice(0, left)
            left -= len(inside)
            yield from zip(*(inside[name].to_pylist() for name in columns), strict=True)


def _walk_back(spans: list[Span], plan: MachinePlan) -> list[Span]:
    """From the last action back, each time to the action whose end (and link) the start waited for."""
    by_action = {(s.virtual, s.kind, s.micro_batch): s for s in spans}
    by_stage: dict[tuple[int, int], list[Span]] = {}
    for span in spans:
        by_stage.setdefault((span.virtual % plan.floorplan.stages, span.end), []).append(span)
    current = max(spans, key=lambda s: (s.end, s.start))
    path = [current]
    while True:
        before = _latest_input(current, by_action, plan)
        if before is None or before.end < current.start:
            same_stage = by_stage.get((current.virtual % plan.floorplan.stages, current.start), [])
            earlier = [s for s in same_stage if s.start < current.start]
            if earlier:
                before = max(earlier, key=lambda s: s.start)
        if before is None or before.start >= current.start:
            return path
        path.append(before)
        current = before


def _latest_input(span: Span, by_action: dict[tuple[int, str, int], Span], plan: MachinePlan) -> Span | None:
    """The input of an action that arrived last; None where the window holds none."""
    if span.kind not in (FORWARD, BACKWARD):
        return None
    sources = [(link.source, span.kind) for link in plan.floorplan.links if (link.target, link.kind) == span[:2]]
    if span.kind == BACKWARD and span.virtual == len(plan.floorplan.chunks) - 1:
        sources.append((span.virtual, FORWARD))
    inputs = [by_action.get((virtual, kind, span.micro_batch)) for virtual, kind in sources]
    return max((s for s in inputs if s is not None), key=lambda s: s.end, default=None)
