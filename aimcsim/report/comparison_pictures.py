"""What `compare` draws: the runs' timelines above one another, and how they converge."""

from __future__ import annotations

from pathlib import Path

from aimcsim.errors import RunFolderError
from aimcsim.report.comparison import Column, Comparison
from aimcsim.report.convergence_curves import Curve, can_be_drawn
from aimcsim.report.picture_convergence import convergence_figure
from aimcsim.report.picture_style import drawing, picture_bytes
from aimcsim.report.timeline_panel import NoTimeline, Source, open_source
from aimcsim.report.timeline_picture import PictureFormat, pictures_of
from aimcsim.trace.run_folder import CONVERGENCE_PICTURES, OPS, TIMELINE_PICTURES

#: Most runs in a picture of timelines: more would be taller than a picture can be.
MOST_RUNS = 40

FORMS: tuple[PictureFormat, ...] = ("png", "svg")


def draw_pictures(comparison: Comparison, folder: Path) -> None:
    """Write the pictures of a comparison into its folder, where the runs' own folders stand already.

    The timelines are those of the runs that were asked for, not the reference's. There is no picture of what no run
    has: no timeline where none kept an op log, no convergence where none was trained.
    """
    asked = [column for column in comparison.columns if not column.is_reference][:MOST_RUNS]
    runs = [_opened(column, folder / column.label) for column in asked]
    if any(isinstance(run, Source) for run in runs):
        _write(folder, TIMELINE_PICTURES, pictures_of(runs, None, FORMS))
    curves = [
        Curve(column.label, column.run.summary, column.run.rows, column.is_reference) for column in comparison.columns
    ]
    trained = [curve for curve in curves if can_be_drawn(curve)]
    if trained:
        with drawing():
            figure = convergence_figure(trained)
            _write(folder, CONVERGENCE_PICTURES, [picture_bytes(figure, form) for form in FORMS])


def _opened(column: Column, folder: Path) -> Source | NoTimeline:
    """The run's timeline; the picture says where there is none, for the other runs have cost their hours already."""
    try:
        source = open_source(folder, title=column.label)
        source.landmarks()
    except RunFolderError:
        why = "its op log cannot be read" if (folder / OPS).is_file() else "kept no op log"
        return NoTimeline(column.label, column.run.summary, why)
    return source


def _write(folder: Path, names: tuple[str, ...], contents: list[bytes]) -> None:
    for name, content in zip(names, contents, strict=True):
        (folder / name).write_bytes(content)
