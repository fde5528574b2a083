"""Row groups of the op log as they wait for their Parquet file: an append-only file that outlives a crash."""

from __future__ import annotations

import hashlib
import os
import struct
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from aimcsim.errors import CheckpointError

#: Numbers of a row: unit, kind, micro-batch, start, end, version read, version written.
COLUMNS = 7

#: (n, COLUMNS) int64.
Rows = np.ndarray[tuple[int, int], np.dtype[np.int64]]

#: Before each row group: how many rows it has, and how many bytes they are compressed to.
_HEAD = struct.Struct("<QQ")

_CODEC = "zstd"


@dataclass(frozen=True)
class SpoolMark:
    """How far a spool had come: the name of its file, that many bytes of it, and their SHA-256."""

    file: str
    size: int
    sha256: str


class RowSpool:
    """Row groups in a file, compressed. What lies behind a mark is cut off when the file is opened there again."""

    def __init__(self, path: Path, mark: SpoolMark | None = None) -> None:
        """Begin a spool, or go on at `mark`. Raises CheckpointError where the file is not what it was then."""
        self.path = path
        self._hash: Any = hashlib.sha256()
        if mark is None:
            self._file = open(path, "xb+")  # noqa: SIM115
        else:
            self._file = open(path, "rb+") if path.is_file() else _missing(path)  # noqa: SIM115
        self._close = weakref.finalize(self, self._file.close)
        if mark is not None:
            self._check(mark)
            self._file.truncate(mark.size)
        self._size = 0 if mark is None else mark.size

    def append(self, rows: Rows) -> None:
        """Add a row group."""
        columns = np.ascontiguousarray(rows.T).tobytes()  # like beside like: a tenth of the bytes
        packed = pa.compress(columns, codec=_CODEC, asbytes=True)
        for part in (_HEAD.pack(len(rows), len(packed)), packed):
            self._file.write(part)
            self._hash.update(part)
            self._size += len(part)

    def mark(self) -> SpoolMark:
        """Where the spool stands; all before it is on disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return SpoolMark(self.path.name, self._size, self._hash.hexdigest())

    def groups(self) -> Iterator[Rows]:
        """All row groups in order; nothing may be added while they are read."""
        self._file.seek(0)
        while head := self._file.read(_HEAD.size):
            count, size = _HEAD.unpack(head)
            columns = pa.decompress(self._file.read(size), count * COLUMNS * 8, codec=_CODEC, asbytes=True)
            yield np.frombuffer(columns, np.int64).reshape(COLUMNS, count).T

    def close(self) -> None:
        """Close the file; it stays."""
        self._close()

    def _check(self, mark: SpoolMark) -> None:
        left = mark.size
        while left:
            part = self._file.read(min(left, 1 << 20))
            if not part:
                break
            self._hash.update(part)
            left -= len(part)
        if left or self._hash.hexdigest() != mark.sha256:
            self.close()
            raise CheckpointError(f"{self.path}, which the checkpoint refers to, is truncated or altered")


def _missing(path: Path) -> Any:
    raise CheckpointError(f"{path}, which the checkpoint refers to, is missing")
