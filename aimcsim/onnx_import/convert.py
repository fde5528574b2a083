"""From the nodes of an ONNX graph to layers of a model file and their initial weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aimcsim.errors import ImportFailed, harmless
from aimcsim.onnx_import.names import Names, of_weight
from aimcsim.onnx_import.nodes import NO_VALUE, Graph, Node
from aimcsim.onnx_import.windows import WindowError, convolution, pool

Floats = NDArray[np.float32]
Layer = dict[str, Any]

#: Operations that become a layer without parameters.
PLAIN = {"Relu": "relu", "Tanh": "tanh", "Sigmoid": "sigmoid", "Flatten": "flatten", "Reshape": "flatten"}
POOLS = {"MaxPool": "max-pool", "AveragePool": "average-pool"}
MEANS = ("GlobalAveragePool", "ReduceMean")
JOINS = {"Add": "add", "Concat": "concatenate"}
DENSE = ("Gemm", "MatMul")
#: Part of the loss, cross-entropy, and no layer of a model.
LAST = ("Softmax", "LogSoftmax")
#: What changes nothing.
NOTHING = ("Identity",)

KNOWN = (*PLAIN, *POOLS, *MEANS, *JOINS, *DENSE, *LAST, *NOTHING, "Conv", "BatchNormalization", "Dropout")


class _Unsupported(Exception):
    """Why a node of a known operation becomes no layer."""


class Conversion:
    """Layers and weights, found node by node. `weights`: as results name them, `<layer>` and `<layer>.bias` …"""

    def __init__(self, graph: Graph) -> None:
        self.layers: list[Layer] = []
        self.weights: dict[str, Floats] = {}
        self._graph = graph
        self._names = Names()
        #: The layer that makes a value; None: the samples themselves.
        self._made: dict[str, str | None] = {graph.input: None}
        self._readers = Counter(name for node in graph.nodes for name in node.inputs)

    def run(self) -> None:
        """Convert all nodes. Raises ImportFailed, which names everything that can not be converted."""
        wrong = Counter(f"the operation {harmless(node.op, 60)}" for node in self._graph.nodes if node.op not in KNOWN)
        for node in self._graph.nodes:
            if node.op not in KNOWN or not self._is_there(node):
                continue
            try:
                self._convert(node)
            except (_Unsupported, WindowError) as error:
                wrong[f"{node.op} {error}"] += 1
        if not wrong and self._made.get(self._graph.output) is None:
            wrong["an output that no layer makes"] += 1
        if wrong:
            listed = "; ".join(what if count == 1 else f"{what} ({count} times)" for what, count in wrong.items())
            raise ImportFailed(f"cannot be imported, because aimcsim has no layer for {listed}")

    def _is_there(self, node: Node) -> bool:
        """Whether all is there that a node reads; what is not, an operation makes that is reported already."""
        return all(name in self._made or name in self._graph.constants for name in node.inputs if name != NO_VALUE)

    def _convert(self, node: Node) -> None:
        if node.op in NOTHING or (node.op in LAST and self._is_last(node)):
            self._made[node.outputs[0]] = self._made[node.inputs[0]]
            return
        if node.op == "Add" and any(name in self._graph.constants for name in node.inputs):
            self._add_bias(node)
            return
        converters: dict[str, Callable[[Node], Layer]] = {
            "Conv": self._conv,
            "BatchNormalization": self._norm,
            "Dropout": self._dropout,
        }
        if node.op in DENSE:
            layer = self._dense(node)
        elif node.op in POOLS:
            layer = {"name": self._names.free("pool"), "type": POOLS[node.op], **pool(node)}
        elif node.op in MEANS:
            layer = self._means(node)
        elif node.op in JOINS:
            layer = self._join(node)
        elif node.op in PLAIN:
            layer = self._plain(node)
        elif node.op in converters:
            layer = converters[node.op](node)
        else:
            raise _Unsupported("before the end")
        self._append(node, layer)

    def _append(self, node: Node, layer: Layer) -> None:
        """Add a layer that reads what `node` reads. A layer that reads the one before it need not say so."""
        read = [self._made[name] for name in node.inputs if name in self._made]
        before = self.layers[-1]["name"] if self.layers else None
        if len(read) > 1 or read != [before]:
            layer["inputs"] = ["input" if name is None else name for name in read]
        self.layers.append(layer)
        self._made[node.outputs[0]] = layer["name"]

    def _is_last(self, node: Node) -> bool:
        return node.outputs[0] == self._graph.output and node.attributes.get("axis", -1) in (-1, 1)

    # ------------------------------------------------------------------ layers with parameters

    def _conv(self, node: Node) -> Layer:
        kernels = self._constant(node, 1)
        if kernels.ndim != 4:
            raise _Unsupported(f"over {kernels.ndim - 2} dimensions")
        layer = self._weighted(node, kernels.reshape(len(kernels), -1), "conv2d")
        return layer | convolution(node, kernels.shape[2:])

    def _dense(self, node: Node) -> Layer:
        if node.inputs[0] in self._graph.constants:
            raise _Unsupported("with a constant on the left")
        matrix, attributes = self._constant(node, 1), node.attributes
        if matrix.ndim != 2 or attributes.get("transA", 0):
            raise _Unsupported("of other than a batch of vectors and a matrix")
        if not attributes.get("transB", 0):
            matrix = matrix.T
        return self._weighted(node, matrix * np.float32(attributes.get("alpha", 1.0)), "dense")

    def _weighted(self, node: Node, matrix: Floats, kind: str) -> Layer:
        name = self._names.free(of_weight(node.inputs[1]))
        self.weights[name] = np.ascontiguousarray(matrix, np.float32)
        layer: Layer = {"name": name, "type": kind, "outputs": len(matrix)}
        if node.read(2) == NO_VALUE:
            return layer | {"bias": "none"}
        bias = self._constant(node, 2) * np.float32(node.attributes.get("beta", 1.0))
        self.weights[f"{name}.bias"] = np.ascontiguousarray(np.broadcast_to(bias.ravel(), len(matrix)), np.float32)
        return layer

    def _add_bias(self, node: Node) -> None:
        """A constant behind a product is the bias of the dense layer."""
        value, constant = node.inputs
        if value in self._graph.constants:
            value, constant = constant, value
        made, bias = self._made.get(value), self._graph.constants[constant]
        layer = next((each for each in self.layers if each["name"] == made), {})
        alone = self._readers[value] == 1 and layer.get("bias") == "none" and layer["type"] == "dense"
        if not alone or bias.shape[-1:] != (bias.size,) or bias.size != layer["outputs"]:
            raise _Unsupported("of a constant that is no bias of a dense layer")
        del layer["bias"]
        self.weights[f"{made}.bias"] = self._constant(node, node.inputs.index(constant)).ravel()
        self._made[node.outputs[0]] = made

    def _norm(self, node: Node) -> Layer:
        name = self._names.free(of_weight(node.inputs[1]))
        for number, part in enumerate(("scale", "shift", "mean", "variance"), start=1):
            self.weights[f"{name}.{part}"] = np.ascontiguousarray(self._constant(node, number), np.float32)
        epsilon, kept = node.attributes.get("epsilon", 1e-5), node.attributes.get("momentum", 0.9)
        # ONNX weighs what was there, aimcsim and PyTorch what is new; both are floats of 32 bits in the file.
        return {"name": name, "type": "batch-norm", "epsilon": _short(epsilon), "momentum": _short(1.0 - kept)}

    def _constant(self, node: Node, number: int) -> Floats:
        name = node.read(number)
        if name not in self._graph.constants:
            raise _Unsupported("with weights that are no constants of the file")
        values: Floats = np.asarray(self._graph.constants[name])
        if values.dtype.kind != "f" or not np.isfinite(values).all():
            raise _Unsupported(f"with weights of type {values.dtype} or without a finite value")
        return values.astype(np.float32)

    # ------------------------------------------------------------------ layers without parameters

    def _dropout(self, node: Node) -> Layer:
        ratio = self._graph.constants.get(node.read(1), np.float32(node.attributes.get("ratio", 0.5)))
        return {
            "name": self._names.free("dropout"),
            "type": "dropout",
            "probability": _short(float(np.ravel(ratio)[0])),
        }

    def _means(self, node: Node) -> Layer:
        if node.op == "ReduceMean":
            axes = self._graph.constants.get(node.read(1), node.attributes.get("axes", ()))
            if sorted(int(axis) % 4 for axis in np.ravel(axes)) != [2, 3]:
                raise _Unsupported("over other axes than height and width")
        return {"name": self._names.free("mean"), "type": "global-average-pool"}

    def _join(self, node: Node) -> Layer:
        if any(name in self._graph.constants for name in node.inputs):
            raise _Unsupported("of constants")
        if node.op == "Concat" and node.attributes.get("axis") not in (1, -3):
            raise _Unsupported("along another dimension than the channels")
        kind = JOINS[node.op]
        return {"name": self._names.free(kind), "type": kind}

    def _plain(self, node: Node) -> Layer:
        if node.op == "Flatten" and node.attributes.get("axis", 1) != 1:
            raise _Unsupported("over the batch")
        if node.op == "Reshape":
            target = self._graph.constants.get(node.read(1))
            if target is None:
                raise _Unsupported("to a shape that is computed (export with a batch of fixed size)")
            if target.size != 2:
                raise _Unsupported(f"to {target.size} dimensions")
        kind = PLAIN[node.op]
        return {"name": self._names.free(kind), "type": kind}


def _short(value: float) -> float:
    """The shortest decimal number that is the same float of 32 bits: 0.1, not 0.10000000149."""
    return float(str(np.float32(value)))
