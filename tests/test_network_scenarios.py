"""The shipped convolutional scenarios: what they compare, and which convolution holds up the others."""

from __future__ import annotations

from collections import Counter
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
    del serial["name"], serial["pipeline"]["schedule"]
    assert serial == sync == asynchronous


@pytest.mark.parametrize("schedule", ["serial", "sync", "async"])
def test_lenet_transfers_once_in_8_samples_under_a_flush_too(schedule: str) -> None:
    settings = ["training.epochs=null", "training.samples=160", "trace.fast_forward=never"]
    ops = simulate(load_scenario(f"lenet-fashion-mnist-{schedule}", [*settings, "trace.ops=all"]), train=False).ops
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
