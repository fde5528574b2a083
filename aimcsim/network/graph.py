"""The network as a graph of layers, built from the model part of a scenario."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import networkx as nx

from aimcsim.errors import FieldErrors
from aimcsim.network.layers import INPUT, Input, Layer, Loss, LossKind, Opaque, Shape
from aimcsim.network.making import make_layer
from aimcsim.network.shapes import infer_shapes
from aimcsim.network.wiring import INPUT_NODE, wire
from aimcsim.scenario.model_spec import NetworkSpec

if TYPE_CHECKING:
    LayerGraph = nx.DiGraph[str]


@dataclass(frozen=True, eq=False)
class Network:
    """A checked network.

    `graph`: nodes are the names of the layers, "input" and "loss"; node attribute `layer` is the layer, edge
    attribute `size` the values per sample that pass. It is frozen.
    `layers`: the same nodes by name. `order`: the model's own layers (without "input" and "loss"), topological,
    in file order where that is a choice.
    `output`: the layer that the loss reads. `loss`: None for a chain, which computes nothing.
    """

    graph: LayerGraph
    order: tuple[str, ...]
    layers: dict[str, Layer]
    output: str
    loss: LossKind | None

    @property
    def input_shape(self) -> Shape:
        """Shape of one sample."""
        return self.layers[INPUT].shape


def build_network(model: NetworkSpec) -> Network:
    """The network of a model. Raises `FieldErrors` with everything that is wrong with its names, edges and shapes."""
    wiring, errors = wire(model)
    shapes, shape_errors = infer_shapes(model, wiring)
    errors += shape_errors
    if errors:
        raise FieldErrors(errors)
    assert wiring.output is not None
    known = {index: shape for index, shape in shapes.items() if shape is not None}
    layers: list[Layer] = []
    for index in wiring.order:
        sources = [source for source in wiring.sources[index] if source is not None]
        names = tuple(INPUT if source == INPUT_NODE else model.layers[source].name for source in sources)
        read = [known[source] for source in sources]
        layers.append(make_layer(model.layers[index], names, read, known[index]))
    return _network(Input(shape=tuple(model.input)), layers, model.layers[wiring.output].name, model.loss)


def chain_network(stages: int) -> Network:
    """`stages` opaque layers l1, l2, … in a row, one value on every edge, without a loss function."""
    names = [INPUT, *(f"l{number}" for number in range(1, stages + 1))]
    layers = [Opaque(name=name, inputs=(before,)) for before, name in pairwise(names)]
    return _network(Input(shape=(1,)), layers, names[-1], None)


def _network(source: Input, layers: Iterable[Layer], output: str, loss: LossKind | None) -> Network:
    """The graph over `layers`, which are in topological order."""
    nodes: dict[str, Layer] = {source.name: source}
    nodes.update((layer.name, layer) for layer in layers)
    order = tuple(nodes)[1:]
    end = Loss(inputs=(output,), shape=nodes[output].shape, kind=loss)
    nodes[end.name] = end
    graph: LayerGraph = nx.DiGraph()
    for name, layer in nodes.items():
        graph.add_node(name, layer=layer)
    for name, layer in nodes.items():
        graph.add_edges_from((read, name, {"size": nodes[read].size}) for read in layer.inputs)
    return Network(nx.freeze(graph), order, nodes, output, loss)
