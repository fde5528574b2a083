"""A small network of images with every kind of layer, on the digits."""

from __future__ import annotations

from typing import Any

#: Every kind of layer and every kind of bias; a convolution in groups, a digital one, skips summed and concatenated.
GROUPED: dict[str, Any] = {"groups": 2, "bias": "analog"}
IMAGES: dict[str, Any] = {
    "name": "images",
    "input": [1, 8, 8],
    "layers": [
        {"name": "c1", "type": "conv2d", "outputs": 6, "kernel": 3, "padding": 1, "bias": "digital"},
        {"name": "f1", "type": "tanh"},
        {"name": "p1", "type": "max-pool", "kernel": 3, "stride": 2, "padding": 1},
        {"name": "c2", "type": "conv2d", "outputs": 8, "kernel": [3, 2], "padding": [1, 0], **GROUPED},
        {"name": "n2", "type": "batch-norm"},
        {"name": "f2", "type": "tanh"},
        {"name": "down", "type": "conv2d", "outputs": 8, "kernel": [1, 2], "digital": True, "inputs": ["p1"]},
        {"name": "s2", "type": "add", "inputs": ["f2", "down"]},
        {"name": "c3", "type": "conv2d", "outputs": 4, "kernel": 3, "stride": [1, 2], "padding": 1, "bias": "none"},
        {"name": "n3", "type": "layer-norm"},
        {"name": "f3", "type": "sigmoid"},
        {"name": "p3", "type": "average-pool", "kernel": [3, 1], "stride": [2, 1], "padding": [1, 0], "inputs": ["s2"]},
        {"name": "g3", "type": "global-average-pool"},
        {"name": "v3", "type": "flatten", "inputs": ["f3"]},
        {"name": "j", "type": "concatenate", "inputs": ["g3", "v3"]},
        {"name": "d", "type": "dropout", "probability": 0.25},
        {"name": "fc", "type": "dense", "outputs": 10},
    ],
}

#: Arrays small enough to split every layer over rows and columns, times that depend on the data.
SMALL_TILES: dict[str, Any] = {
    "timing": {"forward": 2, "backward": 3, "update": 1, "pulse": 1, "sum": 1, "activation": 1, "loss": 1},
    "tile": {"rows": 8, "columns": 3},
    "link": {"latency": 1, "bandwidth": 6.0},
}
