"""Several layers on one tile: their operations follow one another, everything else is as if they had their own."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from aimcsim.assembly import assemble
from aimcsim.errors import FieldErrors
from aimcsim.pipeline.machine import Machine
from aimcsim.scenario.load import scenario_from_data
from aimcsim.simulation import simulate
from tests.oracles.list_scheduler import list_schedule
from tests.oracles.orders import async_1f1b, serial
from tests.oracles.vocabulary import uneven
from tests.pipeline.machines import Recording, run_chain, run_with_restarts

#: Lines (inputs x outputs) and positions: c 4 x 4, 49; d 16 x 4, 36; e 16 x 4, 25; fc 100 x 12, 1; out 13 x 10, 1.
LAYERS: list[dict[str, Any]] = [
    *({"name": name, "type": "conv2d", "outputs": 4, "kernel": 2} for name in "cde"),
    {"name": "fc", "type": "dense", "outputs": 12},
    {"name": "act", "type": "tanh"},
    {"name": "out", "type": "dense", "outputs": 10, "bias": "analog"},
]
POSITIONS = {"c": 49, "d": 36, "e": 25, "fc": 1, "out": 1}
FORWARD, BACKWARD, UPDATE = 2, 3, 5
TIMES = {"forward": FORWARD, "backward": BACKWARD, "update": UPDATE}
QUICK = {"forward": 1, "backward": 1, "update": 1}
STAGES = [["c", "d"], ["e", "fc", "out"]]
MICRO_BATCH = 2


def scenario(share: Any, **parts: Any) -> Any:
    placement = {"share": share, **parts.pop("placement", {})}
    hardware = {"timing": TIMES, "device": "ideal", "placement": placement, **parts.pop("hardware", {})}
    found, _ = scenario_from_data(
        {
            "name": "shared",
            "model": {"input": [1, 8, 8], "layers": parts.pop("layers", LAYERS)},
            "data": {"name": "digits", "train": 64, "test": 16} if parts.pop("data", False) else {"name": "none"},
            "hardware": hardware,
            "pipeline": {"stages": STAGES, "micro_batch": MICRO_BATCH, **parts.pop("pipeline", {})},
            "training": {"samples": 24, **parts.pop("training", {})},
        }
    )
    return found


def summary(share: Any, **parts: Any) -> dict[str, Any]:
    return simulate(scenario(share, **parts), train=False).summary


def actions(found: dict[str, Any], stage: int) -> dict[str, int]:
    """Cycles of one action of each kind."""
    own = found["stage_actions"][str(stage)]["actions"]
    return {kind: figures["cycles"] // figures["count"] for kind, figures in own.items()}


def expected(share: list[list[str]], layers: list[str]) -> dict[str, int]:
    """F and B go layer by layer; of U every tile does what it has to one after the other, beside the other tiles."""
    lines = {name: MICRO_BATCH * POSITIONS[name] for name in layers}
    tiles = [*share, *([name] for name in layers if not any(name in group for group in share))]
    return {
        "F": sum(lines.values()) * FORWARD,
        "B": sum(lines.values()) * BACKWARD,
        "U": max(sum(lines.get(name, 0) for name in group) for group in tiles) * UPDATE,
    }


SHARES: list[list[list[str]]] = [
    [],
    [["c", "d"]],
    [["fc", "out"]],
    [["e", "fc"]],
    [["c", "d"], ["out", "e", "fc"]],
    [["d", "c"], ["e", "out"]],
]


@pytest.mark.parametrize("share", SHARES)
def test_an_update_takes_the_longest_sum_over_a_tile_and_products_what_they_took(share: list[list[str]]) -> None:
    found = summary(share)
    assert [actions(found, stage) for stage in (1, 2)] == [expected(share, layers) for layers in STAGES]
    assert found["state"]["tiles"] == 5 - sum(len(group) - 1 for group in share)
    assert (found["state"]["arrays"], found["state"]["devices"]) == (5, 16 + 64 + 64 + 1200 + 130)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("schedule", ["async", "serial"])
def test_the_makespan_is_that_of_a_list_scheduler_with_these_times(share: list[list[str]], schedule: str) -> None:
    both = [expected(share, layers) for layers in STAGES]
    times = uneven(*([each[kind] for each in both] for kind in "FBU"))
    if schedule == "serial":
        placed = list_schedule(serial(2, 12, 1), times, gate=1)
    else:
        placed = list_schedule(async_1f1b(2, 12), times)
    found = summary(share, pipeline={"schedule": schedule})
    assert found["makespan_cycles"] == max(action.end for action in placed)


def test_one_stage_alone_has_the_period_that_its_bottleneck_says() -> None:
    layers = [name for names in STAGES for name in names]
    share = [["c", "fc"], ["d", "e", "out"]]
    own = expected(share, layers)
    found = summary(share, pipeline={"stages": [layers]})
    assert own["U"] == 2 * (36 + 25 + 1) * UPDATE
    assert found["period_cycles"] == sum(own.values())
    assert f"F {own['F']} + B {own['B']} + U {own['U']} = {sum(own.values())} cycles" in found["bottleneck"]
    # The nominal steps that explain shows add up to the actions.
    for kind, cycles in own.items():
        steps = found["stage_actions"]["1"]["actions"][kind]["steps"]
        assert sum(step["cycles"] for step in steps) == cycles
    assert [step["unit"] for step in found["stage_actions"]["1"]["actions"]["F"]["steps"]] == [
        "s1.c+fc.r0c0 c", "s1.d+e+out.r0c0 d", "s1.d+e+out.r0c0 e", "s1.c+fc.r0c0 fc", "s1.d+e+out.r0c0 out",
    ]  # fmt: skip
    assert found["stage_actions"]["1"]["actions"]["U"]["steps"] == [{"unit": "s1.d+e+out.r0c0", "cycles": own["U"]}]


def test_a_tile_does_one_operation_at_a_time_and_its_row_says_of_which_layer() -> None:
    result = simulate(scenario([["fc", "e"]]), train=False)
    rows = [row for row in result.ops.to_pylist() if row["tile"] == "s2.fc+e.r0c0"]
    assert {row["layer"] for row in rows} == {"e", "fc"}
    assert set(result.summary["utilisation"]) >= {"s1.c.r0c0", "s2.fc+e.r0c0", "s2.out.r0c0"}
    ordered = sorted(rows, key=lambda row: (row["start"], row["end"]))
    assert all(one["end"] <= other["start"] for one, other in pairwise(ordered))
    of_one = [(row["op"], row["layer"]) for row in ordered if row["micro_batch"] == 3]
    # Layer by layer; in an update in the order of the network, whatever the order of the group.
    assert of_one == [("F", "e"), ("F", "fc"), ("B", "fc"), ("B", "e"), ("U", "e"), ("U", "fc")]
    busy = sum(row["end"] - row["start"] for row in rows)
    assert result.summary["utilisation"]["s2.fc+e.r0c0"] == busy / result.summary["makespan_cycles"]


def test_updates_of_no_length_on_one_tile_take_none() -> None:
    instant = {"timing": {"forward": 1, "backward": 1, "update": 0}}
    assert actions(summary([["c", "d"]], hardware=instant), 1) == {"F": 2 * 85, "B": 2 * 85, "U": 0}


def test_a_weight_gradient_takes_the_time_that_an_update_would() -> None:
    parts: dict[str, Any] = {
        "pipeline": {"schedule": "zero-bubble-h1", "micro_batches": 3},
        "training": {"algorithm": "digital-sgd"},
    }
    found = summary([["e", "fc"]], **parts)
    assert actions(found, 2)["W"] == expected([["e", "fc"]], STAGES[1])["U"]
    assert actions(found, 2)["U"] == 0


@pytest.mark.parametrize("algorithm", ["analog-sgd", "digital-sgd", "tiki-taka", "mixed-precision"])
@pytest.mark.parametrize("schedule", ["serial", "one-f-one-b", "async"])
def test_training_gives_the_same_bits_as_on_tiles_of_their_own(algorithm: str, schedule: str) -> None:
    """In fixed orders staleness does not depend on times, so nothing but the clock may change."""
    parts: dict[str, Any] = {
        "data": True,
        "hardware": {"device": {"name": "soft-bounds", "dw_min": 0.01}},
        "pipeline": {"schedule": schedule, "micro_batches": 2},
        "training": {"algorithm": algorithm, "samples": 64, "evaluate_every": 16},
    }
    alone, shared = (simulate(scenario(share, **parts)) for share in ([], [["c", "d"], ["fc", "out"]]))
    columns = ("samples", "train_loss", "test_loss", "test_accuracy")
    assert alone.metrics.select(columns).equals(shared.metrics.select(columns))
    assert all(np.array_equal(alone.weights[name], shared.weights[name]) for name in alone.weights)
    if algorithm in ("analog-sgd", "digital-sgd"):
        assert shared.summary["makespan_cycles"] > alone.summary["makespan_cycles"]


def test_arrays_of_one_role_share_a_tile_and_a_transfer_goes_through_it_layer_by_layer() -> None:
    parts: dict[str, Any] = {"training": {"algorithm": {"name": "tiki-taka", "transfer_every": 1}}}
    alone, shared = (summary(share, **parts) for share in ([], [["e", "out"]]))
    names = [name for name in shared["utilisation"] if name.startswith("s2.") and "act" not in name]
    assert names == ["s2.e+out.r0c0", "s2.e+out.r0c0.P", "s2.fc.r0c0", "s2.fc.r0c0.P"]
    assert (shared["state"]["arrays"], shared["state"]["tiles"]) == (10, 8)
    # One line of each array is read (a product), then one written (an update): side by side, or two after each other.
    assert actions(alone, 2)["T"] == FORWARD + UPDATE
    assert actions(shared, 2)["T"] == 2 * FORWARD + 2 * UPDATE
    assert actions(shared, 2)["U"] == expected([["e", "out"]], STAGES[1])["U"]


def test_a_shared_tile_saves_idle_power_and_periphery_and_costs_the_cells_between() -> None:
    priced = {
        "timing": {f"{name}_ns": cycles for name, cycles in TIMES.items()} | {"clock_ns": 1},
        "energy": {"idle_mw": 1, "forward_pj": 1},
        "area": {"cell_um2": 1, "tile_mm2": 1},
    }
    alone, shared = (summary(share, hardware=priced) for share in ([], [["e", "fc", "out"]]))
    lines = [{line["what"]: line for line in found["energy"]["lines"]} for found in (alone, shared)]
    assert [own["forward products"]["count"] for own in lines] == [24 * sum(POSITIONS.values())] * 2
    for found, own, tiles in ((alone, lines[0], 5), (shared, lines[1], 3)):
        busy = 24 * sum(POSITIONS.values()) * (FORWARD + BACKWARD + UPDATE)
        assert own["idle tile time (ns)"]["count"] == tiles * found["makespan_cycles"] - busy
    # e, fc and out: 16 x 4 + 100 x 12 + 13 x 10 cells apart, (16 + 100 + 13) x (4 + 12 + 10) on one tile.
    cells = [{line["what"]: line["count"] for line in found["area"]["lines"]} for found in (alone, shared)]
    assert cells == [{"devices": 16 + 64 + 64 + 1200 + 130, "tiles": 5}, {"devices": 16 + 64 + 129 * 26, "tiles": 3}]
    assert shared["energy"]["by_tile"].keys() == shared["utilisation"].keys()


def test_auto_puts_layers_of_a_stage_on_the_first_tile_with_rows_and_columns_for_them() -> None:
    def tiles(stages: Any, rows: int, columns: int, **placement: Any) -> list[str]:
        parts: dict[str, Any] = {"hardware": {"tile": {"rows": rows, "columns": columns}}, "placement": placement}
        return list(assemble(scenario("auto", pipeline={"stages": stages}, **parts)).floorplan.by_tile)

    one = [["c", "d", "e", "fc", "out"]]
    # 4 + 16 + 16 + 100 + 13 = 149 rows, 4 + 4 + 4 + 12 + 10 = 34 columns: five layers, named by the first.
    assert tiles(one, 149, 34) == ["s1.c+4.r0c0"]
    # Without the last column out does not fit; without the last row, the same.
    assert tiles(one, 149, 33) == tiles(one, 148, 34) == ["s1.c+3.r0c0", "s1.out.r0c0"]
    # c, d, e take 36 rows of 100, fc all 100 of the second; out goes back to the first.
    assert tiles(one, 100, 22) == ["s1.c+3.r0c0", "s1.fc.r0c0"]
    # fc is split over two tiles of 64 rows and shares none.
    assert tiles(one, 64, 32) == ["s1.c+3.r0c0", "s1.fc.r0c0", "s1.fc.r1c0"]
    assert tiles(STAGES, 512, 512) == ["s1.c+d.r0c0", "s2.e+fc+out.r0c0"]
    # Layers with copies, and those on tiles with a name, stay where they are.
    assert tiles(STAGES, 512, 512, replicas={"c": 2}) == [
        "s1.c.r0c0", "s1.c.r0c0.x2", "s1.d.r0c0", "s2.e+fc+out.r0c0",
    ]  # fmt: skip
    named = {"tiles": [{"name": "mine", "arrays": [{"layer": "fc"}]}]}
    assert tiles(STAGES, 512, 512, **named) == ["s1.c+d.r0c0", "s2.e+out.r0c0", "s2.mine.r0c0"]


def test_a_tile_with_a_name_holds_its_layers_where_the_scenario_says() -> None:
    arrays = [{"layer": "out", "row": 200, "column": 30}, {"layer": "fc", "row": 50}]
    parts: dict[str, Any] = {
        "placement": {"tiles": [{"name": "heads", "arrays": arrays}]},
        "hardware": {"area": {"cell_um2": 1}},
    }
    data = scenario([], **parts)
    floorplan = assemble(data).floorplan
    spots = {unit.layer: (unit.tile, unit.row, unit.column) for unit in floorplan.units if unit.shard is not None}
    assert spots["fc"] == ("s2.heads.r0c0", 50, 0)
    assert spots["out"] == ("s2.heads.r0c0", 200, 30)
    # The cells of the tile reach from its first line to the last that is used, row 212 and column 39.
    found = simulate(data, train=False).summary
    assert [line["count"] for line in found["area"]["lines"]] == [16 + 64 + 64 + 213 * 40]
    assert actions(found, 2)["U"] == expected([["fc", "out"]], STAGES[1])["U"]


def placed(**placement: Any) -> dict[str, Any]:
    return {"placement": {"share": [], **placement}}


def tile(name: str, *arrays: tuple[str, int, int]) -> dict[str, Any]:
    return {"name": name, "arrays": [{"layer": layer, "row": row, "column": c} for layer, row, c in arrays]}


@pytest.mark.parametrize(
    ("parts", "messages"),
    [
        (
            placed(share=[["c", "none", "act"], ["d", "c"], ["e", "fc", "d"]], replicas={"e": 2}),
            [
                "share.0.1: the model has no layer none (got 'none')",
                "share.0.2: act has no matrix to place (got 'act')",
                "share.1.1: c is on a tile already (got 'c')",
                "share.2.0: e has 2 copies: a layer with copies shares no tile (got 'e')",
                "share.2.2: d is on a tile already (got 'd')",
            ],
        ),
        (
            placed(share=[["d", "e"]]),
            ["share.0: layers on one tile must be in one stage (and chunk of it) (got 'd, e')"],
        ),
        (
            {**placed(share=[["fc", "out"]]), "tile": {"rows": 112, "columns": 21}},
            ["share.0: needs 113 rows and 22 columns of a tile of 112x21 (got 'fc, out')"],
        ),
        (
            {**placed(share=[["out", "fc"]]), "tile": {"rows": 50, "columns": 6}},
            [
                "share.0.0: out is on 2 tiles already: a layer that is split shares none (got 'out')",
                "share.0.1: fc is on 4 tiles already: a layer that is split shares none (got 'fc')",
            ],
        ),
        (
            {**placed(share="auto"), "timing": "unit"},
            ["share: layers on one tile work one after the other, which needs times per MVM, not per action"],
        ),
        (
            placed(tiles=[tile("t", ("fc", 0, 0), ("out", 99, 500), ("d", 200, 20)), tile("t", ("e", 0, 0))]),
            [
                "tiles.0.arrays.1.row: out takes rows 99 to 111, fc 0 to 99 (got 99)",
                "tiles.0: layers on one tile must be in one stage (and chunk of it) (got 'fc, out, d')",
                "tiles.1.name: another tile has this name (got 't')",
            ],
        ),
        (
            placed(tiles=[tile("fc", ("fc", 500, 505))], share=[["fc", "out"]]),
            [
                "tiles.0.name: a layer of the model has this name (got 'fc')",
                "tiles.0.arrays.0.row: fc takes rows 500 to 599, of a tile that has 512 (got 500)",
                "tiles.0.arrays.0.column: fc takes columns 505 to 516, of a tile that has 512 (got 505)",
                "share.0.0: fc is on a tile already (got 'fc')",
            ],
        ),
        (
            placed(replicas={"none": 2}, share=[["c", "nope"]]),
            [
                "replicas.none: the model has no layer none (got 2)",
                "share.0.1: the model has no layer nope (got 'nope')",
            ],
        ),
    ],
)
def test_what_can_not_share_a_tile_is_refused_all_at_once(parts: dict[str, Any], messages: list[str]) -> None:
    with pytest.raises(FieldErrors) as refused:
        assemble(scenario([], hardware=parts))
    assert [str(error) for error in refused.value.errors] == [f"hardware.placement.{message}" for message in messages]


def test_mistakes_of_stages_and_of_tiles_are_reported_together() -> None:
    parts: dict[str, Any] = {"pipeline": {"stages": [["c", "d"], ["e", "fc"]]}}
    for share, count in (("auto", 1), ([["c", "none"]], 2), ([["c", "out"]], 1)):
        with pytest.raises(FieldErrors) as refused:
            assemble(scenario(share, **parts))
        first, *others = refused.value.errors
        assert first.path == ("pipeline", "stages")
        assert len(others) == count - 1


def test_a_digital_layer_and_one_of_groups_share_no_tile() -> None:
    layers = [dict(layer) for layer in LAYERS]
    layers[1]["groups"], layers[4 - 1]["digital"] = 2, True
    with pytest.raises(FieldErrors) as refused:
        assemble(scenario([["c", "d"], ["fc", "out"]], layers=layers))
    assert [error.what for error in refused.value.errors] == [
        "d is on 2 tiles already: a layer that is split shares none",
        "fc is digital, on no array",
    ]


def test_an_interleaved_stage_shares_tiles_within_a_chunk_alone() -> None:
    parts: dict[str, Any] = {
        "pipeline": {
            "schedule": "interleaved", "stages": [["c", "d"], ["e"], ["fc"], ["out"]], "micro_batches": 4, "chunks": 2,
        }
    }  # fmt: skip
    assert actions(summary([["c", "d"]], **parts), 1)["U"] > 0
    with pytest.raises(FieldErrors, match="must be in one stage"):
        assemble(scenario([["d", "fc"]], **parts))


def test_a_machine_that_is_restarted_at_any_cycle_goes_on_with_what_waits_for_a_tile() -> None:
    found = scenario([["c", "d"], ["e", "fc", "out"]], hardware={"timing": QUICK}, training={"samples": 4})
    whole = run_chain(found)
    makespan = max(row.end for row in whole.rows)
    machine = Machine(assemble(found).plan, Recording(assemble(found)))
    queued = 0
    for cycle in range(1, makespan):
        machine.run_until(cycle)
        queued += any(stage.queued for stage in machine.state().stages)
    assert queued > makespan // 10
    for cycle in range(1, makespan, 67):
        assert run_with_restarts(assemble(found), [cycle]).all == whole.all, cycle
    assert run_with_restarts(assemble(found), range(1, makespan)).all == whole.all


def test_a_fast_forward_gives_the_figures_of_the_whole_run() -> None:
    parts: dict[str, Any] = {"training": {"samples": 2000}}
    share = [["c", "d"], ["e", "out"]]
    jumped, whole = (
        simulate(scenario(share, **parts).model_copy(update={"trace": trace}), train=False).summary
        for trace in (
            scenario(share).trace.model_copy(update={"fast_forward": how, "ops": "none"}) for how in ("always", "never")
        )
    )
    assert jumped["fast_forward"]
    assert not whole["fast_forward"]
    same = ("makespan_cycles", "period_cycles", "utilisation", "stage_actions", "staleness", "bottleneck")
    assert {name: jumped[name] for name in same} == {name: whole[name] for name in same}
