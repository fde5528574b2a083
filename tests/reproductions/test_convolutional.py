"""The claims of docs/reproductions/convolutional.md, one seed at fewer samples; the sweeps take far longer."""

from __future__ import annotations

import pytest

from aimcsim.sweep.points import sweep_points
from aimcsim.sweep.reading import read_sweep
from tests.reproductions.convolutional import pipelined
from tests.reproductions.mnist_fcn import EPOCH
from tests.reproductions.report import markdown
from tests.reproductions.short_runs import found, skip_without
from tests.reproductions.test_reproductions import run_points

TAUS = ("0.60", "0.70", "0.80")


@pytest.mark.long
def test_analog_sgd_is_the_better_the_larger_tau_and_behind_tiki_taka_at_each() -> None:
    # Some 6 minutes. The curves at 40 000: analog SGD 62.3, 71.8, 79.5 %, Tiki-Taka 80.8, 82.6, 85.6, digital 97.6.
    reached = found("analog-sgd-figure-5-cnn", 40_000)
    analog, tiki_taka = ([reached[f"{name} {tau}"] for tau in TAUS] for name in ("analog SGD", "Tiki-Taka"))
    assert analog[0] + 0.03 < analog[1] < analog[2] - 0.03
    assert all(two > one + 0.03 for one, two in zip(analog, tiki_taka, strict=True))
    assert reached["digital SGD 0.60"] > max(tiki_taka) + 0.05


@pytest.mark.long
@pytest.mark.parametrize("sweep", ["few-states-cnn-fashion-mnist", "few-states-cnn-mnist"])
def test_with_few_states_more_tiles_are_better_and_mixed_precision_is_best(sweep: str) -> None:
    # Some 6 minutes each. The curves at epoch 1, Fashion-MNIST: tiles 57.6, 59.7, 68.8 %, Tiki-Taka 41.3, 47.6, mixed
    # precision 79.3; MNIST: tiles 66.8, 85.0, 88.2 %, Tiki-Taka 70.2 and 82.7, mixed precision 97.0.
    reached = found(sweep, EPOCH)
    three, four, six = (reached[f"residual learning, {tiles} tiles"] for tiles in (3, 4, 6))
    assert three < four < six - 0.01
    assert reached["Tiki-Taka"] + 0.02 < reached["Tiki-Taka v2"] < six - 0.02
    assert reached["mixed precision"] > six + 0.05


@pytest.mark.long
def test_every_claim_of_the_four_stages_holds() -> None:
    # Some 8 minutes: all of the sweep, whose runs are short.
    name = "pipeline-few-states-cnn"
    skip_without(next(iter(sweep_points(read_sweep(name)))).scenario.data)
    report = pipelined(run_points(name))
    assert all(claim.holds for claim in report.claims), markdown(report)
