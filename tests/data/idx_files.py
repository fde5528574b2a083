"""IDX files written byte by byte, by the format's description."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TYPE_CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx_bytes(values: NDArray[np.generic]) -> bytes:
    code = TYPE_CODES[values.dtype.str[1:]]
    header = bytes([0, 0, code, values.ndim]) + b"".join(struct.pack(">I", size) for size in values.shape)
    return header + values.astype(values.dtype.newbyteorder(">")).tobytes()


def write_idx(path: Path, values: NDArray[np.generic], *, zipped: bool = False) -> Path:
    content = idx_bytes(values)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content) if zipped else content)
    return path


def write_image_set(
    folder: Path, train: int = 20, test: int = 7, *, dot: bool = False, zipped: bool = False, first: int = 3
) -> None:
    """The four files; image n is filled with n, label n is (first + n) mod 10 in the training part, n mod 10 else."""
    for part, count, start in (("train", train, first), ("t10k", test, 0)):
        numbers = np.arange(count, dtype=np.uint8)
        images = np.broadcast_to(numbers[:, None, None], (count, 28, 28)).copy()
        labels = (start + numbers) % 10
        sign, end = "." if dot else "-", ".gz" if zipped else ""
        write_idx(folder / f"{part}-images{sign}idx3-ubyte{end}", images, zipped=zipped)
        write_idx(folder / f"{part}-labels{sign}idx1-ubyte{end}", labels, zipped=zipped)
