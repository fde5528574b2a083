"""The coupling is real: from the op log and the kernels alone, every loss and every array comes out bit for bit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from threadpoolctl import threadpool_limits

from tests.training.replay import replay
from tests.training.scenarios import ANALOG, DIGITAL, digits, run, same_weights


@dataclass(frozen=True)
class Case:
    """A schedule; `mini_batch` micro-batches lie between its flushes (1: none), one U applies `per_update` of them."""

    pipeline: dict[str, Any]
    mini_batch: int = 1
    per_update: int = 1
    hardware: dict[str, Any] | None = None
    algorithms: tuple[str, ...] = (ANALOG, DIGITAL)


UNEVEN = {
    "timing": {
        "stages": [
            {"forward": 2, "backward": 3, "update": 1},
            {"forward": 1, "backward": 1, "update": 0},
            {"forward": 4, "backward": 2, "update": 5},
            {"forward": 1, "backward": 2, "update": 0},
        ]
    },
    "link": {"latency": 1},
}

FLUSHED = [
    ["0F0", "0F1", "", "0B0", "0B1"],
    ["", "1F0", "1B0", "1F1", "1B1"],
]
WITH_WEIGHT_GRADIENTS = [
    ["0F0", "0F1", "0B0", "0W0", "0B1", "0W1"],
    ["1F0", "1B0", "1F1", "1B1", "1W0", "1W1"],
]
FOLDED = [
    ["0F0", "0F1", "2F0", "2F1", "2B0", "2B1", "0B0", "0B1", "0U0", "0U1", "2U0", "2U1"],
    ["1F0", "1F1", "3F0", "3B0", "3F1", "3B1", "1B0", "1B1", "3U0", "3U1", "1U0", "1U1"],
]

CASES = {
    "serial": Case({"schedule": "serial", "micro_batches": 2}, 2),
    "gpipe": Case({"schedule": "gpipe", "micro_batches": 4}, 4),
    "one-f-one-b": Case({"schedule": "one-f-one-b", "micro_batches": 4}, 4),
    "one-f-one-b with fewer micro-batches than stages": Case({"schedule": "one-f-one-b", "micro_batches": 2}, 2),
    "interleaved": Case({"schedule": "interleaved", "stages": 2, "micro_batches": 4}, 4),
    "async": Case({"schedule": "async"}),
    "async with a long queue": Case({"schedule": "async", "max_in_flight": "2(M-m)+1"}),
    "async-greedy on uneven stages": Case({"schedule": "async-greedy", "max_in_flight": 6}, hardware=UNEVEN),
    "async-greedy on times that the data decides": Case({"schedule": "async-greedy"}),
    "pipedream": Case({"schedule": "pipedream"}, algorithms=(DIGITAL,)),
    "pipedream-2bw": Case({"schedule": "pipedream-2bw", "micro_batches": 4}, 4, 4, algorithms=(DIGITAL,)),
    "zero-bubble-h1": Case({"schedule": "zero-bubble-h1", "micro_batches": 4}, 4, 4, algorithms=(DIGITAL,)),
    "a table": Case({"schedule": {"table": FLUSHED}, "stages": 2, "micro_batches": 2}, 2),
    "a table, updates after each backward": Case(
        {"schedule": {"table": FLUSHED}, "stages": 2, "micro_batches": 2, "update": "after-backward"}
    ),
    "a table of weight gradients": Case(
        {"schedule": {"table": WITH_WEIGHT_GRADIENTS}, "stages": 2, "micro_batches": 2}, 2, 2, algorithms=(DIGITAL,)
    ),
    "a table of two chunks": Case({"schedule": {"table": FOLDED}, "stages": 2, "micro_batches": 2, "chunks": 2}, 2),
}


@pytest.mark.parametrize(
    ("case", "algorithm"),
    [pytest.param(case, a, id=f"{name}, {a}") for name, case in CASES.items() for a in case.algorithms],
)
def test_a_replay_from_the_log_and_the_kernels_gives_every_loss_every_evaluation_and_the_final_arrays(
    case: Case, algorithm: str
) -> None:
    pipeline = {"stages": 4, "micro_batch": 2, **case.pipeline}
    mini_batch = pipeline.get("micro_batches", 1)
    scenario = digits(pipeline, algorithm=algorithm, hardware=case.hardware, evaluate_every=2 * mini_batch)
    found = run(scenario)
    with threadpool_limits(1):
        again = replay(scenario, found.rows, case.mini_batch, case.per_update)
    total = 16
    assert sorted(again.losses) == list(range(total))
    assert found.losses == {k: loss / 2 for k, loss in again.losses.items()}
    assert same_weights(found.weights, again.plain.final_weights())

    rows = found.metrics
    assert [row["samples"] for row in rows] == list(range(0, 2 * total + 1, 2 * mini_batch))
    for before, row in pairwise(rows):
        applied, window = row["samples"] // 2, range(before["samples"] // 2, row["samples"] // 2)
        assert row["train_loss"] == math.fsum(again.losses[k] for k in window) / (2 * len(window))
        # Each stage's arrays as they were when it had committed that update, whenever the others had theirs.
        with threadpool_limits(1):
            tested = again.plain.test(again.copies[applied], again.biases[applied], row["samples"])
        assert (row["test_loss"], row["test_accuracy"]) == tested
        assert row["cycle"] == again.cycle[applied]

    # Rule 5: the pulses that the replay counts are what the updates took, one cycle each beside one a sample.
    for row in found.rows:
        if row.op == "U" and case.hardware is None and case.per_update == 1:
            assert row.end - row.start == 2 * 1 + again.slots[row.tile, row.micro_batch]


def test_trains_of_pulses_have_lengths_that_the_data_decides() -> None:
    found = run(digits({"schedule": "async", "stages": 4, "micro_batch": 2}))
    assert found.result.summary["durations"] == "measured"
    lengths = {row.end - row.start for row in found.rows if row.op == "U"}
    assert len(lengths) > 5
    # Never more than the nominal 31 slots a sample.
    assert max(lengths) <= 2 * (1 + 31)
