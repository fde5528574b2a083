"""A data set in memory: contiguous float32 samples, and gathering them by index."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
#: Labels (n,) int64 where the set has classes, else target vectors (n, outputs) float32.
Targets = NDArray[np.int64] | NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test samples in their fixed order.

    `train_x`, `test_x`: (n, *shape) float32, C-contiguous. `train_y`, `test_y`: labels 0 … classes−1, int64 (n,);
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
            assert x.flags.c_contiguous
            assert y.flags.c_contiguous
            assert len(x) == len(y) > 0, (len(x), len(y))
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

    def with_shape(self, shape: tuple[int, ...]) -> Dataset:
        """The same samples seen in another shape of the same size, for instance (28, 28) as (784,); no copy."""
        return replace(
            self,
            train_x=self.train_x.reshape(len(self.train_x), *shape),
            test_x=self.test_x.reshape(len(self.test_x), *shape),
        )


def gather(values: NDArray[Any], indices: NDArray[np.int64], out: NDArray[Any] | None = None) -> NDArray[Any]:
    """values[indices] along the first axis, into `out` (n, *shape) of the same dtype where given.

    Raises IndexError for an index outside 0 … len(values)−1: negative ones have no meaning for samples.
    """
    if indices.size and (indices.min() < 0 or indices.max() >= len(values)):
        raise IndexError(f"sample indices {indices.min()} … {indices.max()} of a set of {len(values)}")
    # With the default mode numpy would gather into a hidden buffer first, to leave `out` alone on a bad index.
    return np.take(values, indices, axis=0, out=out, mode="clip")
