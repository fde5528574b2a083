"""Activation functions and their slopes, element-wise, in the dtype of their argument (float32 in a run)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aimcsim.network.layers import Function

Floats = NDArray[np.floating[Any]]


def activate(function: Function, x: Floats, out: Floats | None = None) -> Floats:
    """`function` of x, any shape; written into `out` (which may be x itself) where given."""
    match function:
        case "sigmoid":
            return _sigmoid(x, out)
        case "tanh":
            return np.tanh(x, out=out)
        case "relu":
            return np.maximum(x, 0, out=out)


def slope(function: Function, y: Floats, out: Floats | None = None) -> Floats:
    """Derivative of `function` where its *output* is y: y(1−y), 1−y², or 1 for y > 0 and else 0.

    Reading the output lets backward keep only what forward sent on. `out` may be y itself.
    """
    out = np.empty_like(y) if out is None else out
    match function:
        case "sigmoid":
            # y − y² instead of y·(1 − y): one pass less and safe when out is y.
            np.subtract(y, np.square(y), out=out)
        case "tanh":
            np.square(y, out=out)
            np.subtract(1, out, out=out)
        case "relu":
            np.greater(y, 0, out=out, casting="unsafe")
    return out


def _sigmoid(x: Floats, out: Floats | None) -> Floats:
    """1/(1+e^−x), taken as e^x/(1+e^x) for x < 0: exp never overflows and small values keep their digits."""
    decay: Floats = np.exp(-np.abs(x))
    return np.divide(np.where(x >= 0, np.ones_like(decay), decay), 1 + decay, out=out)
