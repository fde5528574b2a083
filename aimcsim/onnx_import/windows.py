"""Windows of convolutions and pools, from the attributes of ONNX nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aimcsim.onnx_import.nodes import Node


class WindowError(Exception):
    """Why a window is none that aimcsim has."""


def convolution(node: Node, kernel: Sequence[int]) -> dict[str, Any]:
    """Keys of a `conv2d` layer, those at their default left out."""
    found = _window(node, kernel, default_stride=[1, 1])
    groups = node.attributes.get("group", 1)
    return found if groups == 1 else found | {"groups": groups}


def pool(node: Node) -> dict[str, Any]:
    """Keys of a pool."""
    kernel = node.attributes["kernel_shape"]
    if len(kernel) != 2:
        raise WindowError(f"over {len(kernel)} dimensions")
    if node.attributes.get("ceil_mode", 0):
        raise WindowError("with ceil_mode")
    if len([name for name in node.outputs if name]) > 1:
        raise WindowError("with indices")
    found = _window(node, kernel, default_stride=list(kernel))
    if node.op == "AveragePool" and "padding" in found and not node.attributes.get("count_include_pad", 0):
        raise WindowError("that leaves its padding out of the mean (count_include_pad)")
    return found


def _window(node: Node, kernel: Sequence[int], default_stride: Sequence[int]) -> dict[str, Any]:
    attributes = node.attributes
    if attributes.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise WindowError(f"with auto_pad {attributes['auto_pad']}")
    if any(each != 1 for each in attributes.get("dilations", ())):
        raise WindowError(f"with dilations {list(attributes['dilations'])}")
    pads = list(attributes.get("pads", (0, 0, 0, 0)))
    if pads[:2] != pads[2:]:
        raise WindowError(f"with padding that differs from side to side, {pads}")
    found: dict[str, Any] = {"kernel": _pair(kernel)}
    stride = list(attributes.get("strides", (1, 1)))
    if stride != list(default_stride):
        found["stride"] = _pair(stride)
    if any(pads):
        found["padding"] = _pair(pads[:2])
    return found


def _pair(values: Sequence[int]) -> int | list[int]:
    height, width = (int(each) for each in values)
    return height if height == width else [height, width]
