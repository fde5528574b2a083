"""Runs as Chrome trace events (JSON, gzipped), which ui.perfetto.dev opens.

The format ("Trace Event Format", Google, 2016) knows microseconds only: one stands for a clock cycle, and the names of
the processes say so. Each run is a process of tracks and a process of counters: viewers put the counters of a process
above its tracks, and so many would hide the tiles.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from aimcsim import __version__
from aimcsim.errors import harmless
from aimcsim.report.perfetto_counters import counter_events
from aimcsim.report.perfetto_slices import Track, link_slices, link_tracks, tile_slices
from aimcsim.report.run_flow import RunFlow, run_flow
from aimcsim.report.run_reader import RunSummary
from aimcsim.report.run_window import RunWindow

#: Least compression that makes the repeated words small; more takes several times as long for a fifth less.
_GZIP_LEVEL = 4


def write_perfetto(windows: Sequence[RunWindow], file: Path) -> None:
    """Write the runs into one trace, in this order. Raises RunFolderError for a run that cannot be read."""
    about = {"aimcsim": __version__, "time_unit": "1 µs of the trace is 1 clock cycle"}
    with open(file, "wb") as raw, gzip.GzipFile("", "wb", _GZIP_LEVEL, raw, mtime=0) as stream:
        stream.write(b'{"displayTimeUnit":"ns","otherData":' + json.dumps(about).encode() + b',"traceEvents":[\n')
        # Viewers take a thread whose number is that of its process for its main thread, and put it first.
        first_thread, first_arrow = 2 * len(windows) + 1, 0
        for number, window in enumerate(windows):
            flow = run_flow(window)
            tracks = _tracks(flow, 2 * number + 1, first_thread)
            for text in _events(flow, tracks, 2 * number + 1, first_arrow):
                stream.write(text)
            first_thread += len(tracks)
            first_arrow += 2 * len(flow.table) + sum(len(each.source) for each in flow.messages)
        stream.write(_named("process_labels", 1, labels=f"aimcsim {__version__}").encode() + b"\n]}\n")


def time_unit(summary: RunSummary) -> str:
    """What a microsecond of the trace stands for."""
    length = "" if summary.cycle_ns is None else f" of {summary.cycle_ns:g} ns"
    return f"1 µs = 1 cycle{length}"


def _tracks(flow: RunFlow, process: int, first_thread: int) -> list[Track]:
    """The tiles and digital units, first stage on top, then the links that take time."""
    names = [harmless(name) for name, drawn in zip(flow.table.tiles, flow.is_drawn, strict=True) if drawn]
    tiles = [i for i, drawn in enumerate(flow.is_drawn) if drawn]
    tracks = [Track(process, 0, name, tile=tile) for name, tile in zip(names, tiles, strict=True)]
    tracks += link_tracks(flow, process)
    return [track._replace(thread=first_thread + i) for i, track in enumerate(tracks)]


def _events(flow: RunFlow, tracks: list[Track], process: int, first_arrow: int) -> Iterator[bytes]:
    name = f"{harmless(flow.window.label)} ({time_unit(flow.run.summary)})"
    for number, text in ((process, name), (process + 1, f"counters of {name}")):
        yield _event(_named("process_name", number, name=text))
        yield _event(_named("process_sort_index", number, sort_index=number))
    for rank, track in enumerate(tracks):
        yield _event(_named("thread_name", process, track.thread, name=track.name))
        yield _event(_named("thread_sort_index", process, track.thread, sort_index=rank))
    yield from tile_slices(flow, tracks, first_arrow)
    yield from link_slices(flow, tracks)
    yield from counter_events(flow, process + 1)


def _named(what: str, process: int, thread: int | None = None, **args: Any) -> str:
    place = {"pid": process} if thread is None else {"pid": process, "tid": thread}
    return json.dumps({"ph": "M", "name": what, **place, "args": args})


def _event(text: str) -> bytes:
    return text.encode() + b",\n"
