"""Pools over windows and over whole channels, compiled. Samples are (channels, height, width) in C order."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float32]

F = np.float32


@njit(nogil=True, cache=True, error_model="numpy")
def covered(place: int, step: int, border: int, length: int, size: int) -> tuple[int, int]:
    """First line of an image of `size` lines under window number `place`, and the first behind it: the image alone."""
    start = place * step - border
    return max(start, 0), min(start + length, size)


@njit(nogil=True, cache=True, error_model="numpy")
def largest_under(channel: Floats, above: int, before: int, below: int, behind: int, width: int) -> int:
    """Place in a channel of its largest value in rows above … below - 1, columns before … behind - 1.

    The first of equal ones, and the first NaN if there is one.
    """
    best = above * width + before
    top = channel[best]
    for i in range(above, below):
        for j in range(before, behind):
            value = channel[i * width + j]
            # Written so that it becomes a choice of the processor and no branch, which data would mislead.
            better = (value > top) | ((value != value) & (top == top))
            best = i * width + j if better else best
            top = value if better else top
    return best


@njit(nogil=True, cache=True, error_model="numpy")
def larger_of(channel: Floats, first: int, second: int) -> int:
    """The place of the larger of two values, as `largest_under` chooses; `first` of equal ones."""
    top, value = channel[first], channel[second]
    return second if (value > top) | ((value != value) & (top == top)) else first


@njit(nogil=True, cache=True, error_model="numpy")
def are_quarters(geometry: tuple[int, ...], high: int, wide: int) -> bool:
    """Whether windows are 2 x 2 and side by side within the image, as in most networks: they need no loops."""
    _, _, _, down, across, top, left, _, _ = geometry
    return high == 2 and wide == 2 and down == 2 and across == 2 and top == 0 and left == 0


@njit(nogil=True, cache=True, error_model="numpy")
def largest_of_quarter(channel: Floats, at: int, width: int) -> int:
    """`largest_under` of the 2 x 2 window whose upper left corner is at place `at`."""
    below = at + width
    best = larger_of(channel, at, at + 1)
    best = larger_of(channel, best, below)
    return larger_of(channel, best, below + 1)


@njit(nogil=True, cache=True, error_model="numpy")
def pool_largest(x: Floats, geometry: tuple[int, ...], high: int, wide: int, y: Floats) -> None:
    """y (batch, channels x places) = largest value of every window; `geometry` as in `window_kernels`."""
    channels, height, width, down, across, top, left, rows, columns = geometry
    quarters = are_quarters(geometry, high, wide)
    for s in range(x.shape[0]):
        for c in range(channels):
            channel = x[s, c * height * width : (c + 1) * height * width]
            target = y[s, c * rows * columns : (c + 1) * rows * columns]
            if quarters:
                for i in range(rows):
                    for j in range(columns):
                        target[i * columns + j] = channel[largest_of_quarter(channel, 2 * (i * width + j), width)]
                continue
            for i in range(rows):
                above, below = covered(i, down, top, high, height)
                for j in range(columns):
                    before, behind = covered(j, across, left, wide, width)
                    best = largest_under(channel, above, before, below, behind, width)
                    target[i * columns + j] = channel[best]


@njit(nogil=True, cache=True, error_model="numpy")
def send_to_largest(x: Floats, error: Floats, geometry: tuple[int, ...], high: int, wide: int, sent: Floats) -> None:
    """sent (batch, values of a sample of x): the error of a window goes to where its largest value was."""
    channels, height, width, down, across, top, left, rows, columns = geometry
    quarters = are_quarters(geometry, high, wide)
    sent[:] = F(0.0)
    for s in range(x.shape[0]):
        for c in range(channels):
            channel = x[s, c * height * width : (c + 1) * height * width]
            target = sent[s, c * height * width : (c + 1) * height * width]
            source = error[s, c * rows * columns : (c + 1) * rows * columns]
            if quarters:
                for i in range(rows):
                    for j in range(columns):
                        target[largest_of_quarter(channel, 2 * (i * width + j), width)] = source[i * columns + j]
                continue
            for i in range(rows):
                above, below = covered(i, down, top, high, height)
                for j in range(columns):
                    before, behind = covered(j, across, left, wide, width)
                    best = largest_under(channel, above, before, below, behind, width)
                    target[best] = target[best] + source[i * columns + j]


@njit(nogil=True, cache=True, error_model="numpy")
def pool_mean(x: Floats, geometry: tuple[int, ...], high: int, wide: int, y: Floats) -> None:
    """y (batch, channels x places) = mean of every window, zeros of the border counted."""
    channels, height, width, down, across, top, left, rows, columns = geometry
    quarters = are_quarters(geometry, high, wide)
    share = F(1.0) / F(high * wide)
    for s in range(x.shape[0]):
        for c in range(channels):
            channel = x[s, c * height * width : (c + 1) * height * width]
            target = y[s, c * rows * columns : (c + 1) * rows * columns]
            if quarters:
                for i in range(rows):
                    for j in range(columns):
                        at = 2 * (i * width + j)
                        total = channel[at] + channel[at + 1] + channel[at + width] + channel[at + width + 1]
                        target[i * columns + j] = total * share
                continue
            for i in range(rows):
                above, below = covered(i, down, top, high, height)
                for j in range(columns):
                    before, behind = covered(j, across, left, wide, width)
                    total = F(0.0)
                    for a in range(above, below):
                        for b in range(before, behind):
                            total = total + channel[a * width + b]
                    target[i * columns + j] = total * share


@njit(nogil=True, cache=True, error_model="numpy")
def send_to_all(error: Floats, geometry: tuple[int, ...], high: int, wide: int, sent: Floats) -> None:
    """sent (batch, values of a sample): the error of a window's mean, in equal parts to all its values."""
    channels, height, width, down, across, top, left, rows, columns = geometry
    quarters = are_quarters(geometry, high, wide)
    share = F(1.0) / F(high * wide)
    sent[:] = F(0.0)
    for s in range(sent.shape[0]):
        for c in range(channels):
            target = sent[s, c * height * width : (c + 1) * height * width]
            source = error[s, c * rows * columns : (c + 1) * rows * columns]
            if quarters:
                for i in range(rows):
                    for j in range(columns):
                        at, part = 2 * (i * width + j), source[i * columns + j] * share
                        target[at] = target[at + 1] = target[at + width] = target[at + width + 1] = part
                continue
            for i in range(rows):
                above, below = covered(i, down, top, high, height)
                for j in range(columns):
                    before, behind = covered(j, across, left, wide, width)
                    part = source[i * columns + j] * share
                    for a in range(above, below):
                        for b in range(before, behind):
                            target[a * width + b] = target[a * width + b] + part


@njit(nogil=True, cache=True, error_model="numpy")
def mean_of_channels(x: Floats, y: Floats) -> None:
    """y (batch, channels) = mean of every channel of x (batch, channels x places), summed in float64."""
    channels = y.shape[1]
    places = x.shape[1] // channels
    for s in range(x.shape[0]):
        for c in range(channels):
            total = 0.0
            for p in range(places):
                total += float(x[s, c * places + p])
            y[s, c] = F(total / places)


@njit(nogil=True, cache=True, error_model="numpy")
def send_to_channels(error: Floats, sent: Floats) -> None:
    """sent (batch, channels x places): the error (batch, channels) of a channel's mean, in equal parts."""
    channels = error.shape[1]
    places = sent.shape[1] // channels
    share = F(1.0) / F(places)
    for s in range(sent.shape[0]):
        for c in range(channels):
            part = error[s, c] * share
            for p in range(places):
                sent[s, c * places + p] = part
