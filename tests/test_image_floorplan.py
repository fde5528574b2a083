"""Convolutions, groups and digital layers on tiles, in stages and in time."""

from __future__ import annotations

from typing import Any

import networkx as nx
import pytest

from aimcsim.assembly import Assembly, assemble
from aimcsim.errors import FieldErrors
from aimcsim.hardware.splitting import split, tiles_needed
from aimcsim.scenario.load import scenario_from_data
from aimcsim.simulation import simulate

#: Positions: c1 10·10 = 100, c2 5·5 = 25, fc 1.
LAYERS: list[dict[str, Any]] = [
    {"name": "c1", "type": "conv2d", "outputs": 6, "kernel": 3, "padding": 1, "bias": "analog"},
    {"name": "act", "type": "relu"},
    {"name": "p", "type": "max-pool", "kernel": 2},
    {"name": "c2", "type": "conv2d", "outputs": 6, "kernel": 3, "padding": 1, "groups": 2},
    {"name": "flat", "type": "flatten"},
    {"name": "fc", "type": "dense", "outputs": 3},
]
TIMES = {"forward": 2, "backward": 3, "update": 4, "activation": 5}


def scenario(layers: list[dict[str, Any]] = LAYERS, **parts: Any) -> Any:
    hardware = {"timing": TIMES, "device": "ideal", **parts.pop("hardware", {})}
    found, _ = scenario_from_data(
        {
            "name": "images",
            "model": {"input": [2, 10, 10], "layers": layers},
            "hardware": hardware,
            "pipeline": {"stages": 1, "micro_batch": 2, **parts.pop("pipeline", {})},
            "training": {"samples": 8, **parts.pop("training", {})},
        }
    )
    return found


def assembled(**parts: Any) -> Assembly:
    return assemble(scenario(**parts))


def marked(*names: str) -> list[dict[str, Any]]:
    return [layer | ({"digital": True, "bias": "digital"} if layer["name"] in names else {}) for layer in LAYERS]


def cycles(assembly: Assembly, kind: str) -> dict[str, int]:
    """Cycles of an operation by layer, those of its first unit."""
    found: dict[str, int] = {}
    for unit in assembly.floorplan.units:
        found.setdefault(unit.layer, assembly.plan.times.table(kind)[unit.index])
    return found


def test_a_convolution_takes_its_products_at_every_position_of_every_sample() -> None:
    assembly = assembled()
    # Two samples; digital layers count per sample, flatten is nothing.
    assert cycles(assembly, "F") == {"c1": 2 * 100 * 2, "act": 10, "p": 10, "c2": 2 * 25 * 2, "fc": 4}
    assert cycles(assembly, "B") == {"c1": 2 * 100 * 3, "act": 10, "p": 10, "c2": 2 * 25 * 3, "fc": 6}
    assert cycles(assembly, "U") == {"c1": 2 * 100 * 4, "act": 0, "p": 0, "c2": 2 * 25 * 4, "fc": 8}


def test_a_layer_marked_digital_takes_the_time_of_a_digital_node_at_every_position() -> None:
    assembly = assembled(layers=marked("c2", "fc"))
    for kind in "FBU":
        found = cycles(assembly, kind)
        assert (found["c2"], found["fc"]) == (2 * 25 * 5, 2 * 5)
    units = {unit.name: unit.kind for unit in assembly.floorplan.units if unit.shard is not None}
    # The groups of a digital layer stay apart: their matrices are.
    assert units == {"s1.c1.r0c0": "tile", "s1.c2.r0c0": "digital", "s1.c2.r0c1": "digital", "s1.fc.r0c0": "digital"}
    summary = simulate(scenario(layers=marked("c2", "fc")), train=False).summary
    # c1 is 6 × (2·9 + 1) devices; c2 6 × 27 and fc 3 × 150 are digital numbers.
    assert summary["state"]["arrays"] == 1
    assert summary["state"]["devices"] == 6 * 19
    assert summary["state"]["digital_values"] == 6 * 27 + 3 * 150


def test_stages_are_balanced_by_time_times_positions() -> None:
    groups = [chunk.layers for chunk in assembled(pipeline={"stages": "auto"}).floorplan.chunks]
    # 9 cycles a position: c1 900, c2 225 and fc 9 together less than c1.
    assert groups == [("c1", "act", "p"), ("c2", "flat", "fc")]
    digital = assembled(layers=marked("c1"), pipeline={"stages": 2}).floorplan.chunks
    # 15 for each of 100 positions.
    assert [chunk.layers for chunk in digital] == groups


def test_times_per_action_hold_the_digital_layers_of_a_stage_like_its_tiles() -> None:
    assembly = assembled(layers=marked("c2"), hardware={"timing": "unit"})
    (chunk,) = assembly.floorplan.chunks
    names = {assembly.floorplan.units[unit].name for step in chunk.forward for unit in step}
    assert names == {"s1.c1.r0c0", "s1.c2.r0c0", "s1.c2.r0c1", "s1.fc.r0c0"}
    assert set(cycles(assembly, "F").values()) == {1}


def test_groups_share_no_tile_and_their_shards_make_up_the_matrix() -> None:
    shards = split(6, 27, columns=2, rows=10, groups=2)
    assert len(shards) == tiles_needed(6, 27, 2, 10, 2) == 3 * 4
    assert [(s.name, s.group, s.inputs, s.outputs) for s in shards[:4]] == [
        ("r0c0", 0, slice(0, 9), slice(0, 1)),
        ("r0c1", 0, slice(0, 9), slice(1, 3)),
        ("r0c2", 1, slice(0, 9), slice(3, 4)),
        ("r0c3", 1, slice(0, 9), slice(4, 6)),
    ]
    covered = sorted((o, i) for s in shards for o in range(6)[s.outputs] for i in range(27)[s.inputs])
    assert covered == [(o, i) for o in range(6) for i in range(27)]


def test_an_algorithm_with_transfers_leaves_digital_layers_alone() -> None:
    parts: dict[str, Any] = {
        "layers": marked("c2"),
        "training": {"algorithm": {"name": "tiki-taka", "transfer_every": 1}},
    }
    assembly = assembled(**parts)
    (chunk,) = assembly.floorplan.chunks
    names = [[assembly.floorplan.units[unit].name for unit in role] for role in chunk.arrays]
    assert names == [["s1.c1.r0c0", "s1.fc.r0c0"], ["s1.c1.r0c0.P", "s1.fc.r0c0.P"]]
    # U is at the P arrays and at the digital layer.
    updated = {assembly.floorplan.units[unit].name for step in chunk.update for unit in step}
    assert updated == {"s1.c1.r0c0.P", "s1.fc.r0c0.P", "s1.c2.r0c0", "s1.c2.r0c1"}
    assert simulate(scenario(**parts), train=False).summary["status"] == "completed"


def test_the_topology_shows_digital_layers_and_all_lies_between_samples_and_loss() -> None:
    graph = assembled(layers=marked("c2")).topology
    assert graph.nodes["s1.c2.r0c0"]["kind"] == "digital"
    assert nx.descendants(graph, "input") | {"input"} == set(graph)
    assert nx.ancestors(graph, "loss") | {"loss"} == set(graph)


def test_a_batch_norm_needs_two_values_of_a_channel() -> None:
    layers = [*LAYERS[:1], {"name": "n", "type": "batch-norm"}, *LAYERS[1:], {"name": "m", "type": "batch-norm"}]
    assembled(layers=layers)
    with pytest.raises(FieldErrors) as refused:
        assembled(layers=layers, pipeline={"micro_batch": 1})
    (error,) = refused.value.errors
    assert str(error) == (
        "model.layers.7: m normalises [3] over micro-batches of 1 sample: one value a channel; "
        "use a larger pipeline.micro_batch, or layer-norm"
    )
