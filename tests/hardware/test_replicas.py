"""Copies of a layer share the products of a micro-batch, take every update, and cost what they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aimcsim.assembly import assemble
from aimcsim.errors import FieldErrors
from aimcsim.scenario.load import scenario_from_data
from aimcsim.simulation import simulate
from tests.oracles.list_scheduler import list_schedule
from tests.oracles.orders import async_1f1b
from tests.oracles.vocabulary import uneven

#: 7·7 = 49 positions, then one.
LAYERS: list[dict[str, Any]] = [
    {"name": "c", "type": "conv2d", "outputs": 4, "kernel": 2},
    {"name": "act", "type": "relu"},
    {"name": "fc", "type": "dense", "outputs": 10},
]
TIMES = {"forward": 2, "backward": 3, "update": 5}
ENERGY = {"forward_pj": 1, "backward_pj": 10, "update_pj": 100}


def scenario(replicas: dict[str, int], **parts: Any) -> Any:
    hardware = {"timing": TIMES, "device": "ideal", "placement": {"replicas": replicas}, **parts.pop("hardware", {})}
    found, _ = scenario_from_data(
        {
            "name": "copies",
            "model": {"input": [1, 8, 8], "layers": LAYERS},
            "data": {"name": "digits", "train": 64, "test": 16} if parts.pop("data", False) else {"name": "none"},
            "hardware": hardware,
            "pipeline": {"stages": 2, "schedule": "async", "micro_batch": 2, **parts.pop("pipeline", {})},
            "training": {"samples": 24, **parts.pop("training", {})},
        }
    )
    return found


def test_copies_divide_the_products_and_repeat_the_updates() -> None:
    # 98 products over 4 copies: 25, 25, 24, 24; the stage waits for the largest share.
    summary = simulate(scenario({"c": 4}), train=False).summary
    stage = summary["stage_actions"]["1"]["actions"]
    assert {kind: own["cycles"] // own["count"] for kind, own in stage.items()} == {
        "F": 25 * 2,
        "B": 25 * 3,
        "U": 98 * 5,
    }
    names = ["s1.c.r0c0", "s1.c.r0c0.x2", "s1.c.r0c0.x3", "s1.c.r0c0.x4"]
    assert [name for name in summary["utilisation"] if ".c." in name] == names
    busy = [summary["utilisation"][name] * summary["makespan_cycles"] for name in names]
    assert np.allclose(busy, [12 * (share * 5 + 490) for share in (25, 25, 24, 24)])


@pytest.mark.parametrize("copies", [1, 3, 200])
def test_the_makespan_is_that_of_a_list_scheduler_with_the_divided_times(copies: int) -> None:
    share = -(-98 // copies)
    times = uneven((share * 2, 2 * 2), (share * 3, 2 * 3), (98 * 5, 2 * 5))
    expected = max(action.end for action in list_schedule(async_1f1b(2, 12), times))
    assert simulate(scenario({"c": copies}), train=False).summary["makespan_cycles"] == expected


def test_products_cost_the_same_in_copies_and_updates_and_devices_as_often_as_there_are_copies() -> None:
    priced = {"energy": ENERGY, "area": {"tile_mm2": 1}}
    one = simulate(scenario({}, hardware=priced), train=False).summary
    four = simulate(scenario({"c": 4}, hardware=priced), train=False).summary
    lines = [{line["what"]: line["count"] for line in found["energy"]["lines"]} for found in (one, four)]
    # 24 samples; fc has one position.
    assert lines[0] == {"forward products": 24 * 50, "backward products": 24 * 50, "rank-one updates": 24 * 50}
    assert lines[1] == lines[0] | {"rank-one updates": 24 * (4 * 49 + 1)}
    assert (one["area_mm2"], four["area_mm2"]) == (2, 5)
    assert (one["state"]["devices"], four["state"]["devices"]) == (16 + 1960, 4 * 16 + 1960)


def test_digital_training_with_copies_gives_the_weights_of_a_run_without() -> None:
    training = {"algorithm": "digital-sgd", "samples": 32}
    runs = [simulate(scenario(copies, data=True, training=training)) for copies in ({}, {"c": 3, "fc": 2})]
    assert runs[0].summary["makespan_cycles"] > runs[1].summary["makespan_cycles"]
    assert runs[0].weights.keys() == runs[1].weights.keys()
    assert all(np.array_equal(runs[0].weights[name], runs[1].weights[name]) for name in runs[0].weights)


def test_analog_copies_are_timed_but_not_trained() -> None:
    found = scenario({"c": 2}, data=True)
    assert simulate(found, train=False).summary["status"] == "completed"
    with pytest.raises(FieldErrors, match="copies on analog arrays drift apart"):
        simulate(found)


def test_the_balance_of_stages_counts_the_divided_time() -> None:
    convolutions = [{"name": name, "type": "conv2d", "outputs": 4, "kernel": 2} for name in "cde"]
    model = {"input": [1, 8, 8], "layers": [*convolutions, LAYERS[2]]}
    groups = []
    for copies in ({}, {"c": 49}):
        data = scenario(copies).model_dump(exclude_unset=True)
        found, _ = scenario_from_data(data | {"model": model, "pipeline": {"stages": 2}})
        groups.append([chunk.layers for chunk in assemble(found).floorplan.chunks])
    # 49, 36, 25 positions and 1 of 10 cycles each: 490 | 360 + 250 + 10. In 49 copies c is 49 · (5 / 49 + 5) = 250,
    # and 250 + 360 | 250 + 10 is better than 250 | 620.
    assert groups == [[("c",), ("d", "e", "fc")], [("c", "d"), ("e", "fc")]]


@pytest.mark.parametrize(
    ("replicas", "hardware", "message"),
    [
        ({"none": 2}, {}, "hardware.placement.replicas.none: the model has no layer none"),
        ({"act": 2}, {}, "hardware.placement.replicas.act: act has no matrix to copy"),
        ({"c": 2}, {"timing": "unit"}, "hardware.placement.replicas: copies share products and need times per MVM"),
    ],
)
def test_copies_that_mean_nothing_are_refused(replicas: dict[str, int], hardware: Any, message: str) -> None:
    with pytest.raises(FieldErrors) as refused:
        assemble(scenario(replicas, hardware=hardware))
    assert str(refused.value.errors[0]).startswith(message)


def test_copies_of_several_arrays_a_shard_are_refused() -> None:
    with pytest.raises(FieldErrors, match="only algorithms with one array a shard"):
        assemble(scenario({"c": 2}, training={"algorithm": "tiki-taka"}))
