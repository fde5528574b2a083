"""Activation functions and their slopes, element-wise, in the dtype of their argument: float32 in a run, where the
compiled kernels compute them, float64 to check gradients with.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aimcsim.crossbar.kernel_cache import cached_by_source
from aimcsim.network.layers import Function

with cached_by_source():
    from aimcsim.network.kernels import CODES, NONE, activate_all, add_bias, finish_forward, send_back, step_bias

Floats = NDArray[np.floating[Any]]

__all__ = ["CODES", "NONE", "activate", "activate_all", "add_bias", "finish_forward", "send_back", "slope", "step_bias"]


def activate(function: Function, x: Floats, out: Floats | None = None) -> Floats:
    """`function` of x, any shape; written into `out` (which may be x itself) where given."""
    if x.dtype == np.float32:
        y = np.empty(x.shape, np.float32)
        activate_all(np.ascontiguousarray(x), CODES[function], y)
        if out is None:
            return y
        out[...] = y
        return out
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
