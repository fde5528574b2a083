"""Arrays that begin at a line of cache: of others every vector of 64 bytes lies in two, which costs a tenth."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

#: Bytes of a line of cache.
LINE: Final = 64


def aligned(values: NDArray[np.generic]) -> NDArray[np.float32]:
    """A C-contiguous float32 copy that begins at a line of cache; rows do too if their length is a multiple of 16."""
    size = 4 * values.size
    room = np.empty(size + LINE, np.uint8)
    start = -room.ctypes.data % LINE
    copy = room[start : start + size].view(np.float32).reshape(values.shape)
    copy[...] = values
    return copy


@njit(nogil=True, cache=True)
def aligned_words(count: int, rows: int, columns: int) -> NDArray[np.uint32]:
    """An array (count, rows, columns) of words, not filled, that begins at a line of cache."""
    size = count * rows * columns
    room = np.empty(size + LINE // 4, np.uint32)
    start = (-room.ctypes.data % LINE) // 4
    return room[start : start + size].reshape((count, rows, columns))
