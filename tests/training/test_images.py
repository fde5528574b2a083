"""Networks of images in the machine: bit for bit what plain loops compute, whatever the schedule, tiles and cuts."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from aimcsim.simulation import simulate
from tests.training.image_scenarios import IMAGES, SMALL_TILES
from tests.training.plain_network import plain_loop
from tests.training.replay import replay
from tests.training.scenarios import ANALOG, DIGITAL, digits, run, same_weights

SYNCHRONOUS: list[dict[str, Any]] = [
    {"schedule": "serial", "micro_batches": 2, "stages": 1},
    {"schedule": "gpipe", "micro_batches": 2, "stages": 3},
    {"schedule": "one-f-one-b", "micro_batches": 4, "stages": 5},
    {"schedule": "interleaved", "micro_batches": 2, "stages": 2},
]


def images(pipeline: dict[str, Any], **rest: Any) -> Any:
    given = {"model": IMAGES, "hardware": SMALL_TILES, "samples": 16, **rest}
    return digits({"micro_batch": 2, **pipeline}, **given)


@pytest.mark.parametrize("algorithm", [ANALOG, DIGITAL])
@pytest.mark.parametrize("pipeline", SYNCHRONOUS, ids=lambda pipeline: pipeline["schedule"])
def test_a_synchronous_pipeline_equals_a_plain_loop(pipeline: dict[str, Any], algorithm: str) -> None:
    scenario = images(pipeline, algorithm=algorithm)
    found = run(scenario)
    with threadpool_limits(1):
        plain, losses = plain_loop(scenario, pipeline["micro_batches"])
    assert [found.losses[k] for k in range(len(losses))] == [loss / 2 for loss in losses]
    assert same_weights(found.weights, plain.final_weights())


ASYNCHRONOUS: list[tuple[dict[str, Any], str]] = [
    ({"schedule": "async", "stages": 3}, ANALOG),
    ({"schedule": "async-greedy", "stages": 4}, ANALOG),
    ({"schedule": "async", "stages": 5}, DIGITAL),
    ({"schedule": "pipedream", "stages": 4}, DIGITAL),
    ({"schedule": "pipedream-2bw", "stages": 3, "micro_batches": 4}, DIGITAL),
    ({"schedule": "zero-bubble-h1", "stages": 3, "micro_batches": 4}, DIGITAL),
]


@pytest.mark.parametrize(("pipeline", "algorithm"), ASYNCHRONOUS, ids=lambda value: str(value)[:30])
def test_an_asynchronous_run_is_what_its_log_says_evaluations_included(
    pipeline: dict[str, Any], algorithm: str
) -> None:
    """Every operation, norm and running moment reads what was committed at its cycle and nothing else."""
    together = pipeline.get("micro_batches", 1)
    scenario = images(pipeline, algorithm=algorithm, evaluate_every=4 * together)
    found = run(scenario)
    stale = found.result.summary["staleness"]["1"]
    assert (stale["forward_max"] > 0) == (pipeline["schedule"] != "zero-bubble-h1")
    with threadpool_limits(1):
        again = replay(scenario, found.rows, together, together)
    assert found.losses == {k: loss / 2 for k, loss in again.losses.items()}
    assert same_weights(found.weights, again.plain.final_weights())
    for _, row in pairwise(found.metrics):
        applied = row["samples"] // 2
        with threadpool_limits(1):
            tested = again.plain.test(again.copies[applied], again.biases[applied], row["samples"])
        assert (row["test_loss"], row["test_accuracy"]) == tested


def test_stages_of_digital_layers_alone_stand_beside_an_algorithm_with_transfers() -> None:
    layers = [
        layer | ({"digital": True, "bias": "digital"} if layer["name"] in ("c1", "c2") else {})
        for layer in IMAGES["layers"]
    ]
    rest: dict[str, Any] = {
        "model": {**IMAGES, "layers": layers},
        "algorithm": {"name": "tiki-taka", "transfer_every": 2},
    }
    one, four = (run(images({"schedule": "serial", "stages": stages}, **rest)) for stages in (1, 4))
    assert one.losses == four.losses
    assert same_weights(one.weights, four.weights)
    start = run(images({"schedule": "serial", "stages": 1}, **{**rest, "learning_rate": 0.0})).weights
    assert all((one.weights[name] != start[name]).any() for name in ("c1", "c2", "c3", "fc"))
    transfers = {row.tile.split(".")[1] for row in four.rows if row.op == "T"}
    assert transfers == {"c3", "fc"}


def test_splits_over_rows_and_columns_change_nothing_but_the_order_of_sums() -> None:
    """The products of four steps differ by rounding: 1e-4 of weights that move by 1e-2 is a hundred times above what
    the sums of at most 33 terms in ten layers may give (10 · 33 · 2^-24 = 2e-5), and a hundred times below the step.
    """
    ideal: dict[str, Any] = {"device": "ideal", "io": {"is_perfect": True}}
    pipeline = {"schedule": "one-f-one-b", "micro_batches": 2, "stages": 3}
    rest: dict[str, Any] = {"samples": 8, "learning_rate": 0.05}
    start = simulate(images(pipeline, hardware=ideal, **{**rest, "learning_rate": 0.0})).weights
    whole = simulate(images(pipeline, hardware=ideal, **rest)).weights
    parts = simulate(images(pipeline, hardware={**ideal, "tile": SMALL_TILES["tile"]}, **rest)).weights
    assert not same_weights(whole, parts)
    for name, matrix in whole.items():
        moved = float(np.abs(matrix - start[name]).max())
        assert float(np.abs(matrix - parts[name]).max()) <= max(1e-6, 1e-2 * moved), name
        assert moved > 0 or name.endswith(".mean"), name


def test_a_convolutional_network_learns_the_digits() -> None:
    """Asynchronously, through noisy converters, the last layer digital. It reaches 0.98; guessing gives 0.1."""
    model = {
        "input": [1, 8, 8],
        "layers": [
            {"name": "c1", "type": "conv2d", "outputs": 8, "kernel": 3, "padding": 1},
            {"name": "n1", "type": "batch-norm"},
            {"name": "f1", "type": "relu"},
            {"name": "p1", "type": "max-pool", "kernel": 2},
            {"name": "c2", "type": "conv2d", "outputs": 12, "kernel": 3},
            {"name": "f2", "type": "tanh"},
            {"name": "fc", "type": "dense", "outputs": 10, "digital": True},
        ],
    }
    pipeline = {"schedule": "async", "stages": 2, "micro_batch": 8}
    hardware = {"device": "ideal"}
    scenario = digits(pipeline, model=model, hardware=hardware, samples=4000, train=1437, test=360, learning_rate=0.1)
    assert simulate(scenario).summary["test_accuracy"] > 0.93
