"""`aimcsim floorplan`: its figures follow by hand, and what it says would change is what runs do."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from aimcsim.assembly import Assembly, assemble
from aimcsim.report.floorplan.buffers import skip_buffers
from aimcsim.report.floorplan.figures import busiest, stage_figures
from aimcsim.report.floorplan.periods import period_of
from aimcsim.report.floorplan.picture import floorplan_picture
from aimcsim.report.floorplan.what_if import what_ifs
from aimcsim.scenario.load import scenario_from_data
from aimcsim.simulation import simulate
from tests.cli.command import aimcsim_, write

#: c: 24·24 = 576 positions; d: 20·20 = 400.
LAYERS: list[dict[str, Any]] = [
    {"name": "c", "type": "conv2d", "outputs": 4, "kernel": 5},
    {"name": "d", "type": "conv2d", "outputs": 3, "kernel": 5, "bias": "analog"},
    {"name": "fc", "type": "dense", "outputs": 10},
]
TEXT = """\
name: planned
model:
  input: [1, 28, 28]
  layers:
    - {name: c, type: conv2d, outputs: 4, kernel: 5}
    - {name: d, type: conv2d, outputs: 3, kernel: 5, bias: analog}
    - {name: fc, type: dense, outputs: 10}
hardware: {timing: {forward: 2, backward: 3, update: 1}, tile: {rows: 64, columns: 64}}
pipeline: {stages: [[c], [d, fc]], schedule: async}
training: {samples: 64}
"""


def assembled(replicas: dict[str, int], stages: Any = (("c",), ("d", "fc")), **parts: Any) -> Assembly:
    scenario, _ = scenario_from_data(
        {
            "name": "planned",
            "model": {"input": [1, 28, 28], "layers": LAYERS, **parts.pop("model", {})},
            "hardware": {
                "timing": {"forward": 2, "backward": 3, "update": 1},
                "tile": {"rows": 64, "columns": 64},
                "placement": {"replicas": replicas},
            },
            "pipeline": {"stages": [list(names) for names in stages], "schedule": "async"},
            "training": {"samples": 64},
        }
    )
    return assemble(scenario)


def test_a_convolution_of_576_positions_is_576_products_and_the_bottleneck() -> None:
    first, second = stage_figures(assembled({}))
    (c,), (d, fc) = first.layers, second.layers
    assert (c.positions, c.cycles, c.splits, c.cells) == (576, (576 * 2, 576 * 3, 576), (1, 1), 25 * 4)
    # 4 · 25 inputs and one for the bias, on 2 tiles of 64 rows; 1200 inputs on 19.
    assert (d.positions, d.splits, d.cells) == (400, (2, 1), 101 * 3)
    assert (fc.positions, fc.splits, fc.cells) == (1, (19, 1), 1200 * 10)
    assert (first.busy, second.busy) == (576 * 6, 400 * 5 + 5 + 400)
    assert busiest((first, second)).longest.name == "c"
    assert period_of(assembled({})).cycles == 576 * 6


def test_what_copies_would_change_is_what_a_run_with_them_does() -> None:
    assembly = assembled({})
    found = {each.what: each for each in what_ifs(assembly)}
    # In two copies c takes 288·5 + 576 = 2016 cycles: less than the 2405 of stage 2.
    assert found["2 copies of c"].period.cycles == 2405
    assert (found["2 copies of c"].stage.number, found["2 copies of c"].stage.longest.name) == (2, "d")
    assert "4 copies of c" not in found
    assert simulate(assembled({"c": 2}).scenario, train=False).summary["period_cycles"] == 2405
    # Of half as many rows and columns every tile still does 576 products.
    (split,) = (each for what, each in found.items() if "split" in what)
    assert split.period.cycles == 576 * 6


def test_a_stage_of_its_own_is_proposed_where_a_layer_shares_one() -> None:
    found = {each.what: each.period.cycles for each in what_ifs(assembled({}, [["c", "d"], ["fc"]]))}
    # F and B of c and d one after the other, U at once: 976·5 + 576 now; 576·6 apart.
    now = assembled({}, [["c", "d"], ["fc"]])
    assert period_of(now).cycles == Fraction(976 * 5 + 576)
    assert found["a stage for c alone"] == 576 * 6


def test_buffers_without_a_run_are_those_of_a_run() -> None:
    layers = [
        {"name": "a", "type": "dense", "outputs": 8},
        {"name": "b", "type": "dense", "outputs": 8},
        {"name": "s", "type": "dense", "outputs": 8},
        {"name": "sum", "type": "add", "inputs": ["s", "a"]},
        {"name": "out", "type": "dense", "outputs": 4},
    ]
    assembly = assembled({}, [["a"], ["b"], ["s"], ["out"]], model={"layers": layers})
    found, _ = skip_buffers(assembly)
    assert [buffer["name"] for buffer in found] == ["F a", "B a"]
    assert found == simulate(assembly.scenario, train=False).summary["buffers"]


@pytest.mark.parametrize("form", ["png", "svg"])
def test_the_drawing_is_the_same_every_time(form: Any) -> None:
    first = floorplan_picture(assembled({"c": 3}), form)
    assert first.startswith(b"\x89PNG" if form == "png" else b"<?xml")
    assert first == floorplan_picture(assembled({"c": 3}), form)


def test_the_command_prints_the_placement_and_draws_it(tmp_path: Path) -> None:
    scenario = write(tmp_path, TEXT)
    result = aimcsim_("floorplan", scenario, "--out", tmp_path / "plan.svg", "--set", "hardware.tile.rows=32")
    assert result.exit_code == 0, result.output
    assert "bottleneck: stage 1, 3456 cycles a micro-batch, of which c (576 positions) 3456" in result.output
    assert "2 copies of c" in result.output
    assert (tmp_path / "plan.svg").read_bytes().startswith(b"<?xml")


def test_a_wrong_copy_is_shown_with_its_place(tmp_path: Path) -> None:
    result = aimcsim_("floorplan", write(tmp_path, TEXT), "--set", "hardware.placement.replicas.none=2")
    assert result.exit_code == 2
    assert "hardware.placement.replicas.none: the model has no layer none" in result.output
    assert aimcsim_("floorplan", write(tmp_path, TEXT), "--out", "plan.gif").exit_code == 2


def test_a_chain_has_stages_and_a_period_but_nothing_to_copy_or_split() -> None:
    scenario, _ = scenario_from_data({"name": "chain", "model": {"chain": 4}, "training": {"samples": 8}})
    stages = stage_figures(assemble(scenario))
    # F and B of one cycle each, no U.
    assert [stage.busy for stage in stages] == [2] * 4
    assert list(what_ifs(assemble(scenario))) == []
