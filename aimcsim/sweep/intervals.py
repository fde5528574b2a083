"""Means and their intervals over seeds."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

#: Share of cases in which the interval holds the mean, were the values normal.
CONFIDENCE = 0.95


@dataclass(frozen=True)
class MeanInterval:
    """Mean of `count` values; `half` is half the width of Student's 95 % interval, None for a single value."""

    mean: float
    half: float | None
    count: int


def mean_interval(values: Sequence[float]) -> MeanInterval:
    """Mean and two-sided interval t(n-1)·s/√n of at least one value, s with n-1 in the denominator."""
    count = len(values)
    mean = statistics.fmean(values)
    if count < 2:
        return MeanInterval(mean, None, count)
    # scipy takes most of a second to import: only figures need it.
    from scipy import stats

    quantile = float(stats.t.ppf(0.5 + CONFIDENCE / 2, count - 1))
    return MeanInterval(mean, quantile * statistics.stdev(values) / count**0.5, count)
