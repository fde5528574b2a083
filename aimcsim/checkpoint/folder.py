"""The folder of a run's checkpoints: the last two of them, the rows of the op log they refer to, and a lock."""

from __future__ import annotations

import fcntl
import os
import re
import weakref
from pathlib import Path
from typing import Any

from aimcsim.checkpoint.container import write_container
from aimcsim.checkpoint.plain import Arrays
from aimcsim.errors import CheckpointError

#: Checkpoints that are kept: should the newest be damaged, there is one before it.
KEPT = 2

_LOCK = "lock"
_CHECKPOINT, _ROWS, _PARTIAL = "checkpoint", "rows", "partial"
_OWN = re.compile(rf"{_LOCK}|[0-9]{{6,}}\.({_CHECKPOINT}|{_ROWS}|{_PARTIAL})")


class CheckpointFolder:
    """One run's, for as long as the object lives. Raises CheckpointError where another run has it or it is not ours.

    Checkpoints are numbered. The rows of a run that began anew have the number of its first checkpoint, so that a
    checkpoint refers to the rows with the largest number up to its own.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        _check_own(path)
        path.mkdir(parents=True, exist_ok=True)
        lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._unlock = weakref.finalize(self, os.close, lock)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._unlock()
            raise CheckpointError(f"{path} is in use by another run") from error
        self._tidy()

    @property
    def newest(self) -> Path | None:
        """The newest checkpoint."""
        return newest_checkpoint(self.path)

    def new_rows(self) -> Path:
        """Where a run that begins anew shall put the rows of its op log."""
        return self._file(self._next(), _ROWS)

    def write(self, document: Any, arrays: Arrays) -> Path:
        """One checkpoint more, whole or not at all; the last KEPT stay. Raises OSError, older ones in place."""
        number = self._next()
        staged, path = self._file(number, _PARTIAL), self._file(number, _CHECKPOINT)
        try:
            write_container(staged, document, arrays)
            os.replace(staged, path)
        except BaseException:
            staged.unlink(missing_ok=True)
            raise
        _sync_folder(self.path)
        for old in _numbers(self.path, _CHECKPOINT)[:-KEPT]:
            self._file(old, _CHECKPOINT).unlink()
        self._tidy()
        return path

    def remove(self) -> None:
        """The run is done: remove all of it."""
        for kind in (_CHECKPOINT, _ROWS, _PARTIAL):
            for number in _numbers(self.path, kind):
                self._file(number, kind).unlink(missing_ok=True)
        self._remove_empty()

    def close(self) -> None:
        """The run stops here: leave what a resume needs, and nothing where there is no checkpoint."""
        self._tidy()
        if self.newest is None:
            self._remove_empty()
        self._unlock()

    def _remove_empty(self) -> None:
        (self.path / _LOCK).unlink(missing_ok=True)
        self.path.rmdir()
        self._unlock()

    def _tidy(self) -> None:
        """Remove rows that no checkpoint refers to, and what was not written to its end."""
        numbers = _numbers(self.path, _ROWS)
        needed = {max((s for s in numbers if s <= n), default=-1) for n in _numbers(self.path, _CHECKPOINT)}
        for number in set(numbers) - needed:
            self._file(number, _ROWS).unlink()
        for number in _numbers(self.path, _PARTIAL):
            self._file(number, _PARTIAL).unlink()

    def _next(self) -> int:
        return max(_numbers(self.path, _CHECKPOINT), default=0) + 1

    def _file(self, number: int, kind: str) -> Path:
        return self.path / f"{number:06d}.{kind}"


def newest_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint in a folder that may not exist; None where there is none."""
    numbers = _numbers(folder, _CHECKPOINT)
    return folder / f"{numbers[-1]:06d}.{_CHECKPOINT}" if numbers else None


def checkpoint_before(path: Path) -> Path | None:
    """The checkpoint before the one at `path`."""
    numbers = [number for number in _numbers(path.parent, _CHECKPOINT) if number < int(path.stem)]
    return path.with_stem(f"{numbers[-1]:06d}") if numbers else None


def _numbers(folder: Path, kind: str) -> list[int]:
    """Numbers of the files of one kind, ascending."""
    return sorted(int(file.stem) for file in folder.glob(f"*.{kind}") if _OWN.fullmatch(file.name))


def _check_own(path: Path) -> None:
    if not os.path.lexists(path):
        return
    if not path.is_dir() or path.is_symlink():
        raise CheckpointError(f"{path}, where checkpoints would go, exists and is no folder; give another --out")
    foreign = sorted(entry.name for entry in path.iterdir() if not _OWN.fullmatch(entry.name))
    if foreign:
        raise CheckpointError(f"{path}, where checkpoints would go, holds {foreign[0]}; give another --out")


def _sync_folder(path: Path) -> None:
    """See to it that a rename is on disk."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
