"""Layers of images in plain numpy loops, with the very sums that a run takes, in its order and its precision.

Images are (batch, values) as everywhere; `layer` is the resolved layer.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aimcsim.network.layers import Convolution

Floats = NDArray[np.float32]


def corners(layer: Any) -> list[tuple[int, int]]:
    """Upper left corners of the window in the image with its border, row by row."""
    (_, height, width), window = layer.read, layer.window
    down = range(0, height + 2 * window.padding[0] - window.kernel[0] + 1, window.stride[0])
    across = range(0, width + 2 * window.padding[1] - window.kernel[1] + 1, window.stride[1])
    return [(i, j) for i in down for j in across]


def bordered(x: Floats, layer: Any, fill: float = 0.0) -> Floats:
    """(batch, channels, height, width) with its border."""
    top, left = layer.window.padding
    return np.pad(
        x.reshape(len(x), *layer.read), ((0, 0), (0, 0), (top, top), (left, left)), constant_values=np.float32(fill)
    )


def patches(x: Floats, layer: Convolution, group: int) -> Floats:
    """(batch x positions, channels of a group x kernel)."""
    high, wide = layer.window.kernel
    own = layer.read[0] // layer.groups
    image = bordered(x, layer)[:, group * own : (group + 1) * own]
    parts = [image[:, :, i : i + high, j : j + wide].reshape(len(x), -1) for i, j in corners(layer)]
    return np.stack(parts, axis=1).reshape(len(x) * len(parts), -1)


def folded(lines: list[Floats], layer: Convolution) -> Floats:
    """Lines of each group summed to the image they came from, in the order of the positions."""
    high, wide = layer.window.kernel
    top, left = layer.window.padding
    own, places = layer.read[0] // layer.groups, corners(layer)
    batch = len(lines[0]) // len(places)
    image = bordered(np.zeros((batch, int(np.prod(layer.read))), np.float32), layer)
    for group, part in enumerate(lines):
        parts = part.reshape(batch, len(places), own, high, wide)
        for place, (i, j) in enumerate(places):
            image[:, group * own : (group + 1) * own, i : i + high, j : j + wide] += parts[:, place]
    inside = image[:, :, top : top + layer.read[1], left : left + layer.read[2]]
    return np.ascontiguousarray(inside).reshape(batch, -1)


def channels_first(lines: Floats, positions: int) -> Floats:
    """(batch x positions, outputs) as (batch, outputs x positions)."""
    batch = len(lines) // positions
    return np.ascontiguousarray(lines.reshape(batch, positions, -1).transpose(0, 2, 1)).reshape(batch, -1)


def positions_first(y: Floats, positions: int) -> Floats:
    """The other way round."""
    return np.ascontiguousarray(y.reshape(len(y), -1, positions).transpose(0, 2, 1)).reshape(len(y) * positions, -1)


def channel_sums(lines: Floats) -> Floats:
    """Σ over all lines, one after another in float64."""
    total = np.zeros(lines.shape[1])
    for line in lines:
        total = total + line
    return total.astype(np.float32)


def pooled(x: Floats, layer: Any) -> Floats:
    """Largest value or mean of every window; means are summed value by value."""
    high, wide = layer.window.kernel
    image = bordered(x, layer, -np.inf if layer.largest else 0.0)
    found = []
    for i, j in corners(layer):
        part = image[:, :, i : i + high, j : j + wide].reshape(*image.shape[:2], -1)
        if layer.largest:
            found.append(part.max(axis=2))
            continue
        total = np.zeros(part.shape[:2], np.float32)
        for k in range(part.shape[2]):
            total = total + part[:, :, k]
        found.append(total * (np.float32(1) / np.float32(high * wide)))
    return np.stack(found, axis=2).reshape(len(x), -1)


def unpooled(x: Floats, error: Floats, layer: Any) -> Floats:
    """Errors to the first largest value of their window, or in equal parts."""
    (high, wide), (top, left) = layer.window.kernel, layer.window.padding
    image = bordered(x, layer, -np.inf if layer.largest else 0.0)
    sent, places = np.zeros_like(image), corners(layer)
    errors = error.reshape(len(x), layer.read[0], len(places))
    samples, channels = np.ogrid[: len(x), : layer.read[0]]
    for place, (i, j) in enumerate(places):
        if layer.largest:
            best = image[:, :, i : i + high, j : j + wide].reshape(*image.shape[:2], -1).argmax(axis=2)
            sent[samples, channels, i + best // wide, j + best % wide] += errors[:, :, place]
        else:
            part = errors[:, :, place] * (np.float32(1) / np.float32(high * wide))
            sent[:, :, i : i + high, j : j + wide] += part[:, :, None, None]
    inside = sent[:, :, top : top + layer.read[1], left : left + layer.read[2]]
    return np.ascontiguousarray(inside).reshape(len(x), -1)


def channel_means(x: Floats, channels: int) -> Floats:
    """Mean of every channel, summed value by value in float64."""
    places = x.reshape(len(x), channels, -1)
    total = np.zeros(places.shape[:2])
    for p in range(places.shape[2]):
        total = total + places[:, :, p]
    return (total / places.shape[2]).astype(np.float32)
