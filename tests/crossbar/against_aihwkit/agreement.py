"""Whether two samples agree within their sampling errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Array = NDArray[Any]

#: Differences between sides below this part of the value are rounding (float32), not disagreement.
ROUNDING = 1e-6


@dataclass(frozen=True)
class Comparison:
    """One quantity of both sides, means over arrays."""

    subject: str
    quantity: str
    ours: float
    theirs: float
    #: Standard error of the difference.
    error: float
    #: Normal deviate as unlikely as the difference.
    z: float

    @property
    def p(self) -> float:
        """Probability of so large a difference between equals."""
        return float(special.erfc(abs(self.z) / np.sqrt(2.0)))


def deviates(ours: Array, theirs: Array) -> tuple[Array, Array]:
    """(standard errors, normal deviates) of the differences between paired samples (tiles, quantities).

    Student's t of the differences, as the normal deviate of the same tail. Tiles of one number share their inputs.
    """
    difference = ours - theirs
    scale = np.maximum(np.abs(ours).max(axis=0), np.abs(theirs).max(axis=0))
    # What is the same on every tile of both sides differs by rounding at most.
    error = np.hypot(difference.std(axis=0, ddof=1) / np.sqrt(len(ours)), ROUNDING * scale)
    t = np.divide(difference.mean(axis=0), error, out=np.zeros_like(error), where=error > 0.0)
    tail = np.maximum(stats.t.sf(np.abs(t), len(ours) - 1), 1e-300)
    return error, -np.sign(t) * special.ndtri(tail)


def compare(subject: str, names: Sequence[str], ours: Array, theirs: Array) -> list[Comparison]:
    """Every column of two samples (tiles, quantities) named in order."""
    error, z = deviates(ours, theirs)
    columns = zip(names, ours.mean(axis=0), theirs.mean(axis=0), error, z, strict=True)
    return [Comparison(subject, name, float(a), float(b), float(e), float(v)) for name, a, b, e, v in columns]


def joint(subject: str, quantity: str, ours: Array, theirs: Array) -> Comparison:
    """Many alike quantities (tiles, many) as one: their squared deviates together against χ² of as many degrees.

    What is shown is the root mean square over the quantities; the standard error is that of one quantity.
    """
    error, z = deviates(ours, theirs)
    moving = (ours.std(axis=0) > 0.0) | (theirs.std(axis=0) > 0.0)
    tail = stats.chi2.sf(float((z[moving] ** 2).sum()), int(moving.sum()))
    together = -float(special.ndtri(max(tail, 1e-300)))
    return Comparison(
        subject,
        quantity,
        root_mean_square(ours.mean(axis=0)),
        root_mean_square(theirs.mean(axis=0)),
        root_mean_square(error),
        together,
    )


def root_mean_square(values: Array) -> float:
    """√ of the mean of the squares."""
    return float(np.sqrt((values**2).mean()))


def holm(comparisons: list[Comparison], false_alarm: float) -> list[Comparison]:
    """Those that differ, by Holm's procedure: one or more is a false alarm with at most this probability."""
    ordered = sorted(comparisons, key=lambda each: each.p)
    rejected = []
    for rank, each in enumerate(ordered):
        if each.p > false_alarm / (len(ordered) - rank):
            break
        rejected.append(each)
    return rejected
