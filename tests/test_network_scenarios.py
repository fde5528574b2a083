"""The shipped convolutional scenarios: what they compare, and which convolution holds up the others."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import Any

import pytest

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
    # The flushing ones update once in 8 micro-batches, and transfer every time; the asynchronous one updates 8 times.
    assert [each["training"]["algorithm"].pop("transfer_every") for each in (serial, sync, asynchronous)] == [1, 1, 8]
    del serial["name"], serial["pipeline"]["schedule"]
    assert serial == sync == asynchronous


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
