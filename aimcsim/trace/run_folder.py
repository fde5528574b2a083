"""Run folders are complete or absent: written beside their place and then exchanged with what stood there."""

from __future__ import annotations

import ctypes
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aimcsim.errors import RunFolderError

SCENARIO = "scenario.yaml"
SUMMARY = "summary.json"
METRICS = "metrics.csv"
OPS = "ops.parquet"
COMPARISON = "comparison.json"
REPORT = "report.html"
TIMELINE_PICTURES = ("timeline.png", "timeline.svg")
CONVERGENCE_PICTURES = ("convergence.png", "convergence.svg")
TRACE = "timeline.perfetto.json.gz"
#: What `compare` writes beside the folders of its runs.
COMPARISON_FILES = (COMPARISON, REPORT, *TIMELINE_PICTURES, *CONVERGENCE_PICTURES, TRACE)

#: What is drawn from a run stands in its folder and goes with it.
DRAWN_SUFFIXES = (".png", ".svg", ".html", ".vcd", ".gtkw", ".gz")

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def foreign_entries(folder: Path) -> list[str]:
    """Names in a run folder that are neither a run's own nor drawn from it."""
    own = (SCENARIO, SUMMARY, METRICS, OPS)
    return sorted(e.name for e in folder.iterdir() if e.name not in own and e.suffix not in DRAWN_SUFFIXES)


def is_run_folder(folder: Path) -> bool:
    """True for a folder that `aimcsim run` wrote."""
    return (folder / SCENARIO).is_file() and (folder / SUMMARY).is_file()


def is_comparison_folder(folder: Path) -> bool:
    """True for a folder that `aimcsim compare` wrote: its own file, and beside it run folders and what was drawn."""
    if not (folder / COMPARISON).is_file():
        return False
    others = [entry for entry in folder.iterdir() if entry.name != COMPARISON]
    return all(is_run_folder(entry) if entry.is_dir() else entry.suffix in DRAWN_SUFFIXES for entry in others)


def check_replaceable(folder: Path) -> None:
    """Raises RunFolderError if something stands at `folder` that is no run of aimcsim: it is never overwritten."""
    if not os.path.lexists(folder):
        return
    if not folder.is_dir() or folder.is_symlink():
        raise RunFolderError(f"{folder} exists and is no folder; give another --out")
    if not is_run_folder(folder) and not is_comparison_folder(folder) and any(folder.iterdir()):
        raise RunFolderError(f"{folder} exists and is no run of aimcsim; give another --out")
    runs = [entry for entry in folder.iterdir() if entry.is_dir()] if is_comparison_folder(folder) else [folder]
    foreign = [f"{run.name}/{name}" for run in runs if is_run_folder(run) for name in foreign_entries(run)]
    if foreign:
        raise RunFolderError(f"{folder} holds {', '.join(foreign[:5])}, which no run wrote; give another --out")


@contextmanager
def staging_folder(target: Path) -> Iterator[Path]:
    """A folder beside `target` that takes its place when the block ends, or vanishes if it fails."""
    check_replaceable(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(target)
    staged = hidden_folder(target)
    try:
        yield staged
        staged.chmod(0o777 & ~_umask())
        check_replaceable(target)
        _put_in_place(staged, target)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def hidden_folder(target: Path) -> Path:
    """A new folder beside `target` whose name says whose it is and which process writes it. OSError names the place."""
    try:
        return Path(tempfile.mkdtemp(prefix=f".{target.name}.{os.getpid()}.", suffix=".partial", dir=target.parent))
    except OSError as error:
        raise OSError(error.errno, f"cannot write: {error.strerror}", str(target.parent)) from error


def remove_leftovers(target: Path) -> None:
    """Remove what killed runs to the same target have left beside it."""
    for leftover in target.parent.glob(f".{_escape(target.name)}.*.partial"):
        owner = leftover.name[len(target.name) + 2 :].split(".")[0]
        if owner.isdigit() and not _is_alive(int(owner)):
            shutil.rmtree(leftover, ignore_errors=True)


def _put_in_place(staged: Path, target: Path) -> None:
    """Make `staged` the target; what stood there ends up at `staged`, to be removed."""
    if not target.exists():
        os.rename(staged, target)
    elif not _exchange(staged, target):
        aside = staged.with_suffix(".old")
        os.rename(target, aside)
        os.rename(staged, target)
        shutil.rmtree(aside, ignore_errors=True)


def _exchange(a: Path, b: Path) -> bool:
    """Swap two paths in one step where the system can (Linux renameat2); False where it can not."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        return False
    return bool(libc.renameat2(_AT_FDCWD, os.fsencode(a), _AT_FDCWD, os.fsencode(b), _RENAME_EXCHANGE) == 0)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _escape(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
