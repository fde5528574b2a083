"""Slices of a trace: operations with their arguments and arrows, and messages on links."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from aimcsim.errors import harmless
from aimcsim.report.arrows import NONE, data_arrows, staleness, version_arrows
from aimcsim.report.energies import energies
from aimcsim.report.link_transfers import NEVER, Transfers
from aimcsim.report.op_table import KINDS, Column, OpTable
from aimcsim.report.run_flow import RunFlow
from aimcsim.report.text_columns import choices, chunks, joined, lines, merged, numbers, numbers_or_null

#: Messages that are under way at the same time are drawn side by side, on so many tracks at most.
MOST_LANES = 8


class Track(NamedTuple):
    """One row of the trace: a tile (its place in the table) or a lane of a link (its place among the messages)."""

    process: int
    thread: int
    name: str
    tile: int = -1
    link: int = -1
    lane: int = 0


def tile_slices(flow: RunFlow, tracks: Sequence[Track], first_arrow: int) -> Iterator[bytes]:
    """An event an operation of the tracks' tiles, by start, each followed by the ends of its arrows.

    Viewers bind an arrow to the slice that is open where the arrow's event stands: so it stands at the slice's start,
    right behind the slice.
    """
    table = flow.table
    thread = np.full(len(table.tiles), -1)
    for track in tracks:
        if track.tile >= 0:
            thread[track.tile] = track.thread
    order = np.argsort(table.start, kind="stable")
    order = order[thread[table.tile[order]] >= 0]
    rank = np.full(len(table), -1)
    rank[order] = np.arange(len(order))
    ends = _arrow_ends(flow, rank, first_arrow)
    stale, queue = staleness(table, flow.chunk, flow.plan.schedule), _queues(flow)
    written, energy, of_layer = table.version_written, energies(flow), _of_layer(table)
    for part in chunks(len(order)):
        ops = order[part]
        place = (
            '"pid":', numbers(np.full(len(ops), tracks[0].process)), ',"tid":', numbers(thread[table.tile[ops]]),
            ',"ts":', numbers(table.start[ops]),
        )  # fmt: skip
        kind, micro_batch = choices(tuple(KINDS), table.kind[ops]), numbers(table.micro_batch[ops])
        slices = lines(
            '{"ph":"X",', *place, ',"dur":', numbers(table.end_at[ops] - table.start[ops]),
            ',"name":"', kind, " ", micro_batch, of_layer.take(pa.array(ops)), '","cat":"', kind,
            '","args":{"micro_batch":', micro_batch, ',"version_read":', numbers(table.version_read[ops]),
            ',"version_written":', numbers_or_null(written[ops], written[ops] >= 0),
            ',"staleness":', numbers_or_null(stale[ops], stale[ops] != NONE),
            *(() if energy is None else (',"energy_j":', choices(energy.words, energy.word[ops]))),
            ',"queue":', numbers(queue[ops]), "}},\n",
        )  # fmt: skip
        at = lines(*place)
        arrows = [(each.rank[own] - part.start, each.text(own, at, part.start)) for each, own in _within(ends, part)]
        yield joined(merged((np.arange(len(ops)), slices), *arrows))


def _of_layer(table: OpTable) -> pa.Array:
    """What stands behind the name of each slice: the layer, where its tile holds the arrays of several."""
    names = ["", *(" " + json.dumps(harmless(layer))[1:-1] for layer in table.layers)]
    return choices(tuple(names), np.where(table.shares, table.layer + 1, 0))


class _ArrowEnds(NamedTuple):
    """Beginnings or ends of the arrows of a kind, by the rank of their slice ascending."""

    head: str
    kind: str
    rank: Column
    number: Column

    def text(self, own: slice, at: pa.Array, begin: int) -> pa.Array:
        """Their events; `at` says where each slice from rank `begin` on stands."""
        where = at.take(pa.array(self.rank[own] - begin))
        tail = f',"name":"{self.kind}","cat":"{self.kind}"}},\n'
        return lines(self.head, numbers(self.number[own]), ",", where, tail)


def _arrow_ends(flow: RunFlow, rank: Column, first_arrow: int) -> list[_ArrowEnds]:
    """Both ends of all arrows between operations that are drawn, numbered from `first_arrow`."""
    found = []
    for arrows in (data_arrows(flow.actions, flow.messages), version_arrows(flow.table)):
        sources, targets = rank[arrows.source], rank[arrows.target]
        drawn = (sources >= 0) & (targets >= 0)
        number = first_arrow + np.arange(int(drawn.sum()))
        first_arrow += len(number)
        for head, ranks in (('{"ph":"f","bp":"e","id":', targets[drawn]), ('{"ph":"s","id":', sources[drawn])):
            order = np.argsort(ranks, kind="stable")
            found.append(_ArrowEnds(head, arrows.kind, ranks[order], number[order]))
    return found


def _within(ends: list[_ArrowEnds], part: slice) -> Iterator[tuple[_ArrowEnds, slice]]:
    for each in ends:
        begin, end = np.searchsorted(each.rank, [part.start, part.stop])
        if begin < end:
            yield each, slice(int(begin), int(end))


def _queues(flow: RunFlow) -> Column:
    """Queue of each operation's stage just after it has started."""
    found = np.zeros(len(flow.table), np.int64)
    stage = flow.stage[flow.table.tile]
    for number, series in enumerate(flow.queues):
        own = stage == number
        found[own] = series.at(np.maximum(flow.table.start[own], flow.window.first))
    return found


def link_tracks(flow: RunFlow, process: int) -> list[Track]:
    """Tracks of the links (and the loss) that take time and match the pattern of the tiles asked for."""
    return [
        Track(process, 0, each.name if lane == 0 else f"{each.name} ({lane + 1})", link=link, lane=lane)
        for link, each in enumerate(flow.messages)
        if flow.window.matches(each.name)
        for lane in range(min(_side_by_side(each, _sent(flow, each)), MOST_LANES))
    ]


def _sent(flow: RunFlow, each: Transfers) -> int:
    """Messages, the first ones, that were on the transmitter in the window."""
    return int(np.searchsorted(each.sending, min(flow.window.end, NEVER)))


def _side_by_side(each: Transfers, sent: int) -> int:
    """Of the first `sent` messages, how many are under way at the same time; 0 for a link that takes no time."""
    if each.times.occupancy == each.times.latency == 0:
        return 0
    before = np.searchsorted(each.arrived[:sent], each.sending[:sent], side="right")
    return int((np.arange(sent) - before).max(initial=0)) + 1


def link_slices(flow: RunFlow, tracks: Sequence[Track]) -> Iterator[bytes]:
    """An event a message: from its first byte on the transmitter to its arrival."""
    for track in tracks:
        if track.link < 0:
            continue
        each = flow.messages[track.link]
        sent = _sent(flow, each)
        own = np.arange(track.lane, sent, _side_by_side(each, sent))
        for part in chunks(len(own)):
            at = own[part]
            micro_batch = numbers(flow.actions.micro_batch[each.source[at]])
            head = f'{{"ph":"X","pid":{track.process},"tid":{track.thread},"name":"{each.kind} '
            times = (',"ts":', numbers(each.sending[at]), ',"dur":', numbers(each.arrived[at] - each.sending[at]))
            waited = numbers(each.sending[at] - each.offered[at])
            args = ('"args":{"micro_batch":', micro_batch, ',"waited":', waited, "}},\n")
            yield joined(lines(head, micro_batch, '","cat":"link"', *times, ",", *args))
