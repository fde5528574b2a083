"""Response functions: what one pulse does to a device, as a function of its weight.

A desired increment Δw moves a device to w + Δw·q₊(w) if Δw ≥ 0 and to w + Δw·q₋(w) otherwise. With the symmetric
part F = (q₋ + q₊)/2 and the asymmetric part G = (q₋ − q₊)/2 this is w + Δw·F(w) − |Δw|·G(w)
(arXiv 2406.12774 eq. (5)–(7), arXiv 2502.06309 eq. (3)–(5)).

*Soft bounds*: q₊ = 1 − w/b_max and q₋ = 1 − w/b_min; with b_max = −b_min = τ the papers' asymmetric linear device.
The kernels step by the same law in the form of `soft_bounds.soft_bounds_step`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

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


Curve = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class Response:
    """A pair of response functions, in units of the granularity; both take and give float64 arrays.

    `low` and `high` bound the weights for which they hold.
    """

    q_up: Curve
    q_down: Curve
    low: float
    high: float

    def symmetric(self, w: NDArray[np.float64]) -> NDArray[np.float64]:
        """F(w) = (q₋ + q₊)/2."""
        return (self.q_down(w) + self.q_up(w)) / 2.0

    def asymmetric(self, w: NDArray[np.float64]) -> NDArray[np.float64]:
        """G(w) = (q₋ − q₊)/2."""
        return (self.q_down(w) - self.q_up(w)) / 2.0

    def symmetric_point(self) -> float:
        """The weight with q₊ = q₋; ValueError if G has the same sign at both bounds or vanishes everywhere."""
        ends = self.asymmetric(np.array([self.low, self.high]))
        if not ends[0] * ends[1] < 0.0:
            raise ValueError(
                f"no symmetric point between {self.low:g} and {self.high:g} (G is {ends[0]:g}, {ends[1]:g})"
            )
        return float(brentq(lambda w: float(self.asymmetric(np.array([w]))[0]), self.low, self.high, xtol=1e-14))


def linear(tau_max: float, tau_min: float, symmetric_point: float = 0.0) -> Response:
    """q₊ = 1 − (w−w⋄)/τ_max, q₋ = 1 − (w−w⋄)/τ_min, τ_min < 0 (arXiv 2406.12774 eq. (8) and App. C)."""
    return Response(
        lambda w: 1.0 - (w - symmetric_point) / tau_max,
        lambda w: 1.0 - (w - symmetric_point) / tau_min,
        tau_min,
        tau_max,
    )


def generalised_linear(tau: float, c_lin: float) -> Response:
    """q₊ = (1+c)(1 − w/τ), q₋ = (1−c)(1 + w/τ); symmetric point c·τ (arXiv 2502.06309 §2)."""
    return Response(lambda w: (1.0 + c_lin) * (1.0 - w / tau), lambda w: (1.0 - c_lin) * (1.0 + w / tau), -tau, tau)


def power(tau: float, gamma_res: float) -> Response:
    """q± = (1 ∓ w/τ)^γ, 1 at weight zero (arXiv 2502.06309 eq. (148))."""
    return Response(lambda w: (1.0 - w / tau) ** gamma_res, lambda w: (1.0 + w / tau) ** gamma_res, -tau, tau)


def exponential(tau: float, gamma_res: float) -> Response:
    """q± = (e^{γ(1 ∓ w/τ)} − 1)/(e^γ − 1), 1 at weight zero (arXiv 2502.06309 eq. (149))."""
    whole = np.expm1(gamma_res)
    return Response(
        lambda w: np.expm1(gamma_res * (1.0 - w / tau)) / whole,
        lambda w: np.expm1(gamma_res * (1.0 + w / tau)) / whole,
        -tau,
        tau,
    )


def range_power(tau_max: float, tau_min: float, gamma_up: float, gamma_down: float) -> Response:
    """q₊ = ((τ_max−w)/(τ_max−τ_min))^γ₊ and q₋ alike: ½^γ at weight zero (arXiv 2406.12774 App. C; PowStep)."""
    width = tau_max - tau_min
    return Response(
        lambda w: ((tau_max - w) / width) ** gamma_up, lambda w: ((w - tau_min) / width) ** gamma_down, tau_min, tau_max
    )


def range_exponential(tau_max: float, tau_min: float, gamma_up: float, gamma_down: float) -> Response:
    """q₊ = 1 − e^{−γ₊(τ_max−w)/(τ_max−τ_min)} and q₋ alike (arXiv 2406.12774 App. C)."""
    width = tau_max - tau_min
    return Response(
        lambda w: -np.expm1(-gamma_up * (tau_max - w) / width),
        lambda w: -np.expm1(-gamma_down * (w - tau_min) / width),
        tau_min,
        tau_max,
    )


def table(points_up: list[list[float]], points_down: list[list[float]], low: float, high: float) -> Response:
    """Straight lines between points [w, response], level beyond them."""
    (at_up, up), (at_down, down) = np.transpose(points_up), np.transpose(points_down)
    return Response(lambda w: np.interp(w, at_up, up), lambda w: np.interp(w, at_down, down), low, high)
