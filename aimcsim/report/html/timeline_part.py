"""The data of timelines and curves as they stand in the page, for `html/*.js` to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from aimcsim.report.broken_axis import MOST_OPENING
from aimcsim.report.html.colours import RUN_COLOURS
from aimcsim.report.html.embed import packed
from aimcsim.report.html.links import NONE
from aimcsim.report.html.run_data import RunData, Timeline
from aimcsim.report.op_table import KINDS, Column
from aimcsim.report.palette import WORDS


def page_data(runs: Sequence[RunData]) -> dict[str, Any]:
    """What the page's script draws; figures that do not apply are null.

    The page opens on the fill and a few periods, where every operation can be read.
    """
    return {
        "kinds": [{"letter": kind, "name": WORDS[kind]} for kind in KINDS],
        "initial_end": _initial_end(runs),
        "run_colours": len(RUN_COLOURS),
        "runs": [_run(run) for run in runs],
    }


def _initial_end(runs: Sequence[RunData]) -> int | None:
    """Where the longest fill and periods end; one run of very long ones does not make the others too small to read."""
    ends = [
        run.timeline.initial_end for run in runs if run.timeline is not None and run.timeline.initial_end is not None
    ]
    return min(max(ends), MOST_OPENING * min(ends)) if ends else None


def _run(run: RunData) -> dict[str, Any]:
    summary = run.run.summary
    return {
        "label": run.label,
        "reference": run.is_reference,
        "makespan": summary.makespan_cycles,
        "timeline": None if run.timeline is None else _timeline(run.timeline),
        "evaluations": [
            [row.samples, row.cycle, row.train_loss, row.test_loss, row.test_accuracy] for row in run.run.rows
        ],
        "cycle_ns": run.run.summary.cycle_ns,
        "target": summary.target_accuracy,
        "cycles_to_target": summary.cycles_to_target,
        "samples_to_target": summary.samples_to_target,
    }


def _timeline(timeline: Timeline) -> dict[str, Any]:
    """Rows and columns; `next` and `link` are distances to another operation, 0 where there is none."""
    ops = timeline.ops
    # Only a tile that holds the arrays of several layers leaves open which of them an operation is of.
    layer = {"layer": packed(np.where(ops.shares, ops.layer, NONE))} if ops.shares.any() else {}
    return {
        "tiles": list(ops.tiles),
        "layers": list(ops.layers),
        "first": ops.first,
        "end": ops.end,
        "offsets": np.searchsorted(ops.tile, np.arange(len(ops.tiles) + 1)).tolist(),
        "columns": {
            "start": packed(ops.start),
            "length": packed(ops.end_at - ops.start),
            "kind": packed(ops.kind),
            "micro_batch": packed(ops.micro_batch),
            "version_read": packed(ops.version_read),
            "version_written": packed(ops.version_written),
            "staleness": packed(timeline.staleness),
            "next": packed(_distances(timeline.next_step)),
            "link": packed(_distances(timeline.version_link)),
            **layer,
        },
    }


def _distances(places: Column) -> Column:
    return np.where(places == NONE, 0, places - np.arange(len(places)))
