"""The drawing of a topology: nothing overlaps, wires are gone, the bottleneck is marked."""

from __future__ import annotations

import doctest
import itertools
from pathlib import Path

import pytest

from aimcsim.loading import load
from aimcsim.report.html import elements, topology_part
from aimcsim.report.html.topology_layout import NODE_HEIGHT, NODE_WIDTH, layout
from aimcsim.report.html.topology_part import bottleneck_stages, topology_drawing
from tests.cli.command import DIGITS, write


def drawing(folder: Path, *overrides: str):  # type: ignore[no-untyped-def]
    return layout(load(write(folder, DIGITS), list(overrides)).assembly.topology)


@pytest.mark.parametrize("tile", [512, 16, 8])
def test_nodes_do_not_overlap_and_stand_inside_their_stage(tmp_path: Path, tile: int) -> None:
    found = drawing(tmp_path, f"hardware.tile.rows={tile}", f"hardware.tile.columns={tile}")
    for one, two in itertools.combinations(found.nodes, 2):
        assert abs(one.x - two.x) >= NODE_WIDTH or abs(one.y - two.y) >= NODE_HEIGHT, (one.name, two.name)
    boxes = {(box.stage, box.chunk): box for box in found.boxes}
    for node in found.nodes:
        assert 0 < node.x < found.width
        assert 0 < node.y < found.height
        if node.group is not None:
            box = boxes[node.group]
            assert box.x < node.x - NODE_WIDTH / 2
            assert node.x + NODE_WIDTH / 2 < box.x + box.width
            assert box.y < node.y < box.y + box.height


def test_wires_are_left_out_and_edges_run_from_input_to_loss(tmp_path: Path) -> None:
    found = drawing(tmp_path)
    # Three layers of one tile each and two activations, between input and loss.
    assert [node.label for node in found.nodes] == ["input", "fc1", "act1", "fc2", "act2", "fc3", "loss"]
    assert [values for _, _, values, _ in found.edges] == [64, 12, 12, 12, 12, 10]
    assert [link for *_, link in found.edges] == [False, False, True, False, True, False]


def test_a_large_network_is_drawn_by_stage(tmp_path: Path) -> None:
    found = drawing(tmp_path, "hardware.tile.rows=2", "hardware.tile.columns=2")
    # fc1: 32 x 6 tiles, fc2: 6 x 6, fc3: 6 x 5.
    assert [(node.label, node.detail) for node in found.nodes] == [
        ("input", ""), ("stage 1", "192 tiles"), ("stage 2", "36 tiles"), ("stage 3", "30 tiles"), ("loss", ""),
    ]  # fmt: skip


def test_the_stages_of_the_bottleneck_are_marked_in_words_too(tmp_path: Path) -> None:
    graph = load(write(tmp_path, DIGITS)).assembly.topology
    marked = topology_drawing(graph, "stage 2 (fc2): F 1 + B 1 + U 4 = 6 cycles per micro-batch")
    assert marked.count('class="stage slow"') == marked.count(">bottleneck<") == 1
    assert "bottleneck: stage 2" in marked
    assert 'class="stage slow"' not in topology_drawing(graph, None)


def test_a_bottleneck_that_goes_round_several_stages_marks_them_all() -> None:
    assert bottleneck_stages("stage 1 (a): F 1 → stage 3 (b): F 1 = 2 cycles per mini-batch") == {1, 3}
    assert bottleneck_stages("F link from stage 2 (a) to stage 3 (b): messages 9") == {2, 3}
    assert bottleneck_stages("no steady state") == bottleneck_stages(None) == set()


def test_the_examples_in_the_docstrings_hold() -> None:
    for module in (elements, topology_part):
        assert doctest.testmod(module).failed == 0
