"""The placed topology is an ordinary networkx graph: splits, sums, skip edges and stages can be read off it."""

from __future__ import annotations

from typing import Any

import networkx as nx

from aimcsim.assembly import assemble
from aimcsim.scenario.load import scenario_from_data

MODEL = {
    "input": [6],
    "layers": [
        {"name": "a", "type": "dense", "outputs": 5},
        {"name": "act", "type": "tanh"},
        {"name": "b", "type": "dense", "outputs": 5},
        {"name": "c", "type": "dense", "outputs": 5},
        {"name": "sum", "type": "add", "inputs": ["act", "c"]},
        {"name": "out", "type": "dense", "outputs": 2},
    ],
}


def placed(tile: dict[str, int], stages: Any) -> nx.DiGraph[str]:
    scenario, _ = scenario_from_data(
        {
            "name": "topology",
            "model": MODEL,
            "hardware": {"tile": tile},
            "pipeline": {"stages": stages},
            "training": {"samples": 4},
        }
    )
    return assemble(scenario).topology


def test_a_split_layer_has_a_tile_for_every_block_and_one_node_where_its_row_splits_meet() -> None:
    graph = placed({"rows": 3, "columns": 4}, 1)
    tiles = sorted(n for n, kind in graph.nodes(data="kind") if kind == "tile" and n.startswith("s1.a."))
    assert tiles == ["s1.a.r0c0", "s1.a.r0c1", "s1.a.r1c0", "s1.a.r1c1"]
    assert [graph.nodes[n]["rows"] for n in tiles] == [3, 3, 3, 3]
    assert [graph.nodes[n]["columns"] for n in tiles] == [2, 3, 2, 3]
    assert graph.nodes["s1.a.out"]["kind"] == "sum"
    assert sorted(graph.predecessors("s1.a.out")) == tiles


def test_a_skip_edge_over_a_stage_is_a_link_of_its_own() -> None:
    graph = placed({"rows": 8, "columns": 8}, [["a"], ["b"], ["c", "out"]])
    links = sorted((a, b) for a, b, link in graph.edges(data="link") if link)
    assert links == [("s1.act.out", "s2.b.r0c0"), ("s1.act.out", "s3.sum.out"), ("s2.b.out", "s3.c.r0c0")]
    assert graph.edges["s1.act.out", "s3.sum.out"]["values"] == 5


def test_everything_lies_between_the_samples_and_the_loss() -> None:
    graph = placed({"rows": 2, "columns": 2}, 3)
    assert nx.is_directed_acyclic_graph(graph)
    assert nx.descendants(graph, "input") | {"input"} == set(graph)
    assert nx.ancestors(graph, "loss") | {"loss"} == set(graph)
