"""Images that stay bytes where they lie, on disk, until they are asked for: a set may be larger than the memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from aimcsim.network.layers import Shape

#: Images that are read together where all are wanted.
TOGETHER = 1024


class ByteImages:
    """Rows of `parts` (n, values) uint8, one part after the other, as images of shape `image` in [0, 1].

    Behaves as the float32 array (n, *image) would where samples are taken: by an array of indices or a slice.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, parts: Sequence[NDArray[np.uint8]], image: Shape) -> None:
        self._parts = tuple(parts)
        self._starts = np.cumsum([0, *(len(part) for part in parts)])
        self._image = image

    def __len__(self) -> int:
        return int(self._starts[-1])

    @property
    def shape(self) -> tuple[int, ...]:
        """As of the array: (n, *image)."""
        return (len(self), *self._image)

    def __getitem__(self, wanted: NDArray[np.int64] | slice) -> NDArray[np.float32]:
        """The images asked for, a new array. Raises IndexError as an array would."""
        indices = np.arange(len(self))[wanted]
        taken = np.empty((len(indices), *self._image), np.float32)
        rows = taken.reshape(len(indices), -1)
        home = np.searchsorted(self._starts, indices, side="right") - 1
        for number, part in enumerate(self._parts):
            here = home == number
            rows[here] = part[indices[here] - self._starts[number]]
        np.divide(taken, np.float32(255), out=taken)
        return taken

    def first(self, count: int | None) -> ByteImages:
        """The first `count` images, all where None."""
        if count is None:
            return self
        ends = np.clip(count - self._starts[:-1], 0, None)
        return ByteImages([part[:end] for part, end in zip(self._parts, ends.tolist(), strict=True)], self._image)

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """All images in order, some at a time."""
        for start in range(0, len(self), TOGETHER):
            yield self[start : start + TOGETHER]
