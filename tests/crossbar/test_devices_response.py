"""The papers' response functions as functions, and elementary functions of the kernels, against float64."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcsim.crossbar.elementary import exp_of, power_of
from aimcsim.crossbar.response import (
    Response,
    exponential,
    generalised_linear,
    linear,
    power,
    range_exponential,
    range_power,
    table,
)

TAU = 0.7


@given(c=st.floats(-0.9, 0.9), tau=st.floats(0.1, 5.0))
def test_the_generalised_linear_response_has_f_and_g_as_derived_and_a_symmetric_point_at_c_tau(
    c: float, tau: float
) -> None:
    # q₊ + q₋ = 2 − 2c·w/τ and q₋ − q₊ = 2w/τ − 2c.
    w = np.linspace(-tau, tau, 5)
    response = generalised_linear(tau, c)
    np.testing.assert_allclose(response.symmetric(w), 1.0 - c * w / tau, atol=1e-12)
    np.testing.assert_allclose(response.asymmetric(w), w / tau - c, atol=1e-12)
    assert response.symmetric_point() == pytest.approx(c * tau, abs=1e-9)


@pytest.mark.parametrize(
    "response", [power(TAU, 2.5), exponential(TAU, 1.7), linear(TAU, -TAU), generalised_linear(TAU, 0.0)]
)
def test_normalised_responses_are_one_at_zero_and_nothing_at_the_bounds(response: Response) -> None:
    zero = np.zeros(1)
    assert response.symmetric(zero) == pytest.approx(1.0)
    assert response.asymmetric(zero) == pytest.approx(0.0)
    assert response.q_up(np.array([TAU])) == pytest.approx(0.0)
    assert response.q_down(np.array([-TAU])) == pytest.approx(0.0)
    assert response.symmetric_point() == pytest.approx(0.0, abs=1e-12)


def test_linear_responses_with_unlike_bounds_are_equal_where_they_should_be() -> None:
    response = linear(0.9, -0.4, symmetric_point=0.1)
    assert response.symmetric_point() == pytest.approx(0.1)
    np.testing.assert_allclose(response.q_up(np.array([0.1, 1.0])), [1.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(response.q_down(np.array([0.1, -0.3])), [1.0, 0.0], atol=1e-12)


def test_responses_over_the_range_are_not_normalised() -> None:
    zero = np.zeros(1)
    assert range_power(TAU, -TAU, 2.0, 2.0).symmetric(zero) == pytest.approx(0.25)
    assert range_exponential(TAU, -TAU, 2.0, 2.0).symmetric(zero) == pytest.approx(1.0 - np.exp(-1.0))
    # ((0.9 − w)/1.3)² = ((w + 0.4)/1.3)² at the middle.
    assert range_power(0.9, -0.4, 2.0, 2.0).symmetric_point() == pytest.approx(0.25)


def test_a_table_is_interpolated_and_a_response_without_symmetric_point_says_so() -> None:
    response = table([[-1, 2], [1, 0]], [[-1, 0], [0, 1]], -1.0, 1.0)
    np.testing.assert_allclose(response.q_up(np.array([-2.0, 0.0, 0.5])), [2.0, 1.0, 0.5])
    assert response.symmetric_point() == pytest.approx(0.0)
    with pytest.raises(ValueError, match="no symmetric point between -1 and 1"):
        table([[-1, 2], [1, 2]], [[-1, 0], [0, 1]], -1.0, 1.0).symmetric_point()


@given(x=st.floats(-80.0, 80.0, width=32))
def test_the_exponential_is_good_to_its_stated_error(x: float) -> None:
    assert exp_of(np.float32(x)) == pytest.approx(np.exp(x), rel=4e-7 + 1e-7 * abs(x))


@given(base=st.floats(2.0**-20, 100.0, width=32), exponent=st.floats(-4.0, 4.0, width=32))
def test_the_power_is_good_to_the_error_of_its_logarithm(base: float, exponent: float) -> None:
    # The logarithm is good to 1e-6·max(1, |log|), which the exponent multiplies.
    log = abs(np.log(base))
    error = 4e-7 + abs(exponent) * (1e-6 * max(1.0, log) + 2e-7 * log)
    assert power_of(np.float32(base), np.float32(exponent)) == pytest.approx(base**exponent, rel=error)


def test_powers_of_zero() -> None:
    assert power_of(np.float32(0.0), np.float32(1.5)) == 0.0
    assert power_of(np.float32(0.0), np.float32(0.0)) == 1.0
