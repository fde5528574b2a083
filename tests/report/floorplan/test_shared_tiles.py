"""`aimcsim floorplan` of tiles that several layers share, what sharing would change, and periods that are simulated."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from aimcsim.assembly import Assembly, assemble
from aimcsim.report.floorplan.figures import stage_figures
from aimcsim.report.floorplan.periods import AT_LEAST, EXACT, period_of
from aimcsim.report.floorplan.picture import floorplan_picture
from aimcsim.report.floorplan.what_if import what_ifs
from aimcsim.scenario.load import scenario_from_data
from aimcsim.simulation import simulate
from tests.cli.command import aimcsim_, write

#: Inputs x outputs: a 16 x 30, b 30 x 20, c 20 x 20, d 20 x 10; every action of a layer takes 2, 3 and 4 cycles.
SIZES = {"a": 30, "b": 20, "c": 20, "d": 10}
TEXT = """\
name: shared
model:
  input: [16]
  layers:
    - {name: a, type: dense, outputs: 30}
    - {name: b, type: dense, outputs: 20}
    - {name: c, type: dense, outputs: 20}
    - {name: d, type: dense, outputs: 10}
hardware: {timing: {forward: 2, backward: 3, update: 4}, tile: {rows: 64, columns: 64}}
pipeline: {stages: [[a], [b, c, d]], schedule: async}
training: {samples: 64}
"""


def assembled(share: Any, stages: Any = (("a",), ("b", "c", "d")), **parts: Any) -> Assembly:
    scenario, _ = scenario_from_data(
        {
            "name": "shared",
            "model": {
                "input": [16],
                "layers": [{"name": n, "type": "dense", "outputs": size} for n, size in SIZES.items()],
            },
            "hardware": {
                "timing": {"forward": 2, "backward": 3, "update": 4},
                "tile": {"rows": 64, "columns": 64},
                "placement": {"share": share},
            },
            "pipeline": {
                "stages": [list(names) for names in stages],
                "schedule": "async",
                **parts.pop("pipeline", {}),
            },
            "training": {"samples": 64, **parts.pop("training", {})},
        }
    )
    return assemble(scenario)


def test_a_shared_tile_is_counted_once_and_its_updates_add_up() -> None:
    first, second = stage_figures(assembled([["b", "d"]]))
    b, c, d = second.layers
    assert (first.tiles, second.tiles) == (1, 2)
    assert (b.beside, c.beside, d.beside) == (("d",), (), ("b",))
    assert [[layer.name for layer in group] for group in second.shared()] == [["b", "d"], ["c"]]
    (array,) = d.tiles
    assert (array.tile, array.row, array.column, array.rows, array.columns) == ("s2.b+d.r0c0", 30, 20, 20, 10)
    assert (second.cycles, d.cycles) == ((6, 9, 8), (2, 3, 4))
    assert period_of(assembled([["b", "d"]])).cycles == 6 + 9 + 8


def test_what_sharing_would_change_is_what_a_run_with_it_does() -> None:
    now = assembled([])
    found = {each.what: (each.period.cycles, each.tiles) for each in what_ifs(now) if "tile" in each.what}
    # b and c take 50 of 64 rows, so d goes on a tile of its own; U is 4 now and 8 with b and c on one tile.
    assert found["b and c on one tile"] == (6 + 9 + 8, 3)
    assert simulate(assembled([["b", "c"]]).scenario, train=False).summary["period_cycles"] == 6 + 9 + 8
    # With that in place, every layer could have its own again.
    back = {each.what: (each.period.cycles, each.tiles) for each in what_ifs(assembled("auto"))}
    assert back["every layer on a tile of its own"] == (6 + 9 + 4, 4)
    assert not any("on one tile" in what for what in back)


def test_layers_of_several_stages_are_named_apart_and_together() -> None:
    now = assembled([], [["a", "b"], ["c", "d"]])
    found = {each.what: (each.period.cycles, each.tiles) for each in what_ifs(now)}
    assert found["a and b on one tile"] == found["c and d on one tile"] == (4 + 6 + 8, 3)
    assert found["all 2 of these"] == (4 + 6 + 8, 2)


def test_the_command_shows_the_lines_of_each_layer_and_writes_a_document(tmp_path: Path) -> None:
    out = tmp_path / "plan.json"
    result = aimcsim_("floorplan", write(tmp_path, TEXT), "--set", "hardware.placement.share=[[d, b]]", "--out", out)
    assert result.exit_code == 0, result.output
    assert "2 stages, 3 tiles of 64x64" in result.output
    assert "s2.d+b.r0c0" in result.output
    assert "1x1 with b" in result.output
    found = json.loads(out.read_text())
    assert found["tiles"] == 3
    layers = {layer["name"]: layer for stage in found["stages"] for layer in stage["layers"]}
    assert layers["b"]["beside"] == ["d"]
    assert layers["b"]["arrays"] == [
        {"tile": "s2.d+b.r0c0", "row": 20, "column": 10, "rows": 30, "columns": 20, "copy": 0}
    ]
    assert found["period"] == {"cycles": 23.0, "how": "exact"}
    assert found["bottleneck"]["cycles"] == 23
    assert {"what", "period", "longest", "tiles"} == found["what_ifs"][0].keys()


@pytest.mark.parametrize("form", ["png", "svg"])
def test_the_drawing_of_a_shared_tile_is_the_same_every_time(form: Any) -> None:
    first = floorplan_picture(assembled([["b", "d"]]), form)
    assert first == floorplan_picture(assembled([["b", "d"]]), form)
    assert first != floorplan_picture(assembled([]), form)


def test_a_period_with_transfers_is_simulated_over_whole_rounds_of_them() -> None:
    """One stage: F 8, B 12, U 4; of the two arrays of a layer F and B use both at once, and T, after every third
    update, reads a line in 2 cycles and writes it in 4."""
    algorithm = {"name": "tiki-taka", "transfer_every": 3}
    found = period_of(assembled([], [list("abcd")], training={"algorithm": algorithm}))
    assert found.cycles == 8 + 12 + 4 + Fraction(2 + 4, 3)
    assert found.how.startswith("simulated: the middle half of ")
    # On one tile the four P go one after the other, and so do the four W.
    shared = period_of(assembled([["b", "c"]], [list("abcd")], training={"algorithm": algorithm}))
    assert shared.cycles == 8 + 12 + 8 + Fraction(4 + 8, 3)


def test_a_period_of_a_policy_is_that_of_its_run() -> None:
    greedy = assembled([["b", "d"]], pipeline={"schedule": "async-greedy"}, training={"samples": 4000})
    found = period_of(greedy)
    assert found.how.startswith("simulated")
    assert float(found.cycles) == simulate(greedy.scenario, train=False).summary["period_cycles"] == 23


def test_a_period_that_would_take_too_long_to_simulate_is_a_bound() -> None:
    parts: dict[str, Any] = {"training": {"algorithm": {"name": "tiki-taka", "transfer_every": 9999}}}
    found = period_of(assembled([], **parts))
    assert (found.cycles, found.how) == (6 + 9 + 4, AT_LEAST)
    assert period_of(assembled([])).how == EXACT
