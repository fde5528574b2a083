"""What every tile checks at its door; messages name what was wrong and what came."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]

_FLOAT32 = np.dtype(np.float32)
_INT64 = np.dtype(np.int64)


def as_samples(values: ArrayLike, lines: int, what: str) -> Floats:
    """`values` as C-contiguous float32 of shape (batch, lines); ValueError for any other shape."""
    if (
        type(values) is np.ndarray
        and values.dtype == _FLOAT32
        and values.ndim == 2
        and values.shape[1] == lines
        and values.flags.carray  # C-contiguous and writeable
    ):
        return values
    array = np.asarray(values, dtype=np.float32, order="C")
    if array.ndim != 2 or array.shape[1] != lines:
        raise ValueError(f"{what} must have shape (batch, {lines}) (got {array.shape})")
    # To numba a read-only array is another type, for which every kernel would be compiled once more.
    return array if array.flags.writeable else array.copy()


def as_lines(values: ArrayLike, lines: int) -> NDArray[np.int64]:
    """`values` as numbers of lines, C-contiguous int64 of shape (batch,); ValueError for any other shape or number."""
    if (
        type(values) is np.ndarray
        and values.dtype == _INT64
        and values.shape == (1,)
        and values.flags.carray
        and 0 <= values.item() < lines
    ):
        return values
    given = np.asarray(values)
    array = given.astype(np.int64)
    if array.ndim != 1 or not np.array_equal(array, given):
        raise ValueError(f"lines must be whole numbers of shape (batch,) (got {values!r})")
    if array.size and not (array.min() >= 0 and array.max() < lines):
        raise ValueError(f"lines must be from 0 to {lines - 1} (got {values!r})")
    return array


def one_hot(places: NDArray[np.int64], lines: int) -> Floats:
    """Samples (batch, lines) of which each is one at its place and zero elsewhere."""
    x = np.zeros((len(places), lines), np.float32)
    if len(places) == 1:
        x[0, places[0]] = 1.0  # in a fifth of the time
    else:
        x[np.arange(len(places)), places] = 1.0
    return x


def as_matrix(values: ArrayLike, shape: tuple[int, int], what: str) -> Floats:
    """A copy of `values` as finite C-contiguous float32 of `shape`; ValueError otherwise."""
    array = np.array(values, dtype=np.float32, order="C")
    if array.shape != shape:
        raise ValueError(f"{what} must have shape {shape} (got {array.shape})")
    if not np.isfinite(array).all():
        at = np.argwhere(~np.isfinite(array))[0]
        raise ValueError(f"{what} must be finite (got {array[tuple(at)]} at {tuple(at.tolist())})")
    return array


def check_size(out_size: int, in_size: int) -> None:
    """ValueError unless both are at least 1."""
    for what, size in (("out_size", out_size), ("in_size", in_size)):
        if size < 1:
            raise ValueError(f"{what} must be at least 1 (got {size})")


def check_finite(value: float, what: str) -> float:
    """`value` itself; ValueError if it is not finite."""
    if not math.isfinite(value):
        raise ValueError(f"{what} must be finite (got {value})")
    return value


def check_elapsed(seconds: float) -> None:
    """ValueError unless `seconds` is finite and not negative: simulated time does not run backward."""
    if not (math.isfinite(seconds) and seconds >= 0.0):
        raise ValueError(f"elapsed seconds must be finite and >= 0 (got {seconds})")


def check_pairs(x: NDArray[Any], d: Floats) -> None:
    """ValueError unless x and d hold the same number of samples."""
    if len(x) != len(d):
        raise ValueError(f"x and d must have the same batch size (got {len(x)} and {len(d)})")


def check_updated(status: int) -> int:
    """Slots that an update kernel used; ValueError if it refused a sample (status −1−s), with nothing changed."""
    if status < 0:
        raise ValueError(
            f"x and d of an update must be finite (got NaN or infinity in sample {-1 - status} of the call)"
        )
    return status
