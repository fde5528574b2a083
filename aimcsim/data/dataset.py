"""A data set in memory: contiguous float32 samples, and gathering them by index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aimcsim.data.byte_images import ByteImages

Floats = NDArray[np.float32]
#: An array, or images that stay on disk until they are taken.
Samples = Floats | ByteImages
#: Labels (n,) int64 where the set has classes, else target vectors (n, outputs) float32.
Targets = NDArray[np.int64] | NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test samples in their fixed order.

    `train_x`, `test_x`: (n, *shape) float32, C-contiguous, or what gives such an array where samples are taken.
    `train_y`, `test_y`: labels 0 … classes−1, int64 (n,);
    or, with `classes` None, float32 targets (n, outputs).
    """

    name: str
    train_x: Samples
    train_y: Targets
    test_x: Samples
    test_y: Targets
    classes: int | None

    def __post_init__(self) -> None:
        for x, y in ((self.train_x, self.train_y), (self.test_x, self.test_y)):
            assert x.dtype == np.float32, x.dtype
            assert y.flags.c_contiguous
            assert len(x) == len(y) > 0, (len(x), len(y))
            if isinstance(x, np.ndarray):
                assert x.flags.c_contiguous
                assert np.isfinite(x).all()
            if self.classes is None:
                assert y.dtype == np.float32, y.dtype
                assert y.ndim == 2, y.shape
                assert np.isfinite(y).all()
            else:
                assert y.dtype == np.int64, y.dtype
                assert y.ndim == 1, y.shape
                assert y.min() >= 0, y.min()
                assert y.max() < self.classes, y.max()
        assert self.train_x.shape[1:] == self.test_x.shape[1:], (self.train_x.shape, self.test_x.shape)
        assert self.train_y.shape[1:] == self.test_y.shape[1:], (self.train_y.shape, self.test_y.shape)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return self.train_x.shape[1:]

    def blocks(self) -> Iterator[NDArray[Any]]:
        """All that the set holds, in a fixed order, as contiguous arrays."""
        for values in (self.train_x, self.train_y, self.test_x, self.test_y):
            if isinstance(values, ByteImages):
                yield from values.blocks()
            else:
                yield values
