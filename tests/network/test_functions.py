from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from aimcsim.network.functions import activate, slope
from aimcsim.network.layers import Function

REFERENCE: dict[Function, Callable[[float], float]] = {
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "tanh": math.tanh,
    "relu": lambda x: x if x > 0 else 0.0,
}
#: No point near 0, where relu has no derivative.
POINTS = [-6.0, -2.5, -1.0, -0.3, 0.2, 0.7, 1.0, 3.1, 5.5]

functions = pytest.mark.parametrize("function", list(REFERENCE))


@functions
def test_values_are_those_of_the_formula_in_float64_rounded(function: Function) -> None:
    got = activate(function, np.array(POINTS, np.float32))
    assert got.dtype == np.float32
    expected = [REFERENCE[function](float(np.float32(x))) for x in POINTS]
    np.testing.assert_allclose(got, expected, rtol=4e-7)  # 3 roundings of 2^-24 each, and tanh's own


@functions
def test_the_slope_taken_from_the_output_is_the_central_difference(function: Function) -> None:
    step = 1e-5
    formula = REFERENCE[function]
    differences = [(formula(x + step) - formula(x - step)) / (2 * step) for x in POINTS]
    output = np.array([formula(x) for x in POINTS])
    # Truncation step²·|f'''|/6 <= 4e-11, rounding 2^-53/step = 1.1e-11.
    np.testing.assert_allclose(slope(function, output), differences, atol=1e-10)


@functions
def test_results_written_in_place_equal_fresh_ones(function: Function) -> None:
    x = np.linspace(-4, 4, 33, dtype=np.float32).reshape(3, 11)
    y = activate(function, x)
    assert x[0, 0] == -4, "the argument is left alone"
    dy = slope(function, y)
    buffer = x.copy()
    assert activate(function, buffer, out=buffer) is buffer
    assert np.array_equal(buffer, y)
    assert slope(function, buffer, out=buffer) is buffer
    assert np.array_equal(buffer, dy)
    other = np.empty_like(x)
    assert activate(function, x, out=other) is other
    assert np.array_equal(other, y)


def test_the_sigmoid_neither_overflows_nor_loses_its_small_values() -> None:
    x = np.array([-1e30, -1000, -80, -20, 20, 1000, 1e30], np.float32)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        y = activate("sigmoid", x)
    np.testing.assert_allclose(y, [0, 0, math.exp(-80), math.exp(-20), 1, 1, 1], rtol=4e-7)


def test_relu_has_slope_zero_at_zero() -> None:
    assert slope("relu", np.array([0.0, 1.0], np.float32)).tolist() == [0.0, 1.0]
