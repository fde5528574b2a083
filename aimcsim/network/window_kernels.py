"""Convolutions as products: unrolling an image into lines, folding lines back, compiled.

A sample is (channels, height, width) in C order. `offsets` (columns,) say where the values under a window lie from
its upper left corner, in the image with its border; a line is one place of the window, places go row by row.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.network.kernels import NONE, activate_all
from aimcsim.network.windows import Shape, Window

Floats = NDArray[np.float32]
Offsets = NDArray[np.int64]

F = np.float32


def offsets_of(shape: Shape, window: Window, channels: int) -> Offsets:
    """Offsets of a window on `channels` channels of an image `shape`, in C order of (channel, row, column)."""
    height, width = window.padded(shape)
    channel, row, column = np.meshgrid(
        np.arange(channels), np.arange(window.kernel[0]), np.arange(window.kernel[1]), indexing="ij"
    )
    return np.ascontiguousarray((channel * height * width + row * width + column).reshape(-1), np.int64)


def geometry_of(shape: Shape, window: Window) -> tuple[int, ...]:
    """Channels, height, width; strides; padding; places: what the kernels below need to know."""
    return (*shape, *window.stride, *window.padding, *window.places(shape))


@njit(nogil=True, cache=True, error_model="numpy")
def unroll(x: Floats, first: int, channels: int, offsets: Offsets, geometry: tuple[int, ...], lines: Floats) -> None:
    """What lies under the window at each place, of `channels` channels from `first` on; x (batch, values of a sample).

    `lines` (batch x places, columns); columns beyond the offsets are 1, which an analog bias is fed.
    """
    _, height, width, down, across, top, left, rows, columns = geometry
    wide = width + 2 * left
    high = height + 2 * top
    bordered = top > 0 or left > 0
    image = np.zeros(channels * high * wide if bordered else 0, np.float32)
    count = offsets.shape[0]
    line = 0
    for s in range(x.shape[0]):
        source = x[s, first * height * width :]
        if bordered:
            for c in range(channels):
                for i in range(height):
                    start = (c * high + i + top) * wide + left
                    image[start : start + width] = source[(c * height + i) * width : (c * height + i + 1) * width]
            source = image
        for i in range(rows):
            for j in range(columns):
                corner = source[i * down * wide + j * across :]
                target = lines[line]
                for k in range(count):
                    target[k] = corner[np.uintp(offsets[k])]
                for k in range(count, target.shape[0]):
                    target[k] = F(1.0)
                line += 1


@njit(nogil=True, cache=True, error_model="numpy")
def fold(lines: Floats, first: int, channels: int, offsets: Offsets, geometry: tuple[int, ...], x: Floats) -> None:
    """The transpose of `unroll`: every value of these channels in x is set to the sum of what lines hold of it.

    Sums run in the order of the places.
    """
    _, height, width, down, across, top, left, rows, columns = geometry
    wide = width + 2 * left
    high = height + 2 * top
    image = np.empty(channels * high * wide, np.float32)
    count = offsets.shape[0]
    line = 0
    for s in range(x.shape[0]):
        image[:] = F(0.0)
        for i in range(rows):
            for j in range(columns):
                corner = image[i * down * wide + j * across :]
                source = lines[line]
                for k in range(count):
                    at = np.uintp(offsets[k])
                    corner[at] = corner[at] + source[k]
                line += 1
        target = x[s, first * height * width :]
        for c in range(channels):
            for i in range(height):
                start = (c * high + i + top) * wide + left
                target[(c * height + i) * width : (c * height + i + 1) * width] = image[start : start + width]


@njit(nogil=True, cache=True, error_model="numpy")
def finish_lines(lines: Floats, bias: Floats, code: int, y: Floats) -> None:
    """y (batch, outputs x places) = function of lines (batch x places, outputs) + bias (outputs,), (0,) for none."""
    outputs = lines.shape[1]
    places = y.shape[1] // outputs
    # A function in place would not be vectorised: it goes from a buffer of one sample to y.
    buffer = np.empty(y.shape[1] if code != NONE else 0, np.float32)
    for s in range(y.shape[0]):
        target = buffer if code != NONE else y[s]
        for o in range(outputs):
            shift = bias[o] if bias.shape[0] > 0 else F(0.0)
            for p in range(places):
                target[o * places + p] = lines[s * places + p, o] + shift
        if code != NONE:
            activate_all(buffer, code, y[s])


@njit(nogil=True, cache=True, error_model="numpy")
def lines_of(y: Floats, outputs: int, lines: Floats) -> None:
    """The transpose of `finish_lines` without bias and function: y (batch, outputs x places) into lines."""
    places = y.shape[1] // outputs
    for s in range(y.shape[0]):
        source = y[s]
        for p in range(places):
            target = lines[s * places + p]
            for o in range(outputs):
                target[o] = source[o * places + p]


@njit(nogil=True, cache=True, error_model="numpy")
def sums_of_channels(y: Floats, sums: Floats) -> None:
    """sums (channels,) = Σ over samples and places of y (batch, channels x places), in that order, in float64."""
    places = y.shape[1] // sums.shape[0]
    totals = np.zeros(sums.shape[0])
    for s in range(y.shape[0]):
        line = y[s]
        for p in range(places):
            # Channels inside: one sum alone would wait for every addition.
            for c in range(totals.shape[0]):
                totals[c] += float(line[c * places + p])
    for c in range(totals.shape[0]):
        sums[c] = F(totals[c])
