"""Files in the IDX format of the MNIST family, plain or gzipped.

Layout (Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits): two zero bytes, a type code, the
number of dimensions; then each dimension as a big-endian 32-bit number; then the values, big-endian, last dimension
fastest; nothing after them.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable
from io import BufferedIOBase
from math import prod
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from aimcsim.errors import DataBroken

T = TypeVar("T")

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

#: A header that promises more is taken for damage, before memory is asked for.
MOST_BYTES = 2**32
MOST_DIMENSIONS = 8

_GZIP_MAGIC = b"\x1f\x8b"


def read_idx(path: Path) -> NDArray[Any]:
    """The array in an IDX file, in its own shape and type (native byte order).

    Whether the file is gzipped is seen from its first bytes, not its name. Raises `DataBroken` where the file is
    not IDX, too short, too long, or damaged; OSError where it cannot be opened.
    """
    return _opened(path, _read)


def read_idx_shape(path: Path) -> tuple[int, ...]:
    """The shape that an IDX file promises, from its first bytes alone. Raises as `read_idx`."""
    return _opened(path, lambda path, file: _header(path, file)[1])


def _opened(path: Path, read: Callable[[Path, BufferedIOBase], T]) -> T:
    try:
        with path.open("rb") as raw:
            zipped = raw.read(2) == _GZIP_MAGIC
            raw.seek(0)
            if not zipped:
                return read(path, raw)
            with gzip.open(raw) as unzipped:
                return read(path, unzipped)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataBroken(f"{path}: the gzip data is damaged or cut off ({error})") from error


def _read(path: Path, file: BufferedIOBase) -> NDArray[Any]:
    dtype, shape = _header(path, file)
    expected = prod(shape) * dtype.itemsize
    if expected > MOST_BYTES:
        raise DataBroken(f"{path}: the header promises {_times(shape)} values, more than {MOST_BYTES} bytes")
    # One byte more than promised shows a file that is too long, and makes gzip check its sum.
    body = file.read(expected + 1)
    if len(body) != expected:
        found = "more" if len(body) > expected else f"only {len(body)}"
        raise DataBroken(f"{path}: the header promises {_times(shape)} values in {expected} bytes, {found} follow")
    return np.frombuffer(body, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _header(path: Path, file: BufferedIOBase) -> tuple[np.dtype[Any], tuple[int, ...]]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise DataBroken(f"{path}: not an IDX file, which starts with two zero bytes; it starts with {magic.hex(' ')}")
    code, dimensions = magic[2], magic[3]
    if code not in TYPES:
        raise DataBroken(f"{path}: 0x{code:02x} is no type code of IDX")
    if not 1 <= dimensions <= MOST_DIMENSIONS:
        raise DataBroken(f"{path}: {dimensions} dimensions, expected 1 to {MOST_DIMENSIONS}")
    sizes = file.read(4 * dimensions)
    if len(sizes) < 4 * dimensions:
        raise DataBroken(f"{path}: the file ends inside its header")
    return np.dtype(TYPES[code]), struct.unpack(f">{dimensions}I", sizes)


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))
