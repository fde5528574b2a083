"""What a timeline can be drawn as: one line a format in FORMATS, and a small function that imports what it needs.

A new format is added here and nowhere else: a function that writes the file, and its line in the table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aimcsim.report.run_window import MOST_IN_A_BROWSER, MOST_IN_GTKWAVE, RunWindow


@dataclass(frozen=True)
class FileFormat:
    """A format that is a file.

    `write(windows, file)` writes the file, and others beside it if it likes: all of them take their places together
    when it returns. `file_name`: default name, in the run folder (or that of a comparison). `most_operations`: without
    --cycles, as many are shown; None: the fill and a few periods, which suits a picture. `takes_several`: whether it
    can hold several runs.
    """

    file_name: str
    write: Callable[[Sequence[RunWindow], Path], None]
    most_operations: int | None = None
    takes_several: bool = False


#: The format that goes to the terminal unless a file is named.
TEXT = "ascii"


def _perfetto(windows: Sequence[RunWindow], file: Path) -> None:
    from aimcsim.report.perfetto import write_perfetto

    write_perfetto(windows, file)


def _vcd(windows: Sequence[RunWindow], file: Path) -> None:
    from aimcsim.report.vcd import write_vcd

    write_vcd(windows, file)


FORMATS: dict[str, FileFormat] = {
    "vcd": FileFormat("timeline.vcd", _vcd, MOST_IN_GTKWAVE, takes_several=True),
    "perfetto": FileFormat("timeline.perfetto.json.gz", _perfetto, MOST_IN_A_BROWSER, takes_several=True),
}
