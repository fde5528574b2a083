"""The placed topology as inline SVG, its bottleneck marked."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

from aimcsim.report.html.elements import Html, element, join
from aimcsim.report.html.topology_layout import NODE_HEIGHT, NODE_WIDTH, Box, Drawing, Node, layout

if TYPE_CHECKING:
    from aimcsim.hardware.topology import Topology

_WORDS = {
    "source": "where samples come from",
    "loss": "the loss",
    "tile": "crossbar tile",
    "buffer": "digital buffer of the learning algorithm",
    "digital": "digital layer with float weights",
    "sum": "digital sum of partial results",
    "activation": "digital activation",
    "add": "digital addition",
    "stage": "all tiles of the stage",
}


def topology_drawing(graph: Topology, bottleneck: str | None) -> Html:
    """The graph from input to loss; stages that `bottleneck` (the summary's sentence) names are marked."""
    drawing = layout(graph)
    slow = bottleneck_stages(bottleneck)
    places = {node.name: node for node in drawing.nodes}
    parts = [element("g", _box(box, box.stage in slow, _has_chunks(drawing))) for box in drawing.boxes]
    for source, target, values, is_link in drawing.edges:
        parts.append(_edge(places[source], places[target], values, is_link))
    parts += [_node(node) for node in drawing.nodes]
    named = ", ".join(map(str, sorted(slow)))
    label = f"Topology from input to loss, {len(drawing.boxes)} stages or chunks" + (
        f"; bottleneck: stage {named}" if slow else ""
    )
    svg = element(
        "svg", *parts, viewBox=f"0 0 {drawing.width:.0f} {drawing.height:.0f}", width=f"{drawing.width:.0f}",
        height=f"{drawing.height:.0f}", class_="topology", role="img", aria_label=label,
    )  # fmt: skip
    scroll = element("div", svg, class_="wide", tabindex="0", role="region", aria_label="Topology, scrolls sideways")
    words = element("p", element("b", "Bottleneck: "), bottleneck, class_="bottleneck") if bottleneck else Html("")
    return join([words, scroll])


def bottleneck_stages(sentence: str | None) -> frozenset[int]:
    """Stages that the bottleneck's sentence names; of a critical path, those with the largest share.

    >>> sorted(bottleneck_stages("stage 2 (fc2): F 1 + B 1 + U 4 = 6 cycles per micro-batch"))
    [2]
    >>> sorted(bottleneck_stages("critical path, cycles 1 to 9: stage 3 (a) F 70%, stage 1 (b) U 30%"))
    [3]
    """
    named = [int(number) for number in re.findall(r"\bstage (\d{1,9}) \(", sentence or "")]
    return frozenset(named[:1] if (sentence or "").startswith("critical path") else named)


def _has_chunks(drawing: Drawing) -> bool:
    return any(box.chunk > 0 for box in drawing.boxes)


def _box(box: Box, is_slow: bool, has_chunks: bool) -> Html:
    name = f"stage {box.stage}" + (f", chunk {box.chunk}" if has_chunks else "")
    frame = element(
        "rect", x=f"{box.x:.1f}", y=f"{box.y:.1f}", width=f"{box.width:.1f}", height=f"{box.height:.1f}", rx="8",
        class_="stage slow" if is_slow else "stage",
    )  # fmt: skip
    title = element("text", name, x=f"{box.x + 4:.1f}", y=f"{box.y - 6:.1f}", class_="stage-name")
    mark = element("text", "bottleneck", x=f"{box.x + 4:.1f}", y=f"{box.y + box.height + 15:.1f}", class_="slow-name")
    return join([frame, title, mark] if is_slow else [frame, title])


def _edge(source: Node, target: Node, values: int, is_link: bool) -> Html:
    """A curve from the right of one node to the left of the other; links between stages are heavier."""
    x1, x2 = source.x + _half(source), target.x - _half(target)
    middle = (x1 + x2) / 2
    path = f"M{x1:.1f} {source.y:.1f}C{middle:.1f} {source.y:.1f} {middle:.1f} {target.y:.1f} {x2:.1f} {target.y:.1f}"
    if target.x - source.x > 1.5 * NODE_WIDTH and source.y == target.y and target.x - source.x > 180:
        lift = source.y - NODE_HEIGHT  # a skip edge goes over the nodes between
        path = f"M{x1:.1f} {source.y:.1f}C{x1 + 40:.1f} {lift:.1f} {x2 - 40:.1f} {lift:.1f} {x2:.1f} {target.y:.1f}"
    words = f"{source.name} → {target.name}: {values} values per sample" + (
        ", a link between stages" if is_link else ""
    )
    return element("path", element("title", words), d=path, class_="link" if is_link else "edge")


def _half(node: Node) -> float:
    return NODE_WIDTH / 2 if node.kind in ("tile", "stage") else NODE_WIDTH / 2 - 8


def _node(node: Node) -> Html:
    half, height = _half(node), NODE_HEIGHT if node.kind in ("tile", "stage") else NODE_HEIGHT - 12
    is_large = node.kind in ("tile", "stage")
    shape = element(
        "rect",
        x=f"{node.x - half:.1f}",
        y=f"{node.y - height / 2:.1f}",
        width=f"{2 * half:.1f}",
        height=f"{height:.1f}",
        rx="3" if is_large else f"{height / 2:.1f}",
        class_=f"node {node.kind}",
    )
    shown = _lines(node)
    texts = [
        element("text", line, x=f"{node.x:.1f}", y=f"{node.y + shift:.1f}", text_anchor="middle", class_=kind)
        for line, shift, kind in shown
    ]
    size = f", {node.detail} (inputs × outputs)" if node.kind == "tile" else ""
    size += f", on tile {node.tile}" if node.kind == "tile" and node.tile != node.name else ""
    return element("g", element("title", f"{node.name}: {_WORDS[node.kind]}{size}"), shape, *texts)


def _lines(node: Node) -> Collection[tuple[str, float, str]]:
    label = node.label if len(node.label) <= 10 else node.label[:9] + "…"
    if node.kind in ("tile", "stage"):
        return ((label, -3.0, "name"), (node.detail, 12.0, "detail"))
    return ((label, 4.0, "name"),)
