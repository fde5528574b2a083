"""The file of a checkpoint: a line that says what it is and what it must hash to, then a ZIP archive.

    aimcsim checkpoint 2 <SHA-256 of all that follows, hexadecimal> <bytes that follow, 20 digits>\\n
    document.json     the state, numbers and texts; {"array": n} stands for arrays/n.npy
    arrays/0.npy …    in numpy's own format, without pickle

Read it with any ZIP program, or in Python with `zipfile` and `numpy.load(…, allow_pickle=False)`.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np

from aimcsim.checkpoint.plain import Arrays
from aimcsim.errors import CheckpointError

#: Changes whenever the meaning of what is written changes.
FORMAT = 4

_HEAD = "aimcsim checkpoint {} {} {:020d}\n"
_READ_HEAD = re.compile(rb"aimcsim checkpoint ([0-9]{1,9}) ([0-9a-f]{64}) ([0-9]{20})\n")
_LONGEST_HEAD = 128
_DOCUMENT = "document.json"
_BLOCK = 1 << 20


def write_container(path: Path, document: Any, arrays: Arrays) -> int:
    """Write a new file and see to it that it is on disk; returns its size in bytes. Raises OSError."""
    length_of_head = len(_HEAD.format(FORMAT, "0" * 64, 0))
    with open(path, "xb+") as file:
        file.write(b"\0" * length_of_head)
        with zipfile.ZipFile(file, "w") as archive:
            text = json.dumps(document, separators=(",", ":"), allow_nan=False).encode()
            archive.writestr(_member(_DOCUMENT, True), text, compresslevel=1)
            for number, values in enumerate(arrays):
                # Weights and errors are noise to a compressor; counts and rows of the op log are not.
                member = _member(_array_name(number), values.dtype.kind != "f")
                raw = io.BytesIO()
                np.lib.format.write_array(raw, values, allow_pickle=False)
                archive.writestr(member, raw.getbuffer(), compresslevel=1)
        size = file.tell()
        found = _hash_from(file, length_of_head)
        file.seek(0)
        file.write(_HEAD.format(FORMAT, found, size - length_of_head).encode())
        file.flush()
        os.fsync(file.fileno())
    return size


def read_container(path: Path) -> tuple[Any, Arrays]:
    """Document and arrays of a checkpoint. Raises CheckpointError where it is none, another format's, or damaged."""
    with open(path, "rb") as file:
        head = _READ_HEAD.match(file.read(_LONGEST_HEAD))
        if head is None:
            raise CheckpointError(f"{path} is no checkpoint of aimcsim, or damaged")
        if int(head[1]) != FORMAT:
            raise CheckpointError(f"{path} has format {int(head[1])}; this version of aimcsim reads format {FORMAT}")
        length = path.stat().st_size - head.end()
        if length != int(head[3]) or _hash_from(file, head.end()) != head[2].decode():
            raise CheckpointError(f"{path} is damaged: truncated or altered")
        with zipfile.ZipFile(file) as archive:
            document = json.loads(archive.read(_DOCUMENT))
            count = len(archive.namelist()) - 1
            return document, [_read_array(archive, number) for number in range(count)]


def _read_array(archive: zipfile.ZipFile, number: int) -> Any:
    with archive.open(_array_name(number)) as member:
        return np.lib.format.read_array(member, allow_pickle=False)


def _array_name(number: int) -> str:
    return f"arrays/{number}.npy"


def _member(name: str, compressed: bool) -> zipfile.ZipInfo:
    """Without a date: the same state makes the same bytes."""
    member = zipfile.ZipInfo(name)
    member.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    return member


def _hash_from(file: IO[bytes], start: int) -> str:
    found = hashlib.sha256()
    file.flush()
    file.seek(start)
    while block := file.read(_BLOCK):
        found.update(block)
    return found.hexdigest()
