"""Pictures of timelines from run folders: of one run, or of several on a shared axis of cycles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from aimcsim.report.broken_axis import Span, axis_of, shared_spans
from aimcsim.report.picture_style import drawing, picture_bytes
from aimcsim.report.picture_timeline import timeline_figure
from aimcsim.report.run_window import Cycles, within
from aimcsim.report.timeline_panel import NoTimeline, Source, open_source

PictureFormat = Literal["png", "svg"]


def run_pictures(
    folders: Sequence[Path],
    cycles: Cycles | None,
    pattern: str,
    forms: Sequence[PictureFormat],
    titles: Sequence[str] | None = None,
) -> list[bytes]:
    """The timelines of runs, above one another, as a file in each of the formats.

    Shown are tiles whose name matches `pattern`, the first stage's on top, in `cycles`; without these the fill, two
    steady periods and the drain. Runs have their own names unless `titles` are given.
    Raises RunFolderError for a broken folder, EmptyWindow where nothing is left to draw.
    """
    shown: Sequence[str | None] = titles or [None] * len(folders)
    runs = [open_source(folder, pattern, title) for folder, title in zip(folders, shown, strict=True)]
    return pictures_of(runs, cycles, forms)


def pictures_of(
    runs: Sequence[Source | NoTimeline], cycles: Cycles | None, forms: Sequence[PictureFormat]
) -> list[bytes]:
    """As `run_pictures`, of runs that were opened; at least one has a timeline."""
    opened = [run for run in runs if isinstance(run, Source)]
    spans = (
        shared_spans([run.landmarks() for run in opened])
        if cycles is None
        else (Span(*within(cycles, max((run.log for run in opened), key=lambda log: log.end))),)
    )
    clocks = {run.summary.cycle_ns for run in opened}
    with drawing():
        figure = timeline_figure(
            [run.panel(spans) for run in runs], axis_of(spans), clocks.pop() if len(clocks) == 1 else None
        )
        return [picture_bytes(figure, form) for form in forms]
