"""Response functions: what one pulse does to a device, as a function of its weight.

A desired increment Δw moves a device to w + Δw·q₊(w) if Δw ≥ 0 and to w + Δw·q₋(w) otherwise. With the symmetric
part F = (q₋ + q₊)/2 and the asymmetric part G = (q₋ − q₊)/2 this is w + Δw·F(w) − |Δw|·G(w)
(arXiv 2406.12774 eq. (5)–(7), arXiv 2502.06309 eq. (3)–(5)).

*Soft bounds*: q₊ = 1 − w/b_max and q₋ = 1 − w/b_min; with b_max = −b_min = τ the papers' asymmetric linear device.
The kernels step by the same law in the form of `soft_bounds.soft_bounds_step`.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", float, NDArray[np.float64])


def q_up(w: Number, b_max: Number) -> Number:
    """Soft bounds, response to a pulse upward: 1 at weight zero, 0 at the upper bound."""
    return 1.0 - w / b_max


def q_down(w: Number, b_min: Number) -> Number:
    """Soft bounds, response to a pulse downward: 1 at weight zero, 0 at the lower bound (which is negative)."""
    return 1.0 - w / b_min


def symmetric_part(w: Number, b_max: Number, b_min: Number) -> Number:
    """F(w) = (q₋ + q₊)/2."""
    return (q_down(w, b_min) + q_up(w, b_max)) / 2.0


def asymmetric_part(w: Number, b_max: Number, b_min: Number) -> Number:
    """G(w) = (q₋ − q₊)/2."""
    return (q_down(w, b_min) - q_up(w, b_max)) / 2.0


def symmetric_point(step_up: Number, step_down: Number, b_max: Number, b_min: Number) -> Number:
    """The weight at which a pulse up and a pulse down are equally large: there up–down pairs cancel.

    (s₊ − s₋)/(s₊/b_max − s₋/b_min), with s± the steps at weight zero (aihwkit's SoftBoundsReference;
    R, Nat. Commun. 15:7133, eq. (8)).
    """
    return (step_up - step_down) / (step_up / b_max - step_down / b_min)
