"""The endless stream of training samples: one keyed permutation of the training set after another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aimcsim.keys import raw_words

#: Permutations kept: a pipeline works in one epoch, or in two where its samples straddle an epoch's end.
KEPT_EPOCHS = 4


class SampleStream:
    """Order of the samples by global sample number: number g is entry g mod count of epoch g div count's permutation.

    Nothing is flushed at an epoch's end. The order depends on `seed` and the epoch only, so any part of it can be
    asked for at any time: after a resume, twice, or out of order. Not for use by several threads at once.
    """

    def __init__(self, count: int, seed: int) -> None:
        if count < 1:
            raise ValueError(f"a stream needs at least one sample, got {count}")
        self.count = count
        self.seed = seed
        self._kept: dict[int, NDArray[np.int64]] = {}

    def indices(self, first: int, n: int) -> NDArray[np.int64]:
        """Indices into the training set of the samples numbered first … first+n−1, shape (n,)."""
        if first < 0 or n < 0:
            raise ValueError(f"samples {first} … {first + n - 1} do not exist")
        out = np.empty(n, np.int64)
        done = 0
        while done < n:
            epoch, start = divmod(first + done, self.count)
            part = self._permutation(epoch)[start : start + n - done]
            out[done : done + len(part)] = part
            done += len(part)
        return out

    def _permutation(self, epoch: int) -> NDArray[np.int64]:
        kept = self._kept.get(epoch)
        if kept is None:
            kept = keyed_permutation(self.count, self.seed, "data", epoch)
            while len(self._kept) >= KEPT_EPOCHS:
                del self._kept[next(iter(self._kept))]
            self._kept[epoch] = kept
        return kept


def keyed_permutation(count: int, seed: int, *names: str | int) -> NDArray[np.int64]:
    """The permutation of 0 … count−1 that belongs to this key, int64.

    It sorts raw Philox words: numpy promises those to stay the same in all its versions, unlike
    `Generator.permutation`. Two equal words of 64 bits keep their order, so even then it is a permutation.
    """
    return np.argsort(raw_words(seed, *names, count=count), kind="stable").astype(np.int64, copy=False)
