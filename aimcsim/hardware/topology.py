"""The placed topology as a networkx DiGraph: source, tiles, digital nodes, links and loss, for drawing and study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import networkx as nx

from aimcsim.hardware.floorplan import Chunk, Floorplan, Unit
from aimcsim.network.graph import Network
from aimcsim.network.layers import Add, Concatenate, Layer

if TYPE_CHECKING:
    Topology = nx.DiGraph[str]


def placed_topology(network: Network, floorplan: Floorplan) -> Topology:
    """Graph of the forward flow of one sample.

    Nodes: `input` and `loss` (kind source, loss), every array, buffer or digital layer (kind; rows, columns, stage,
    chunk, and the `tile` that it is on, alone or with others), and for every layer its digital node
    `s<stage>.<layer>.out` (kind sum where row splits meet, add where layers come together, activation for any other
    digital layer, or wire).
    Transfers are edges between arrays. Edges carry `values` per sample; `link` is True where they cross stages.
    """
    graph: Topology = nx.DiGraph()
    graph.add_node("input", kind="source", stage=None)
    graph.add_node("loss", kind="loss", stage=None)
    tiles: dict[str, list[Unit]] = {}
    for unit in floorplan.units:
        if unit.shard is not None and (unit.kind == "digital" or unit.role in floorplan.plan.read):
            tiles.setdefault(unit.layer, []).append(unit)
    out = {"input": "input"}
    stage_of: dict[str, int | None] = {"input": None}
    for chunk in floorplan.chunks:
        for name in chunk.layers:
            out[name] = f"s{chunk.stage + 1}.{name}.out"
            stage_of[name] = chunk.virtual
            _add_layer(graph, network.layers, chunk, name, tiles.get(name, []), out, stage_of)
    _add_transfers(graph, floorplan)
    graph.add_edge(out[network.output], "loss", values=network.layers[network.output].size, link=False)
    return graph


def _add_layer(
    graph: Topology,
    layers: Mapping[str, Layer],
    chunk: Chunk,
    name: str,
    tiles: list[Unit],
    out: dict[str, str],
    stage_of: dict[str, int | None],
) -> None:
    layer = layers[name]
    graph.add_node(out[name], kind=_digital_kind(layer, tiles), stage=chunk.stage + 1, chunk=chunk.index)
    for tile in tiles:
        columns = _add_array(graph, tile)
        graph.add_edge(tile.name, out[name], values=columns, link=False)
    for source in layer.inputs:
        crosses = stage_of[source] is not None and stage_of[source] != chunk.virtual
        for target in [tile.name for tile in tiles] or [out[name]]:
            graph.add_edge(out[source], target, values=layers[source].size, link=crosses)


def _add_array(graph: Topology, unit: Unit) -> int:
    """Node of a tile or buffer; returns its columns."""
    shard = unit.shard
    assert shard is not None
    size = {"rows": shard.in_size, "columns": shard.out_size}
    graph.add_node(unit.name, kind=unit.kind, stage=unit.stage + 1, chunk=unit.chunk, tile=unit.tile, **size)
    return shard.out_size


def _add_transfers(graph: Topology, floorplan: Floorplan) -> None:
    """Arrays that no product reads, and an edge for every transfer, from the array it comes from."""
    plan = floorplan.plan
    of_shard: dict[tuple[str, int], dict[int, Unit]] = {}
    for unit in floorplan.units:
        if unit.shard is not None and unit.kind != "digital":
            of_shard.setdefault((unit.layer, unit.shard_number), {})[unit.role] = unit
    for units in of_shard.values():
        for unit in units.values():
            if unit.role not in plan.read:
                _add_array(graph, unit)
        for transfer in plan.transfers:
            source = units[plan.updated[0] if transfer.source is None else transfer.source]
            columns = graph.nodes[source.name]["columns"]
            graph.add_edge(source.name, units[transfer.target].name, values=columns, link=False)


def _digital_kind(layer: Layer, tiles: list[Unit]) -> str:
    if not tiles:
        return "add" if isinstance(layer, Add | Concatenate) else "activation"
    return "sum" if any(t.role > 0 or (t.shard is not None and t.shard.row > 0) for t in tiles) else "wire"
