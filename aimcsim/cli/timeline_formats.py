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


@dataclass(frozen=True)
class Request:
    """What is to be drawn: run folders, first cycle and end (None: the format's own choice), a pattern of tiles."""

    folders: Sequence[Path]
    cycles: tuple[int, int | None] | None
    tiles: str


@dataclass(frozen=True)
class FileFormat:
    """A format that is a file.

    `write(request, file)` writes the file, and others beside it if it likes: all of them take their places together
    when it returns. It returns what the reader should know, such as what was left out. `file_name`: default name, in
    the run folder (or that of a comparison). `takes_several`: whether it can hold several runs.
    """

    file_name: str
    write: Callable[[Request, Path], Sequence[str]]
    takes_several: bool = False


#: The format that goes to the terminal unless a file is named.
TEXT = "ascii"


def _png(request: Request, file: Path) -> Sequence[str]:
    from aimcsim.report.timeline_picture import run_pictures

    file.write_bytes(*run_pictures(request.folders, request.cycles, request.tiles, ["png"]))
    return ()


def _svg(request: Request, file: Path) -> Sequence[str]:
    from aimcsim.report.timeline_picture import run_pictures

    file.write_bytes(*run_pictures(request.folders, request.cycles, request.tiles, ["svg"]))
    return ()


def _html(request: Request, file: Path) -> Sequence[str]:
    from aimcsim.report.html.report import run_report

    (folder,) = request.folders
    file.write_text(run_report(folder, request.cycles, request.tiles), encoding="utf-8")
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

    several = len(request.folders) > 1
    return [
        whole_log(
            folder,
            request.cycles,
            request.tiles,
            most_operations // len(request.folders),
            folder.resolve().name if several else None,
        )
        for folder in request.folders
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
    "png": FileFormat("timeline.png", _png, takes_several=True),
    "svg": FileFormat("timeline.svg", _svg, takes_several=True),
    "html": FileFormat("report.html", _html),
    "perfetto": FileFormat("timeline.perfetto.json.gz", _perfetto, takes_several=True),
    "vcd": FileFormat("timeline.vcd", _vcd, takes_several=True),
}
