"""Times that follow from presets: shared ADCs, digital nodes, links in nanoseconds, another clock."""

from __future__ import annotations

from typing import Any

import pytest

from aimcsim.errors import FieldErrors, ScenarioError
from aimcsim.hardware.digital import node_operations
from aimcsim.hardware.floorplan import Floorplan, Unit
from aimcsim.hardware.presets import PRESETS
from aimcsim.hardware.splitting import split
from aimcsim.network.graph import chain_network
from aimcsim.scenario.cost_spec import AreaSpec, EnergySpec
from aimcsim.simulation import simulate
from tests.pipeline.machines import rows_of, scenario_of

TWO_LAYERS: dict[str, Any] = {
    "input": [100],
    "layers": [
        {"name": "fc1", "type": "dense", "outputs": 300},
        {"name": "act", "type": "tanh"},
        {"name": "fc2", "type": "dense", "outputs": 3},
    ],
}


def lengths(hardware: dict[str, Any], model: Any = None, micro_batch: int = 2, stages: int = 1) -> dict[str, Any]:
    """Cycles of one operation by tile and kind."""
    scenario = scenario_of(
        model=model or TWO_LAYERS,
        hardware=hardware,
        pipeline={"stages": stages, "schedule": "serial", "micro_batch": micro_batch},
        training={"samples": 4 * micro_batch},
    )
    rows = rows_of(simulate(scenario, train=False).ops)
    found: dict[str, Any] = {f"{row.tile.split('.', 1)[1]} {row.op}": row.end - row.start for row in rows}
    assert all(found[f"{row.tile.split('.', 1)[1]} {row.op}"] == row.end - row.start for row in rows)
    return found


def test_every_figure_of_every_preset_has_a_value_a_unit_and_a_source() -> None:
    for preset in PRESETS.values():
        for figure in (*preset.figures.values(), *preset.energy.values(), *preset.area.values()):
            assert float(figure.value) >= 0
            assert figure.unit
            assert figure.source
        assert preset.energy.keys() <= EnergySpec.model_fields.keys() - {"source"}
        assert preset.area.keys() <= {"cell_um2", "tile_mm2"} <= AreaSpec.model_fields.keys()
    assert not any(figure.verified for name, figure in PRESETS["rpu_2016"].figures.items() if name != "clock")


def test_derived_figures_follow_from_what_their_notes_say() -> None:
    panther, hermes = PRESETS["panther_2020"].energy, PRESETS["ibm_hermes_2023"]
    assert float(panther["forward_pj"].value) == 1.70 * 100
    assert float(panther["update_pj"].value) == pytest.approx(1.13 * 256)
    assert float(panther["conversion_pj"].value) == 1.8 * 100 / 128
    # 2 · 256² operations an MVM at 63.1 TOPS / 64 cores, and at 9.76 TOPS/W.
    operations = 2 * 256**2
    assert round(operations / (63.1e12 / 64) * 1e9) == float(hermes.figures["forward"].value)
    assert round(operations / 9.76e12 * 1e9, 1) * 1000 == float(hermes.energy["forward_pj"].value)


def test_columns_and_rows_that_share_an_adc_are_converted_in_turn() -> None:
    # 10 ns a conversion, 8 lines an ADC; fc2 has 3 outputs. Two samples, a train of 31 slots of 50 ns.
    found = lengths({"timing": "neurosim_v2_1"})
    assert found["fc1.r0c0 F"] == found["fc1.r0c0 B"] == 2 * 8 * 10
    assert (found["fc2.r0c0 F"], found["fc2.r0c0 B"]) == (2 * 3 * 10, 2 * 8 * 10)
    assert found["fc2.r0c0 U"] == 2 * 31 * 50
    own = {"clock_ns": 1, "forward_ns": 5, "backward_ns": 7, "conversion_ns": 0.5, "columns_per_adc": 5}
    found = lengths({"timing": own})
    # 2 · (5 + 5 · 0.5), 2 · (7 + 2.5); three lines: 2 · (5 + 1.5)
    assert (found["fc1.r0c0 F"], found["fc1.r0c0 B"], found["fc2.r0c0 F"]) == (15, 19, 13)


def test_digital_nodes_take_time_in_proportion_to_their_operations() -> None:
    # Three operations a ns, two samples. act reads 300 values: 200 ns. fc1 lies on 3 rows x 2 columns of tiles: F adds
    # 2 · 300 values a sample, 400 ns, B adds 1 · 100, 66.7 ns. fc2 on 8 x 1: F adds 7 · 3 values, 14 ns.
    timing = {"clock_ns": 1, "forward_ns": 1, "backward_ns": 1, "operations_per_ns": 3}
    found = lengths({"timing": timing, "tile": {"rows": 38, "columns": 150}})
    assert {name: cycles for name, cycles in found.items() if ".sum" in name or ".activation" in name} == {
        "act.activation F": 200,
        "act.activation B": 200,
        "fc1.sum F": 400,
        "fc1.sum B": 67,
        "fc2.sum F": 14,
    }


def test_an_addition_does_one_operation_for_each_value_that_it_adds_on() -> None:
    layers = [
        {"name": "a", "type": "dense", "outputs": 30},
        {"name": "b", "type": "relu"},
        {"name": "c", "type": "add", "inputs": ["a", "b"]},
        {"name": "d", "type": "dense", "outputs": 2, "inputs": ["c"]},
    ]
    timing = {"clock_ns": 1, "forward_ns": 1, "backward_ns": 1, "operations_per_ns": 1}
    found = lengths({"timing": timing}, {"input": [4], "layers": layers}, 1)
    assert (found["b.activation F"], found["c.activation F"]) == (30, 30)


def test_a_digital_node_with_a_matrix_does_a_product_and_a_sum_a_weight() -> None:
    shard = split(20, 30, 20, 30)[0]
    units = (
        Unit(0, "s1.a.r0c0", 0, 0, "a", "tile", shard, 0),
        Unit(1, "s1.a.activation", 0, 0, "a", "activation", shard, 0),
    )
    found = node_operations(chain_network(1), Floorplan(1, 1, units, (), ()))
    assert found == ((0, 0, 0), (1200, 1200, 1200))


def test_links_in_nanoseconds_are_rounded_up_to_cycles_once() -> None:
    # Two layers on two stages: 300 values of 1 byte for each of 2 samples at 40 bytes a ns take 15 ns; on a clock of
    # 2 ns that is 8 cycles, and 7 ns of latency are 4.
    timing = {"preset": "panther_2020", "clock_ns": 2}
    hardware = {"timing": timing, "link": {"latency_ns": 7, "bytes_per_ns": 40}}
    scenario = scenario_of(
        model=TWO_LAYERS,
        hardware=hardware,
        pipeline={"stages": 2, "schedule": "serial", "micro_batch": 2},
        training={"samples": 2},
    )
    rows = {(row.stage, row.op): row for row in rows_of(simulate(scenario, train=False).ops)}
    assert rows[1, "F"].end == 2 * 100 // 2
    assert rows[2, "F"].start - rows[1, "F"].end == rows[1, "B"].start - rows[2, "B"].end == 8 + 4


@pytest.mark.parametrize(
    ("hardware", "message"),
    [
        ({"link": {"latency_ns": 1}}, "hardware.link.latency_ns: needs a timing that says how long a cycle is"),
        (
            {"timing": "rasch_2024", "link": {"latency_ns": 1, "latency": 1}},
            "hardware.link.latency_ns: stands in place of latency",
        ),
        (
            {"timing": "rasch_2024", "link": {"bytes_per_ns": 1, "bandwidth": 1}},
            "hardware.link.bytes_per_ns: stands in place of bandwidth",
        ),
        ({"energy": {"idle_mw": 1}}, "hardware.energy.idle_mw: needs a timing that says how long a cycle is"),
        ({"timing": "ibm_hermes_2023"}, "ibm_hermes_2023 gives no update time, and training needs one"),
        ({"timing": {"preset": "rash", "clock_ns": 1}}, "hardware.timing.preset: must be one of ibm_hermes_2023"),
        ({"timing": {"preset": "unit", "clock_ns": 1}}, "unit counts in cycles and takes no clock_ns"),
        (
            {
                "timing": {
                    "clock_ns": 1,
                    "forward_ns": 1,
                    "backward_ns": 1,
                    "sum_ns": 1,
                    "operations_per_ns": 1,
                }
            },
            "operations_per_ns stands in place of sum_ns and activation_ns",
        ),
    ],
)
def test_what_does_not_go_together_is_an_error_that_says_so(hardware: dict[str, Any], message: str) -> None:
    with pytest.raises((FieldErrors, ScenarioError), match=message):
        lengths(hardware, stages=2)


def test_the_summary_says_where_figures_are_those_of_tiles_of_another_size() -> None:
    model = {"input": [100], "layers": [{"name": "fc", "type": "dense", "outputs": 3}]}
    for rows, noted in ((128, False), (512, True)):
        scenario = scenario_of(
            model=model,
            hardware={"timing": "panther_2020", "tile": {"rows": rows, "columns": 128}},
            pipeline={"stages": 1, "schedule": "serial"},
            training={"samples": 2},
        )
        notes = simulate(scenario, train=False).summary["notes"]
        assert any("panther_2020 gives figures of tiles of 128x128" in note for note in notes) == noted


def test_the_summary_says_which_figures_are_unverified() -> None:
    scenario = scenario_of(
        model={"chain": 2},
        hardware={"timing": "rpu_2016"},
        pipeline={"stages": 2, "schedule": "serial"},
        training={"samples": 2},
    )
    notes = simulate(scenario, train=False).summary["notes"]
    assert "hardware: rpu_2016's figures are unverified: forward, backward, update" in notes
