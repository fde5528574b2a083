"""Kernels of convolutions, pools, norms and dropout against plain loops, and their ways back against the way forth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aimcsim.crossbar.kernel_cache import cached_by_source
from aimcsim.keys import stream
from aimcsim.network.functions import CODES, NONE, activate
from aimcsim.network.windows import Window
from tests.network import naive_layers as naive

with cached_by_source():
    from aimcsim.network import norm_kernels as norm
    from aimcsim.network import pool_kernels as pools
    from aimcsim.network import window_kernels as kernels

Floats = NDArray[np.float32]


def drawn(*shape: int) -> Floats:
    return stream(5, "images", *shape).uniform(-2, 2, shape).astype(np.float32)


@st.composite
def cases(draw: st.DrawFn) -> tuple[tuple[int, int, int], Window, int]:
    """An image, a window that fits it, and groups that divide its channels."""
    groups = draw(st.integers(1, 3))
    shape = (groups * draw(st.integers(1, 2)), draw(st.integers(1, 6)), draw(st.integers(1, 6)))
    kernel, padding = [], []
    for size in shape[1:]:
        border = draw(st.integers(0, 2))
        kernel.append(draw(st.integers(1, size + 2 * border)))
        padding.append(border)
    stride = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    return shape, Window((kernel[0], kernel[1]), stride, (padding[0], padding[1])), groups


def unrolled(x: Floats, shape: tuple[int, int, int], window: Window, group: int, groups: int, more: int = 0) -> Floats:
    channels = shape[0] // groups
    offsets = kernels.offsets_of(shape, window, channels)
    rows, columns = window.places(shape)
    lines = np.empty((len(x) * rows * columns, len(offsets) + more), np.float32)
    kernels.unroll(x, group * channels, channels, offsets, kernels.geometry_of(shape, window), lines)
    return lines


@settings(deadline=None, max_examples=60)
@given(cases())
def test_a_line_holds_what_lies_under_the_window_and_ones_behind_it(
    case: tuple[tuple[int, int, int], Window, int],
) -> None:
    shape, window, groups = case
    images = drawn(2, *shape)
    own = shape[0] // groups
    for group in range(groups):
        expected = [
            part[group * own : (group + 1) * own].reshape(-1)
            for image in images
            for row in naive.windows(image.astype(float), window.kernel, window.stride, window.padding)
            for part in row
        ]
        found = unrolled(images.reshape(2, -1), shape, window, group, groups, more=1)
        np.testing.assert_array_equal(found[:, :-1], np.array(expected, np.float32))
        np.testing.assert_array_equal(found[:, -1], 1.0)


@settings(deadline=None, max_examples=60)
@given(cases())
def test_folding_sums_what_lines_hold_of_a_value_in_the_order_of_the_places(
    case: tuple[tuple[int, int, int], Window, int],
) -> None:
    shape, window, groups = case
    size, own = int(np.prod(shape)), shape[0] // groups
    # Every value of the image under its own number, 0 for the border: where each element of a line comes from.
    numbers = np.arange(1, size + 1, dtype=np.float32)[None]
    sent, expected = np.full((2, size), np.nan, np.float32), np.zeros((2, size), np.float32)
    for group in range(groups):
        origin = unrolled(numbers, shape, window, group, groups).astype(int)
        lines = drawn(2 * len(origin), origin.shape[1])
        kernels.fold(
            lines, group * own, own, kernels.offsets_of(shape, window, own), kernels.geometry_of(shape, window), sent
        )
        for s in range(2):
            for place, numbers_of_place in enumerate(origin):
                for k, number in enumerate(numbers_of_place):
                    if number:
                        expected[s, number - 1] += lines[s * len(origin) + place, k]
    np.testing.assert_array_equal(sent, expected)


@pytest.mark.parametrize("code", [NONE, *CODES.values()])
def test_products_become_channels_with_bias_and_function_and_errors_become_lines(code: int) -> None:
    lines, bias = drawn(2 * 6, 5), drawn(5)
    y = np.empty((2, 30), np.float32)
    kernels.finish_lines(lines, bias, code, y)
    expected = (lines + bias).reshape(2, 6, 5).transpose(0, 2, 1).reshape(2, 30)
    names = {number: name for name, number in CODES.items()}
    np.testing.assert_array_equal(y, activate(names[code], expected.copy()) if code != NONE else expected)
    back = np.empty_like(lines)
    kernels.finish_lines(lines, np.empty(0, np.float32), NONE, y)
    kernels.lines_of(y, 5, back)
    np.testing.assert_array_equal(back, lines)
    sums = np.empty(5, np.float32)
    kernels.sums_of_channels(y, sums)
    np.testing.assert_allclose(sums, lines.astype(float).sum(axis=0), rtol=2.0**-23)


POOLS = [
    ((2, 6, 6), Window((2, 2), (2, 2), (0, 0))),
    ((3, 5, 7), Window((3, 2), (1, 3), (1, 1))),
    ((1, 4, 4), Window((4, 4), (1, 1), (0, 0))),
    ((2, 7, 5), Window((3, 3), (2, 2), (1, 0))),
]


@pytest.mark.parametrize(("shape", "window"), POOLS)
@pytest.mark.parametrize("largest", [True, False])
def test_pools_are_those_of_the_definition_and_send_back_the_transpose(
    shape: tuple[int, int, int], window: Window, largest: bool
) -> None:
    images, geometry = drawn(3, *shape), kernels.geometry_of(shape, window)
    x = images.reshape(3, -1)
    expected = np.stack([naive.pool(image.astype(float), window.kernel, window.stride, window.padding, largest)
                         for image in images])  # fmt: skip
    y = np.empty((3, expected[0].size), np.float32)
    (pools.pool_largest if largest else pools.pool_mean)(x, geometry, *window.kernel, y)
    np.testing.assert_allclose(y, expected.reshape(3, -1), rtol=0, atol=0 if largest else 2 * 16 * 2.0**-24)
    # ⟨error, J v⟩ = ⟨Jᵀ error, v⟩ for a direction v, J v by the linear part of the pool itself.
    error, sent = drawn(*y.shape), np.empty_like(x)
    if largest:
        pools.send_to_largest(x, error, geometry, *window.kernel, sent)
    else:
        pools.send_to_all(error, geometry, *window.kernel, sent)
    step, direction = 1e-4, drawn(*images.shape, 1)[..., 0].astype(float)
    moved = [
        np.stack([naive.pool(image + sign * step * way, window.kernel, window.stride, window.padding, largest)
                  for image, way in zip(images.astype(float), direction, strict=True)])
        for sign in (1, -1)
    ]  # fmt: skip
    along = float(((moved[0] - moved[1]) / (2 * step)).reshape(3, -1).ravel() @ error.astype(float).ravel())
    assert abs(along - float(sent.astype(float).ravel() @ direction.ravel())) < 1e-4


def test_of_equal_largest_values_the_first_gets_the_error_and_nan_is_largest() -> None:
    x = np.array([[1, 3, 3, 2, 3, 0, 0, 0, 0, 5, 1, 1]], np.float32)
    error, geometry = np.array([[1, 2]], np.float32), kernels.geometry_of((1, 2, 6), Window((2, 3), (2, 3), (0, 0)))
    sent, y = np.empty_like(x), np.empty((1, 2), np.float32)
    pools.send_to_largest(x, error, geometry, 2, 3, sent)
    assert sent.tolist() == [[0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0]]
    x[0, [2, 8]] = np.nan
    pools.pool_largest(x, geometry, 2, 3, y)
    assert np.isnan(y[0, 0])
    assert y[0, 1] == 5
    pools.send_to_largest(x, error, geometry, 2, 3, sent)
    assert sent.tolist() == [[0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0]]


def test_the_mean_of_a_channel_goes_there_and_back() -> None:
    x, error = drawn(2, 3 * 4), drawn(2, 3)
    y, sent = np.empty((2, 3), np.float32), np.empty_like(x)
    pools.mean_of_channels(x, y)
    np.testing.assert_allclose(y, x.astype(float).reshape(2, 3, 4).mean(axis=2), atol=2.0**-23)
    pools.send_to_channels(error, sent)
    np.testing.assert_array_equal(sent, np.repeat(error / np.float32(4), 4, axis=1))


def differences(function: Any, at: NDArray[np.float64], error: Floats, step: float = 1e-5) -> NDArray[np.float64]:
    """Central differences of Σ error · function() with respect to `at`."""
    found = np.empty_like(at)
    for place in np.ndindex(at.shape):
        middle = at[place]
        at[place] = middle + step
        above = float((function() * error).sum())
        at[place] = middle - step
        found[place] = (above - float((function() * error).sum())) / (2 * step)
        at[place] = middle
    return found


@pytest.mark.parametrize("kind", ["batch", "layer"])
@pytest.mark.parametrize("places", [1, 6])
def test_norms_are_those_of_the_definition_with_their_gradients(kind: str, places: int) -> None:
    """float64 sums of float32 numbers: what is rounded is the result, to 2^-24 of values below 16."""
    channels, samples = 3, 4
    x, error = drawn(samples, channels * places), drawn(samples, channels * places, 1)[..., 0]
    lines = channels if kind == "batch" else channels * places
    learned = drawn(2, lines)
    y, sent, sums = np.empty_like(x), np.empty_like(x), np.empty((2, lines))
    if kind == "batch":
        moments = np.empty((2, channels))
        norm.moments_of_channels(x, moments)
        norm.normalise_channels(x, moments, 1e-5, learned, y)
        norm.gradients_of_channels(x, moments, 1e-5, error, sums)
        norm.send_back_channels(x, moments, 1e-5, learned, error, sums, sent)
    else:
        norm.normalise_samples(x, 1e-5, learned, y)
        norm.gradients_of_samples(x, 1e-5, error, sums)
        norm.send_back_samples(x, 1e-5, learned, error, sent)
    images, parameters = x.astype(float).reshape(samples, channels, places), learned.astype(float)
    reference = naive.batch_norm if kind == "batch" else naive.layer_norm

    def values() -> Any:
        return reference(images, *parameters).reshape(samples, -1)

    np.testing.assert_allclose(y, values(), atol=16 * 2.0**-24)
    np.testing.assert_allclose(sums, differences(values, parameters, error), atol=1e-8)
    expected = differences(values, images, error).reshape(samples, -1)
    np.testing.assert_allclose(sent, expected, atol=1e-7 + 2.0**-20 * np.abs(expected).max())


def test_what_is_dropped_hangs_on_sample_and_position_alone() -> None:
    x = np.ones((6, 500), np.float32)
    whole, part = np.empty_like(x), np.empty((2, 500), np.float32)
    norm.drop(x, 0.25, 7, 8, 100, whole)
    norm.drop(x[:2], 0.25, 7, 8, 103, part)
    np.testing.assert_array_equal(part, whole[3:5])
    assert set(np.unique(whole)) == {np.float32(0), np.float32(1 / 0.75)}
    # 3000 Bernoulli trials of 1/4: 6 deviations of √(3000·3/16) = 23.7 are passed with probability 2e-9; fixed keys.
    assert abs(np.count_nonzero(whole == 0) - 750) < 6 * 23.8
    assert not np.array_equal(whole[0], whole[1])
