"""The shipped convolutional scenarios: what they compare, and which convolution holds up the others."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import ceil
from typing import Any

import pytest

from aimcsim.errors import DataMissing
from aimcsim.loading import load_scenario
from aimcsim.simulation import simulate


def summary(name: str, *settings: str) -> dict[str, Any]:
    """Of a run without numbers."""
    return simulate(load_scenario(name, ["training.samples=160", "trace.ops=none", *settings]), train=False).summary


def test_the_three_runs_of_lenet_differ_in_their_schedule_alone() -> None:
    serial, sync, asynchronous = (
        load_scenario(f"lenet-fashion-mnist-{each}").model_dump() for each in ("serial", "sync", "async")
    )
    for other in (sync, asynchronous):
        assert other.pop("name") != serial["name"]
        assert other["pipeline"].pop("schedule") != serial["pipeline"]["schedule"]
    del serial["name"], serial["pipeline"]["schedule"]
    assert serial == sync == asynchronous


@pytest.mark.parametrize("schedule", ["serial", "sync", "async"])
def test_lenet_transfers_once_in_8_samples_under_a_flush_too(schedule: str) -> None:
    settings = ["training.epochs=null", "training.samples=160", "trace.fast_forward=never"]
    ops = simulate(load_scenario(f"lenet-fashion-mnist-{schedule}", [*settings, "trace.ops=all"]), train=False).ops
    assert ops is not None
    counted = Counter((row["tile"], row["op"]) for row in ops.to_pylist() if row["stage"] == 5)
    assert counted["s5.fc3.r0c0.P", "U"] == 160
    assert counted["s5.fc3.r0c0.P", "T"] == counted["s5.fc3.r0c0", "T"] == 20


def test_a_convolution_at_1024_places_sets_the_period_of_resnet_18() -> None:
    """Stage 3 of 8 holds l1b1-conv2 alone: 576 inputs on two tiles of 288, 64 outputs, 2 samples of 1024 positions.

    F: 40 ns a product; the sum of the halves, norm, addition and activation take 1, 4, 1, 1 operations a value of 65536
    a sample, at 175 a ns. B: the same without the sum. U: 31 slots of 5 ns and 2 · 288 operations a position.
    """
    products = 2 * 1024
    values = Fraction(products * 64, 175)
    forward = products * 40 + ceil(values) + ceil(4 * values) + ceil(values) + ceil(values)
    backward = products * 40 + ceil(4 * values) + ceil(values) + ceil(values)
    update = ceil(products * (31 * 5 + Fraction(2 * 288, 175)))
    found = summary("resnet-18-timing")
    assert (
        found["bottleneck"] == f"stage 3 (l1b1-conv2): F {forward} + B {backward} + U {update} = "
        f"{forward + backward + update} cycles per micro-batch"
    )
    assert found["period_cycles"] == forward + backward + update


def test_from_seven_stages_on_more_stages_make_resnet_18_no_faster() -> None:
    periods = [summary("resnet-18-timing", f"pipeline.stages={stages}")["period_cycles"] for stages in (1, 6, 7, 8)]
    assert periods[0] > periods[1] > periods[2] == periods[3]


@pytest.mark.parametrize(
    ("name", "settings", "layer"),
    [
        ("vgg-8-timing", [], "stage 2 (conv2)"),
        ("lenet-fashion-mnist-async", ["training.epochs=null", "training.algorithm=analog-sgd"], "stage 1 (conv1)"),
    ],
)
def test_the_bottleneck_is_a_convolution_of_the_largest_image(name: str, settings: list[str], layer: str) -> None:
    assert summary(name, *settings)["bottleneck"].startswith(f"{layer}: ")


@pytest.mark.parametrize(
    ("share", "tiles", "cells"),
    [
        ([], 5, 25 * 6 + 150 * 16 + 400 * 120 + 120 * 84 + 84 * 10),
        ([["fc2", "fc3"]], 4, 25 * 6 + 150 * 16 + 400 * 120 + (120 + 84) * (84 + 10)),
        ([["conv1", "conv2"], ["fc2", "fc3"]], 3, (25 + 150) * (6 + 16) + 400 * 120 + (120 + 84) * (84 + 10)),
    ],
)
def test_layers_of_lenet_on_one_tile_are_updated_in_turn_and_save_its_periphery(
    share: list[list[str]], tiles: int, cells: int
) -> None:
    """The table of docs/floorplan.md. U: 31 slots of 5 ns and 2 operations an input at 175 a ns, for 4 samples at every
    position, rounded up for each array; 0.16 um2 a cell and 0.1 mm2 a tile."""
    found = summary("lenet-shared-tile", f"hardware.placement.share={share}")
    sizes = {"conv1": (784, 25), "conv2": (100, 150), "fc1": (1, 400), "fc2": (1, 120), "fc3": (1, 84)}
    one = {name: ceil(4 * n * (31 * 5 + Fraction(2 * inputs, 175))) for name, (n, inputs) in sizes.items()}
    for stage, layers in ((1, ["conv1", "conv2"]), (2, ["fc1", "fc2", "fc3"])):
        on_tiles = [[*group] for group in share] + [[n] for n in layers if not any(n in group for group in share)]
        expected = max(sum(one[name] for name in group) for group in on_tiles if group[0] in layers)
        update = found["stage_actions"][str(stage)]["actions"]["U"]
        assert update["cycles"] == update["count"] * expected
    assert found["state"]["tiles"] == tiles
    assert found["area_mm2"] == pytest.approx(cells * 0.16e-6 + tiles * 0.1)


@pytest.mark.long
@pytest.mark.parametrize("name", ["vgg-8-subset", "resnet-18-subset"])
def test_a_deep_network_learns_320_images_asynchronously_over_four_stages(name: str) -> None:
    # Some 2 minutes each. Mean training loss of the second epoch 1.16 and 1.37, from 2.30 = ln 10; accuracy 43, 56 %.
    try:
        result = simulate(load_scenario(name))
    except DataMissing as error:
        pytest.skip(str(error))
    first, second = (row["train_loss"] for row in result.metrics.to_pylist()[1:])
    assert second < first < 2.3
    assert second < 1.7
    assert result.summary["test_accuracy"] > 0.25
    assert [result.summary["staleness"][stage]["forward_max"] for stage in "1234"] == [3, 2, 1, 0]


@pytest.mark.parametrize(
    ("name", "stage"),
    [("vgg-8-subset", "stage 2 (conv2): "), ("resnet-18-subset", "stage 1 (conv1+l1b1-conv1+l1b1-conv2+…): ")],
)
def test_what_holds_up_a_deep_network_is_its_largest_convolution_or_its_digital_ones(name: str, stage: str) -> None:
    assert summary(name, "training.epochs=null")["bottleneck"].startswith(stage)
