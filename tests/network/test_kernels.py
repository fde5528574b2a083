"""The compiled digital functions against the formulas in numpy: to the bit where no exponential is in it."""

from __future__ import annotations

import numpy as np
import pytest

from aimcsim.network.functions import CODES, activate, add_bias, finish_forward, send_back, slope, step_bias
from aimcsim.network.layers import Function
from aimcsim.network.losses import loss_of

functions = pytest.mark.parametrize("function", list(CODES))
#: Batches and widths around the length of a vector.
SHAPES = [(1, 1), (2, 7), (10, 16), (3, 37)]


def drawn(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    return [(3 * rng.standard_normal(shape)).astype(np.float32) for shape in shapes]


@pytest.mark.parametrize("function", ["sigmoid", "tanh"])
def test_exponentials_are_within_three_ulp_over_the_whole_range(function: Function) -> None:
    x = np.concatenate([np.linspace(-86, 86, 200_001), np.linspace(-2, 2, 100_001)]).astype(np.float32)
    wide = x.astype(float)
    small = np.exp(-np.abs(wide))
    expected = np.where(wide >= 0, 1.0, small) / (1 + small) if function == "sigmoid" else np.tanh(wide)
    error = np.abs(activate(function, x) - expected) / np.spacing(np.abs(expected).astype(np.float32))
    assert error.max() <= 3.0


@functions
@pytest.mark.parametrize("shape", SHAPES)
def test_bias_and_activation_in_one_go_have_the_bits_of_one_after_the_other(
    function: Function, shape: tuple[int, int]
) -> None:
    x, bias = drawn(shape, shape[1:])
    total, y = x.copy(), np.empty_like(x)
    finish_forward(total, bias, CODES[function], y)
    np.testing.assert_array_equal(total, x + bias)
    np.testing.assert_array_equal(y, activate(function, x + bias))
    alone = x.copy()
    add_bias(alone, bias)
    np.testing.assert_array_equal(alone, total)
    finish_forward(x, np.empty(0, np.float32), CODES[function], y)
    np.testing.assert_array_equal(y, activate(function, x))


@functions
@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_sent_back_has_the_bits_of_slope_times_error(function: Function, shape: tuple[int, int]) -> None:
    x, error = drawn(shape, shape)
    y = activate(function, x)
    sent = np.empty_like(error)
    send_back(y, error, CODES[function], sent)
    np.testing.assert_array_equal(sent, slope(function, y) * error)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_bias_steps_by_the_errors_summed_in_the_order_of_the_samples(shape: tuple[int, int]) -> None:
    error, bias = drawn(shape, shape[1:])
    summed = np.zeros(shape[1], np.float32)
    for row in error:
        summed = summed + row
    expected = bias - np.float32(0.3) * summed
    step_bias(bias, error, 0.3)
    np.testing.assert_array_equal(bias, expected)


@functions
def test_what_is_not_finite_stays_so(function: Function) -> None:
    y = activate(function, np.array([np.nan, np.inf, -np.inf, 0.5], np.float32))
    assert np.isnan(y[0])
    assert not np.isnan(y[1:]).any()


def test_cross_entropy_in_single_precision_is_that_of_float64_rounded() -> None:
    (outputs,) = drawn((50, 10))
    labels = np.arange(50) % 10
    single, double = (loss_of("cross-entropy", each, labels) for each in (outputs, outputs.astype(float)))
    np.testing.assert_allclose(single.losses, double.losses, rtol=1e-13)
    # Half an ulp of a number below 1, and what float64 leaves.
    np.testing.assert_allclose(single.error, double.error, rtol=0, atol=2.0**-25 + 1e-15)
    assert single.correct == double.correct
