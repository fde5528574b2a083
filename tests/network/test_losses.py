from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from aimcsim.network.layers import LossKind
from aimcsim.network.losses import loss_of

OUTPUTS = np.array([[0.3, -1.2, 2.0], [1.5, 0.1, -0.4]])
LABELS = np.array([2, 1])
TARGETS = np.array([[0.5, 0.0, -1.0], [2.0, 0.25, 0.0]])


def reference(
    kind: LossKind, outputs: NDArray[np.float64], targets: NDArray[np.float64] | NDArray[np.int64]
) -> list[float]:
    """The formulas of the docstring, one sample and one value at a time."""
    losses = []
    for y, t in zip(outputs.tolist(), targets.tolist(), strict=True):
        if kind == "cross-entropy":
            losses.append(-math.log(math.exp(y[t]) / sum(math.exp(value) for value in y)))
        else:
            goal = t if isinstance(t, list) else [float(index == t) for index in range(len(y))]
            losses.append(0.5 * sum((a - b) ** 2 for a, b in zip(y, goal, strict=True)))
    return losses


cases = pytest.mark.parametrize(
    ("kind", "targets"),
    [("cross-entropy", LABELS), ("squared", LABELS), ("squared", TARGETS)],
    ids=["ce", "sq", "sq-t"],
)


@cases
def test_losses_are_those_of_the_formulas(kind: LossKind, targets: NDArray[np.float64]) -> None:
    result = loss_of(kind, OUTPUTS, targets)
    np.testing.assert_allclose(result.losses, reference(kind, OUTPUTS, targets), rtol=1e-14)


@cases
def test_the_error_is_the_central_difference_of_each_sample_s_loss(
    kind: LossKind, targets: NDArray[np.float64]
) -> None:
    step = 1e-5
    differences = np.empty_like(OUTPUTS)
    for column in range(OUTPUTS.shape[1]):
        nudge = np.zeros_like(OUTPUTS)
        nudge[:, column] = step
        up, down = reference(kind, OUTPUTS + nudge, targets), reference(kind, OUTPUTS - nudge, targets)
        differences[:, column] = (np.array(up) - np.array(down)) / (2 * step)
    # Truncation step²·|f'''|/6 < 2e-11; rounding of losses up to 4: 4·2^-53/step < 5e-11.
    np.testing.assert_allclose(loss_of(kind, OUTPUTS, targets).error, differences, atol=1e-10)


@cases
def test_single_precision_outputs_give_a_single_precision_error(kind: LossKind, targets: NDArray[np.float64]) -> None:
    single = OUTPUTS.astype(np.float32)
    result = loss_of(kind, single, targets)
    assert result.error.dtype == np.float32
    assert result.losses.dtype == np.float64
    assert np.array_equal(result.error, loss_of(kind, single.astype(np.float64), targets).error.astype(np.float32))
    assert np.array_equal(single, OUTPUTS.astype(np.float32)), "the outputs are left alone"


def test_hits_are_counted_for_labels_only() -> None:
    assert loss_of("cross-entropy", OUTPUTS, LABELS).correct == 1
    assert loss_of("squared", OUTPUTS, LABELS).correct == 1
    assert loss_of("squared", OUTPUTS, TARGETS).correct is None


def test_cross_entropy_of_large_outputs_is_exact() -> None:
    result = loss_of("cross-entropy", np.array([[1e4, 0.0], [1e4, 0.0]], np.float32), np.array([0, 1]))
    assert result.losses.tolist() == [0.0, 1e4]
    assert result.error.tolist() == [[0.0, 0.0], [1.0, -1.0]]


@pytest.mark.parametrize("kind", ["cross-entropy", "squared"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_outputs_that_are_not_finite_give_such_a_loss_and_no_hit_and_no_warning(kind: LossKind, bad: float) -> None:
    result = loss_of(kind, np.array([[bad, 0.0], [1.0, 0.0]], np.float32), np.array([1, 0]))
    assert np.isfinite(result.losses).tolist() == [False, True]
    assert result.correct == 1


def test_a_nan_is_no_hit_even_at_the_label() -> None:
    assert loss_of("cross-entropy", np.array([[np.nan, 0.0]], np.float32), np.array([0])).correct == 0


def test_cross_entropy_refuses_target_vectors() -> None:
    with pytest.raises(TypeError, match="Cannot cast"):
        loss_of("cross-entropy", OUTPUTS, TARGETS)
