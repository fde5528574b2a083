"""Weights of a network as a file: a .npz of float arrays, named as a result names them."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from aimcsim.errors import FieldError, harmless
from aimcsim.network.layers import BatchNorm, Layer, LayerNorm, Weighted

Floats = NDArray[np.float32]
Shapes = dict[str, tuple[int, ...]]

PATH = ("training", "initial_weights")
#: Names that a message lists before it says how many are left.
MOST_NAMES = 5


def shapes_of_weights(layers: Iterable[Layer]) -> Shapes:
    """Name to shape of all that a network learns, and of the running moments of its batch norms."""
    found: Shapes = {}
    for layer in layers:
        name = layer.name
        if isinstance(layer, Weighted):
            found[name] = (layer.out_size, layer.lines)
            if layer.bias == "digital":
                found[f"{name}.bias"] = (layer.out_size,)
        elif isinstance(layer, BatchNorm | LayerNorm):
            parts = ("scale", "shift", "mean", "variance") if isinstance(layer, BatchNorm) else ("scale", "shift")
            size = layer.shape[0] if isinstance(layer, BatchNorm) else layer.size
            found |= {f"{name}.{part}": (size,) for part in parts}
    return found


def check_weight_file(file: str, expected: Shapes) -> None:
    """Raises FieldError where the file lacks an array, or holds one that has no place or another shape."""
    with _opened(file) as archive:
        _check(archive, expected)


def read_weights(file: str, expected: Shapes) -> dict[str, Floats]:
    """The arrays as float32. Raises FieldError as `check_weight_file`, and for values that are not finite."""
    with _opened(file) as archive:
        _check(archive, expected)
        found = {name: _array(archive, name) for name in expected}
    broken = [name for name, values in found.items() if not np.isfinite(values).all()]
    if broken:
        raise FieldError(PATH, f"the file holds values that are not finite in {_listed(broken)}", file)
    return found


def write_weights(file: str | os.PathLike[str], weights: Mapping[str, NDArray[Any]]) -> None:
    """Write a file that `read_weights` reads; any name will do, which `numpy.savez` can not say."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, values in weights.items():
            content = io.BytesIO()
            npy.write_array(content, np.ascontiguousarray(values), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue(), zipfile.ZIP_DEFLATED)


def _opened(file: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except FileNotFoundError:
        raise FieldError(PATH, "no such file", file) from None
    except (zipfile.BadZipFile, ValueError):
        raise FieldError(PATH, "is no .npz file of weights", file) from None
    except OSError as error:
        raise FieldError(PATH, f"cannot be read: {error.strerror}", file) from None


def _check(archive: zipfile.ZipFile, expected: Shapes) -> None:
    """The shapes are read from the heads of the arrays: no more is read than the network needs."""
    there = {name.removesuffix(".npy") for name in archive.namelist()}
    wrong = []
    if missing := [name for name in expected if name not in there]:
        wrong.append(f"lacks {_listed(missing)}")
    if strange := sorted(there - expected.keys()):
        wrong.append(f"holds {_listed(strange)}, which the model has not")
    for name in (name for name in expected if name in there):
        shape = _head(archive, name)
        if shape != expected[name]:
            wrong.append(f"has {name} of the shape {shape}, the model {expected[name]}")
    if wrong:
        more = f", and {len(wrong) - MOST_NAMES} more" if len(wrong) > MOST_NAMES else ""
        raise FieldError(PATH, f"does not fit the model: it {'; '.join(wrong[:MOST_NAMES])}{more}", archive.filename)


def _head(archive: zipfile.ZipFile, name: str) -> tuple[int, ...]:
    try:
        with archive.open(f"{name}.npy") as stream:
            version = npy.read_magic(stream)
            read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, _, dtype = read(stream)
    except (ValueError, zipfile.BadZipFile, EOFError) as error:
        raise FieldError(PATH, f"is damaged at {name}: {harmless(str(error))}", archive.filename) from None
    if dtype.kind not in "fiu":
        raise FieldError(PATH, f"holds no numbers in {name}, but {dtype}", archive.filename)
    return shape


def _array(archive: zipfile.ZipFile, name: str) -> Floats:
    try:
        with archive.open(f"{name}.npy") as stream:
            values: Floats = npy.read_array(stream, allow_pickle=False).astype(np.float32)
    except (ValueError, zipfile.BadZipFile, EOFError) as error:
        raise FieldError(PATH, f"is damaged at {name}: {harmless(str(error))}", archive.filename) from None
    return values


def _listed(names: list[str]) -> str:
    listed = ", ".join(harmless(name, 60) for name in names[:MOST_NAMES])
    return listed if len(names) <= MOST_NAMES else f"{listed} and {len(names) - MOST_NAMES} more"
