"""Who reads whom: layer names resolved to positions in the file, cycles and loose ends found.

Works on positions, not names, so that one duplicate name does not hide or invent other errors.
`INPUT_NODE` stands for the network's input.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import networkx as nx

from aimcsim.errors import FieldError
from aimcsim.network.layers import INPUT, LOSS
from aimcsim.scenario.model_spec import LayerSpec, NetworkSpec

if TYPE_CHECKING:
    IndexGraph = nx.DiGraph[int]

INPUT_NODE = -1

#: Names in the message on a cycle; it may have thousands.
MOST_NAMES = 10


@dataclass(frozen=True)
class Wiring:
    """`sources[i]`: positions that layer i reads, None for an unknown name.

    `order` is topological, file order where that is a choice; layers in or behind a cycle are missing from it.
    `output` is the last layer that nobody reads; None where names or cycles leave that open.
    """

    sources: list[tuple[int | None, ...]]
    order: list[int]
    output: int | None


def wire(spec: NetworkSpec) -> tuple[Wiring, list[FieldError]]:
    """The wiring of `spec` and everything wrong with it."""
    errors = _name_errors(spec.layers)
    sources, source_errors = _sources(spec.layers)
    errors += source_errors
    graph = _index_graph(sources)
    cycle_errors = _cycle_errors(spec.layers, sources, graph)
    # After a wrong name the layer that was meant looks unread: loose ends are judged only when all names hold.
    names_hold = not errors
    errors += cycle_errors
    output = None
    if names_hold and not cycle_errors:
        output, loose = _sinks(spec.layers, graph)
        errors += loose
    return Wiring(sources, _order(graph), output), errors


def layer_path(index: int, *rest: str | int) -> tuple[str | int, ...]:
    """Path of a field of layer `index` in the scenario."""
    return ("model", "layers", index, *rest)


def source_path(layer: LayerSpec, index: int, position: int) -> tuple[str | int, ...]:
    """Path of the input `position` of a layer, or of the layer itself where the input is left to the default."""
    return layer_path(index) if layer.inputs is None else layer_path(index, "inputs", position)


def _name_errors(layers: list[LayerSpec]) -> list[FieldError]:
    errors = []
    first: dict[str, int] = {}
    for index, layer in enumerate(layers):
        path = layer_path(index, "name")
        if layer.name in (INPUT, LOSS):
            errors.append(FieldError(path, "the names input and loss are taken by the ends of the network", layer.name))
        elif layer.name in first:
            what = f"layer names must differ, model.layers.{first[layer.name]} has this one"
            errors.append(FieldError(path, what, layer.name))
        first.setdefault(layer.name, index)
    return errors


def _sources(layers: list[LayerSpec]) -> tuple[list[tuple[int | None, ...]], list[FieldError]]:
    """Positions that each layer reads; a name held twice means its first holder."""
    errors = []
    position: dict[str, int] = {INPUT: INPUT_NODE}
    for index, layer in enumerate(layers):
        position.setdefault(layer.name, index)
    sources: list[tuple[int | None, ...]] = []
    for index, layer in enumerate(layers):
        if layer.inputs is None:
            sources.append((index - 1 if index else INPUT_NODE,))
            continue
        if not layer.inputs:
            errors.append(
                FieldError(layer_path(index, "inputs"), f"{layer.name} reads nothing; name a layer or leave it out", [])
            )
        for at, name in enumerate(layer.inputs):
            if name not in position:
                errors.append(FieldError(layer_path(index, "inputs", at), "no layer has this name", name))
            elif name in layer.inputs[:at]:
                # The graph has one edge between two layers; a doubled edge would be lost in it.
                errors.append(FieldError(layer_path(index, "inputs", at), f"{layer.name} reads this layer twice", name))
        sources.append(tuple(position.get(name) for name in layer.inputs))
    return sources, errors


def _index_graph(sources: list[tuple[int | None, ...]]) -> IndexGraph:
    graph: IndexGraph = nx.DiGraph()
    graph.add_node(INPUT_NODE)
    graph.add_nodes_from(range(len(sources)))
    graph.add_edges_from((source, index) for index, read in enumerate(sources) for source in read if source is not None)
    return graph


def _cycle_errors(
    layers: list[LayerSpec], sources: list[tuple[int | None, ...]], graph: IndexGraph
) -> list[FieldError]:
    """One error for each knot of layers that read one another, naming one cycle in it."""
    errors = []
    for knot in nx.strongly_connected_components(graph):
        start = min(knot)
        if len(knot) == 1 and not graph.has_edge(start, start):
            continue
        edges = nx.find_cycle(graph.subgraph(knot), source=start)
        cycle = [edge[0] for edge in edges]
        turn = cycle.index(min(cycle))
        cycle = cycle[turn:] + cycle[:turn]
        names = _arrows([layers[index].name for index in [*cycle, cycle[0]]])
        path = source_path(layers[cycle[0]], cycle[0], sources[cycle[0]].index(cycle[-1]))
        errors.append(FieldError(path, f"the layers form a cycle: {names}"))
    return errors


def _arrows(names: list[str]) -> str:
    """a → b → a; of a long cycle the middle is left out."""
    if len(names) > MOST_NAMES:
        names = [*names[: MOST_NAMES - 2], "…", *names[-2:]]
    return " → ".join(names)


def _sinks(layers: list[LayerSpec], graph: IndexGraph) -> tuple[int, list[FieldError]]:
    """The output, and an error for every other layer whose result is lost."""
    *loose, output = (index for index in range(len(layers)) if graph.out_degree(index) == 0)
    what = "nobody reads {}; only the layer that the loss reads ({}) may have no reader"
    errors = [FieldError(layer_path(index), what.format(layers[index].name, layers[output].name)) for index in loose]
    return output, errors


def _order(graph: IndexGraph) -> list[int]:
    order: list[int] = []
    # The sort yields all it can before it raises; what it leaves out is in or behind a cycle, reported elsewhere.
    with contextlib.suppress(nx.NetworkXUnfeasible):
        order.extend(index for index in nx.lexicographical_topological_sort(graph) if index != INPUT_NODE)
    return order
