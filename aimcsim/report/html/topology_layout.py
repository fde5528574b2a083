"""Where the nodes of a placed topology stand in its drawing: columns along the flow of a sample, stages as boxes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import networkx as nx

if TYPE_CHECKING:
    from aimcsim.hardware.topology import Topology

#: Size of a node's cell, and of what stands in it.
CELL_WIDTH, CELL_HEIGHT = 104.0, 66.0
NODE_WIDTH, NODE_HEIGHT = 72.0, 40.0
MARGIN = 34.0

#: Most nodes that are drawn one by one; beyond it a stage is one node.
MOST_NODES = 240
MOST_ROWS = 24


@dataclass(frozen=True)
class Node:
    """A drawn node; `x`, `y` are its middle. `group` is (stage, chunk), None for input and loss; `tile` what an
    array is on.
    """

    name: str
    kind: str
    label: str
    detail: str
    group: tuple[int, int] | None
    x: float
    y: float
    tile: str


@dataclass(frozen=True)
class Box:
    """The frame of a stage, or of one chunk of it."""

    stage: int
    chunk: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Drawing:
    """`edges`: names of both ends, values per sample, and whether the edge crosses stages."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str, int, bool], ...]
    boxes: tuple[Box, ...]
    width: float
    height: float


def layout(graph: Topology) -> Drawing:
    """Nodes in columns by their longest way from the input, wires (which do nothing) left out."""
    drawn = _without_wires(graph)
    columns = list(nx.topological_generations(drawn))
    if len(drawn) > MOST_NODES or max(map(len, columns)) > MOST_ROWS:
        drawn = _by_stage(drawn)
        columns = list(nx.topological_generations(drawn))
    columns = [sorted(column, key=_natural) for column in columns]
    tallest = max(map(len, columns))
    height = 2 * MARGIN + tallest * CELL_HEIGHT
    nodes = []
    for place, column in enumerate(columns):
        for row, name in enumerate(column):
            x = MARGIN + (place + 0.5) * CELL_WIDTH
            y = height / 2 + (row + 0.5 - len(column) / 2) * CELL_HEIGHT
            nodes.append(_node(name, drawn.nodes[name], x, y))
    edges = tuple((a, b, data["values"], data["link"]) for a, b, data in drawn.edges(data=True))
    width = 2 * MARGIN + len(columns) * CELL_WIDTH
    return Drawing(tuple(nodes), edges, _boxes(nodes), width, height)


def _without_wires(graph: Topology) -> Topology:
    drawn = graph.copy()
    for name, data in graph.nodes(data=True):
        if data["kind"] == "wire":
            into, out = list(drawn.in_edges(name, data=True)), list(drawn.out_edges(name, data=True))
            for source, _, one in into:
                for _, target, other in out:
                    drawn.add_edge(source, target, values=one["values"], link=one["link"] or other["link"])
            drawn.remove_node(name)
    return drawn


def _by_stage(graph: Topology) -> Topology:
    """One node for each chunk of a stage; `tiles` names what it stands for."""
    names = {name: _group_name(name, data) for name, data in graph.nodes(data=True)}
    merged: Topology = nx.DiGraph()
    for name, data in graph.nodes(data=True):
        group = names[name]
        if group not in merged:
            merged.add_node(
                group, **(data | {"kind": "stage" if data["stage"] is not None else data["kind"], "tiles": set()})
            )
        if data["kind"] == "tile":
            merged.nodes[group]["tiles"].add(data["tile"])
    for a, b, data in graph.edges(data=True):
        if names[a] != names[b] and not merged.has_edge(names[b], names[a]):
            merged.add_edge(names[a], names[b], values=data["values"], link=data["link"])
    return merged


def _group_name(name: str, data: dict[str, object]) -> str:
    return name if data["stage"] is None else f"stage {data['stage']}, chunk {data['chunk']}"


def _node(name: str, data: dict[str, Any], x: float, y: float) -> Node:
    kind = str(data["kind"])
    stage, chunk = data["stage"], data.get("chunk", 0)
    group = (stage, chunk) if isinstance(stage, int) and isinstance(chunk, int) else None
    parts = name.split(".")
    label, detail = (parts[1] if len(parts) > 1 else name), ""
    if len(parts) > 3:
        label = f"{label} {parts[3]}"
    if kind in ("tile", "buffer", "digital"):
        detail = f"{data['rows']}×{data['columns']}"
    elif kind == "sum":
        label, detail = "Σ", parts[1]
    elif kind == "stage":
        label, detail = f"stage {stage}", f"{len(data['tiles'])} tiles"
    return Node(name, kind, label, detail, group, x, y, str(data.get("tile", name)))


def _boxes(nodes: Sequence[Node]) -> tuple[Box, ...]:
    groups: dict[tuple[int, int], list[Node]] = {}
    for node in nodes:
        if node.group is not None:
            groups.setdefault(node.group, []).append(node)
    found = []
    for (stage, chunk), own in groups.items():
        left, right = min(n.x for n in own), max(n.x for n in own)
        top, bottom = min(n.y for n in own), max(n.y for n in own)
        wide, high = CELL_WIDTH - 12, CELL_HEIGHT - 6
        found.append(Box(stage, chunk, left - wide / 2, top - high / 2, right - left + wide, bottom - top + high))
    return tuple(found)


def _natural(name: str) -> tuple[tuple[int, int | str], ...]:
    """Sorts `r0c10` behind `r0c2`."""
    return tuple((0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"(\d+)", name))
