"""Shapes of the layers of images, and what is said where they do not fit."""

from __future__ import annotations

from typing import Any

import pytest

from aimcsim.network.layers import Convolution, Shape
from tests.network.specs import build, dense, errors_of

Layer = dict[str, Any]


def layer(name: str, kind: str, *inputs: str, **rest: Any) -> Layer:
    return {"name": name, "type": kind, **({"inputs": list(inputs)} if inputs else {}), **rest}


@pytest.mark.parametrize(
    ("last", "shape"),
    [
        (layer("x", "conv2d", outputs=4, kernel=5), (4, 6, 8)),
        (layer("x", "conv2d", outputs=4, kernel=5, padding=2), (4, 10, 12)),
        (layer("x", "conv2d", outputs=4, kernel=[3, 5], stride=[2, 3], padding=[1, 0]), (4, 5, 3)),
        (layer("x", "conv2d", outputs=6, kernel=10, padding=[0, 1], groups=3), (6, 1, 5)),
        (layer("x", "max-pool", kernel=2), (3, 5, 6)),
        (layer("x", "max-pool", kernel=3, stride=2), (3, 4, 5)),
        (layer("x", "average-pool", kernel=3, padding=1), (3, 4, 4)),
        (layer("x", "global-average-pool"), (3,)),
        (layer("x", "flatten"), (360,)),
        (layer("x", "batch-norm"), (3, 10, 12)),
        (layer("x", "layer-norm"), (3, 10, 12)),
        (layer("x", "dropout"), (3, 10, 12)),
    ],
    ids=str,
)
def test_an_image_of_3_channels_10_by_12_becomes(last: Layer, shape: Shape) -> None:
    # (10 + 2·padding − kernel) // stride + 1, and the same across.
    assert build(last, shape=(3, 10, 12)).layers["x"].shape == shape


def test_a_convolution_is_a_matrix_at_every_position() -> None:
    network = build(layer("x", "conv2d", outputs=6, kernel=[3, 5], groups=3, bias="analog"), shape=(9, 10, 12))
    found = network.layers["x"]
    assert isinstance(found, Convolution)
    # Three channels of a group under a window of 15 values; one row more for the bias.
    assert (found.in_size, found.lines, found.weights, found.positions) == (45, 46, 276, 8 * 8)
    assert found.init_range == pytest.approx(1 / 45**0.5)


def test_what_is_concatenated_adds_up_along_the_first_dimension() -> None:
    network = build(
        layer("a", "conv2d", "input", outputs=4, kernel=3, padding=1),
        layer("j", "concatenate", "a", "input"),
        shape=(3, 5, 5),
    )
    assert network.layers["j"].shape == (7, 5, 5)


def test_dense_layers_flatten_by_themselves() -> None:
    assert build(layer("c", "conv2d", outputs=4, kernel=3), dense("fc", 2), shape=(1, 5, 5)).layers["fc"].shape == (2,)


def test_everything_that_does_not_fit_is_said_at_once_where_it_stands() -> None:
    errors = errors_of(
        layer("big", "conv2d", "input", outputs=4, kernel=[3, 9], padding=1),
        layer("odd", "conv2d", "input", outputs=5, kernel=3, groups=2),
        layer("three", "conv2d", "input", outputs=6, kernel=1, groups=3),
        layer("wide", "max-pool", "input", kernel=7),
        layer("rim", "average-pool", "input", kernel=3, padding=2),
        layer("half", "max-pool", "input", kernel=2),
        layer("join", "concatenate", "input", "half"),
        layer("row", "dense", "input", outputs=3, digital=True, bias="analog"),
        layer("flatconv", "conv2d", "row", outputs=3, kernel=1),
        layer("flatpool", "global-average-pool", "row"),
        layer("sum", "add", "big", "odd", "three", "wide", "rim", "join", "flatconv", "flatpool"),
        shape=(2, 6, 6),
    )
    assert errors == {
        "layers.0.kernel": "big has a kernel of 3 × 9, its input with padding is 8 × 8",
        "layers.1.outputs": "odd has groups=2, which must divide its outputs",
        "layers.2.groups": "three has groups=3, which must divide 2 channels",
        "layers.3.kernel": "wide has a kernel of 7 × 7, its input with padding is 6 × 6",
        "layers.4.padding": "rim has a border of more than half its kernel 3 × 3",
        "layers.6.inputs.1": "join puts half [2, 3, 3] behind input [2, 6, 6], "
        "and all dimensions but the first must agree",
        "layers.7.bias": "row is digital and has no array row for a bias; use digital or none",
        "layers.8": "flatconv needs an image [channels, height, width], it reads [3]",
        "layers.9": "flatpool needs an image [channels, height, width], it reads [3]",
    }


def test_a_convolution_has_at_most_2_to_the_31_weights_and_values() -> None:
    wide = layer("c", "conv2d", outputs=2**20, kernel=1)
    assert errors_of(wide, shape=(4096, 1, 1)) == {
        "layers.0.outputs": "c has 4096 rows × 1048576 columns = 4294967296 weights, above 2^31"
    }
    assert errors_of(wide, shape=(1, 64, 64)) == {
        "layers.0": "c puts out [1048576, 64, 64] = 4294967296 values a sample, above 2^31"
    }
