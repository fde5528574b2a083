"""Output shapes of the layers that read images, and what keeps them from reading one."""

from __future__ import annotations

from math import prod

from aimcsim.errors import FieldError
from aimcsim.network.shape_errors import Found, text
from aimcsim.network.windows import Shape, Window, window_of
from aimcsim.network.wiring import layer_path
from aimcsim.scenario.layer_spec import ConvolutionSpec, PlainSpec, PoolSpec

#: Most values of one layer for one sample.
MOST_VALUES = 2**31


def convolved(layer: ConvolutionSpec, index: int, read: Shape) -> Found:
    """(outputs, height, width), and the lines of W: channels of a group times kernel."""
    errors = _no_image(layer.name, index, read)
    if errors:
        return Found(None, errors)
    for key, count, what in (("groups", read[0], f"{read[0]} channels"), ("outputs", layer.outputs, "its outputs")):
        if count % layer.groups:
            words = f"{layer.name} has groups={layer.groups}, which must divide {what}"
            errors.append(FieldError(layer_path(index, key), words, getattr(layer, key)))
    window = window_of(layer.kernel, layer.stride, layer.padding)
    errors += _no_place(layer.name, index, read, window)
    if errors:
        return Found(None, errors)
    shape, errors = _bounded(layer.name, index, (layer.outputs, *window.places(read)))
    return Found(shape, errors, read[0] // layer.groups * window.size)


def pooled(layer: PoolSpec, index: int, read: Shape) -> Found:
    """(channels, height, width)."""
    errors = _no_image(layer.name, index, read)
    if errors:
        return Found(None, errors)
    window = window_of(layer.kernel, layer.stride, layer.padding)
    if any(2 * border > size for border, size in zip(window.padding, window.kernel, strict=True)):
        # Some window would hold nothing but border.
        what = f"{layer.name} has a border of more than half its kernel {_pair(window.kernel)}"
        errors.append(FieldError(layer_path(index, "padding"), what, layer.padding))
    errors += _no_place(layer.name, index, read, window)
    if errors:
        return Found(None, errors)
    return Found(*_bounded(layer.name, index, (read[0], *window.places(read))))


def globally_pooled(layer: PlainSpec, index: int, read: Shape) -> Found:
    """(channels,)."""
    errors = _no_image(layer.name, index, read)
    return Found(None if errors else read[:1], errors)


def _no_image(name: str, index: int, read: Shape) -> list[FieldError]:
    if len(read) == 3:
        return []
    what = f"{name} needs an image [channels, height, width], it reads {text(read)}"
    return [FieldError(layer_path(index), what)]


def _no_place(name: str, index: int, read: Shape, window: Window) -> list[FieldError]:
    padded = window.padded(read)
    if all(size <= most for size, most in zip(window.kernel, padded, strict=True)):
        return []
    what = f"{name} has a kernel of {_pair(window.kernel)}, its input with padding is {_pair(padded)}"
    return [FieldError(layer_path(index, "kernel"), what)]


def _bounded(name: str, index: int, shape: Shape) -> tuple[Shape | None, list[FieldError]]:
    if prod(shape) <= MOST_VALUES:
        return shape, []
    what = f"{name} puts out {text(shape)} = {prod(shape)} values a sample, above 2^31"
    return None, [FieldError(layer_path(index), what)]


def _pair(pair: tuple[int, int]) -> str:
    return f"{pair[0]} × {pair[1]}"
