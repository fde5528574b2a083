"""An ONNX file as plain nodes and constants. The only module that needs the package `onnx`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aimcsim.errors import ImportFailed, harmless

if TYPE_CHECKING:
    import onnx

#: Names of values that an optional input left out has.
NO_VALUE = ""


@dataclass(frozen=True)
class Node:
    """One operation: names of the values that it reads and makes, its attributes as numbers, texts, lists, arrays."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]

    def read(self, number: int) -> str:
        """The name of an input, "" where it is left out."""
        return self.inputs[number] if number < len(self.inputs) else NO_VALUE


@dataclass(frozen=True)
class Graph:
    """Operations in an order in which they can be computed, constants by name, and both ends.

    `shape`: of one sample, without the dimension of the batch.
    """

    nodes: tuple[Node, ...]
    constants: dict[str, NDArray[Any]]
    input: str
    shape: tuple[int, ...]
    output: str


def read_graph(file: str | os.PathLike[str]) -> Graph:
    """The graph of the main part of an ONNX file. Raises ImportFailed where there is none that could be a network."""
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError:
        raise ImportFailed("needs the package onnx:  pip install 'aimcsim[onnx]'") from None
    path = os.fspath(file)
    try:
        model = onnx.load(path)
        onnx.checker.check_model(model)
    except FileNotFoundError as error:
        raise ImportFailed(f"{error.filename or path}: no such file") from None
    except OSError as error:
        raise ImportFailed(f"{error.filename or path}: cannot be read: {error.strerror}") from None
    except (DecodeError, onnx.checker.ValidationError, ValueError, UnicodeDecodeError) as error:
        raise ImportFailed(f"{path}: is no valid ONNX file: {_first_line(error)}") from None
    return _graph(model.graph, path)


def _graph(graph: onnx.GraphProto, path: str) -> Graph:
    from onnx.numpy_helper import to_array

    constants = {each.name: to_array(each) for each in graph.initializer}
    nodes = []
    for each in graph.node:
        node = _node(each)
        if node.op == "Constant" and "value" in node.attributes:
            constants[node.outputs[0]] = np.asarray(node.attributes["value"])
        else:
            nodes.append(node)
    inputs = [each for each in graph.input if each.name not in constants]
    if len(inputs) != 1 or len(graph.output) != 1:
        what = f"a network has one input and one output, this has {len(inputs)} and {len(graph.output)}"
        raise ImportFailed(f"{path}: {what}")
    return Graph(tuple(nodes), constants, inputs[0].name, _shape(inputs[0], path), graph.output[0].name)


def _node(node: onnx.NodeProto) -> Node:
    from onnx import TensorProto
    from onnx.helper import get_attribute_value
    from onnx.numpy_helper import to_array

    attributes: dict[str, Any] = {}
    for each in node.attribute:
        value = get_attribute_value(each)
        if isinstance(value, TensorProto):
            value = to_array(value)
        attributes[each.name] = value.decode(errors="replace") if isinstance(value, bytes) else value
    # Operations of other domains are none that the standard describes, whatever they are called.
    op = node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"
    return Node(op, tuple(node.input), tuple(node.output), attributes)


def _shape(value: onnx.ValueInfoProto, path: str) -> tuple[int, ...]:
    """The dimensions of one sample: all but the first, which is the batch."""
    dimensions = [each.dim_value for each in value.type.tensor_type.shape.dim]
    if len(dimensions) < 2 or min(dimensions[1:]) < 1:
        name = harmless(value.name)
        what = f"the shape of the input {name} must be known: [batch, values] or [batch, channels, height, width]"
        raise ImportFailed(f"{path}: {what}")
    return tuple(dimensions[1:])


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
