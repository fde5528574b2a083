"""Losses of a batch, and the error they send back into the network."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aimcsim.crossbar.kernel_cache import cached_by_source
from aimcsim.network.functions import Floats
from aimcsim.network.layers import LossKind

with cached_by_source():
    from aimcsim.network.kernels import cross_entropy

Labels = NDArray[np.int64]


class LossResult(NamedTuple):
    """`losses` (batch,) float64, one a sample; `error` (batch, out), each sample's d loss / d output in the dtype
    of the outputs; `correct`: samples whose largest output is at their label, None where targets are no labels.

    Nothing is averaged here: how samples are reduced is the training's choice.
    """

    losses: NDArray[np.float64]
    error: Floats
    correct: int | None


def loss_of(kind: LossKind, outputs: Floats, targets: Labels | Floats) -> LossResult:
    """Loss of `outputs` (batch, out) against labels (batch,) int64 or, for squared only, targets (batch, out).

    cross-entropy: −log softmax(outputs)[label]. squared: ½‖outputs − targets‖², labels taken as one-hot targets.
    Outputs that are not finite give losses that are not finite, without a warning: a diverging run is no mistake.
    """
    if kind == "cross-entropy":
        return _cross_entropy(outputs, _as_labels(targets))
    with np.errstate(over="ignore", invalid="ignore"):
        return _squared(outputs, targets)


def _cross_entropy(outputs: Floats, labels: Labels) -> LossResult:
    if outputs.dtype == np.float32:
        losses, compiled_error = np.empty(len(outputs)), np.empty(outputs.shape, np.float32)
        hits = cross_entropy(np.ascontiguousarray(outputs), labels, losses, compiled_error)
        return LossResult(losses, compiled_error, hits)
    rows = np.arange(len(outputs))
    with np.errstate(over="ignore", invalid="ignore"):
        logits = outputs - outputs.max(axis=1, keepdims=True)
        powers = np.exp(logits)
        total = powers.sum(axis=1, keepdims=True)
        losses = np.log(total[:, 0]) - logits[rows, labels]
        error = powers / total
    error[rows, labels] -= 1
    return LossResult(losses, error, _correct(outputs, labels, losses))


def _squared(outputs: Floats, targets: Labels | Floats) -> LossResult:
    difference = outputs.astype(np.float64)
    labels = _as_labels(targets) if np.issubdtype(targets.dtype, np.integer) else None
    if labels is None:
        difference -= targets
    else:
        difference[np.arange(len(outputs)), labels] -= 1
    losses = 0.5 * np.square(difference).sum(axis=1)
    correct = None if labels is None else _correct(outputs, labels, losses)
    return LossResult(losses, difference.astype(outputs.dtype), correct)


def _as_labels(targets: NDArray[Any]) -> Labels:
    return targets.astype(np.int64, casting="safe", copy=False)


def _correct(outputs: Floats, labels: Labels, losses: NDArray[np.float64]) -> int:
    """argmax calls a NaN the largest value; a sample whose loss is NaN is no hit."""
    return int(np.count_nonzero((outputs.argmax(axis=1) == labels) & ~np.isnan(losses)))
