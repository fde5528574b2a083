"""What a timeline can be drawn as: one line a format in FORMATS, and a small function that imports what it needs.

A new format is added here and nowhere else: a function that writes the file, and its line in the table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aimcsim.errors import harmless

if TYPE_CHECKING:
    from aimcsim.report.run_window import RunWindow
    from aimcsim.report.saved_comparison import SavedRun
    from aimcsim.report.timeline_picture import PictureFormat


@dataclass(frozen=True)
class Request:
    """What is to be drawn: runs, first cycle and end (None: the format's own choice), a pattern of tiles."""

    runs: Sequence[SavedRun]
    cycles: tuple[int, int | None] | None
    tiles: str


@dataclass(frozen=True)
class FileFormat:
    """A format that is a file.

    `write(request, file)` writes the file, and others beside it if it likes: all of them take their places together
    when it returns. It returns what the reader should know, such as what was left out. `file_name`: default name, in
    the run folder (or that of a comparison).
    """

    file_name: str
    write: Callable[[Request, Path], Sequence[str]]


#: The format that goes to the terminal unless a file is named.
TEXT = "ascii"


def _png(request: Request, file: Path) -> Sequence[str]:
    return _picture(request, file, "png")


def _svg(request: Request, file: Path) -> Sequence[str]:
    return _picture(request, file, "svg")


def _picture(request: Request, file: Path, form: PictureFormat) -> Sequence[str]:
    """As in the folder of a comparison, the reference is not drawn."""
    from aimcsim.report.timeline_picture import run_pictures

    runs = [run for run in request.runs if not run.is_reference] or request.runs
    folders, titles = [run.folder for run in runs], [run.label for run in runs]
    named = titles if len(runs) > 1 else None
    file.write_bytes(*run_pictures(folders, request.cycles, request.tiles, [form], named))
    return ()


def _html(request: Request, file: Path) -> Sequence[str]:
    from aimcsim.report.html.report import comparison_report, run_report

    if len(request.runs) == 1:
        page = run_report(request.runs[0].folder, request.cycles, request.tiles)
    else:
        from aimcsim.report.saved_comparison import comparison_of

        folders = [run.folder for run in request.runs]
        page = comparison_report(comparison_of(request.runs), folders, request.cycles, request.tiles)
    file.write_text(page, encoding="utf-8")
    return ()


def _perfetto(request: Request, file: Path) -> Sequence[str]:
    from aimcsim.report.perfetto import write_perfetto
    from aimcsim.report.run_window import MOST_IN_A_BROWSER

    windows = _whole_logs(request, MOST_IN_A_BROWSER)
    write_perfetto(windows, file)
    return _left_out(request, windows)


def _vcd(request: Request, file: Path) -> Sequence[str]:
    from aimcsim.report.run_window import MOST_IN_GTKWAVE
    from aimcsim.report.vcd import write_vcd

    windows = _whole_logs(request, MOST_IN_GTKWAVE)
    write_vcd(windows, file)
    return _left_out(request, windows)


def _whole_logs(request: Request, most_operations: int) -> list[RunWindow]:
    """The runs' logs, whole unless the request or that many operations say otherwise."""
    from aimcsim.report.run_window import whole_log

    most, several = most_operations // len(request.runs), len(request.runs) > 1
    return [
        whole_log(run.folder, request.cycles, request.tiles, most, run.label if several else None)
        for run in request.runs
    ]


def _left_out(request: Request, windows: Sequence[RunWindow]) -> list[str]:
    if request.cycles is not None:
        return []
    return [
        f"{harmless(each.label)}: cycles 0 to {each.end} of {each.log.end}; --cycles A:B shows others"
        for each in windows
        if each.end < each.log.end
    ]


FORMATS: dict[str, FileFormat] = {
    "png": FileFormat("timeline.png", _png),
    "svg": FileFormat("timeline.svg", _svg),
    "html": FileFormat("report.html", _html),
    "perfetto": FileFormat("timeline.perfetto.json.gz", _perfetto),
    "vcd": FileFormat("timeline.vcd", _vcd),
}
