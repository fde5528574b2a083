"""The claims of docs/reproductions/mnist-fcn.md, one seed at fewer epochs; the sweeps take far longer."""

from __future__ import annotations

import pytest

from tests.reproductions.mnist_fcn import ALGORITHM, BY_LINE, EPOCH, name_of
from tests.reproductions.report import Row
from tests.reproductions.short_runs import found


def is_one_factor(settings: Row) -> bool:
    return not settings.get(BY_LINE)


@pytest.mark.long
def test_analog_sgd_is_at_chance_where_tiki_taka_learns_whatever_tau() -> None:
    # Some 4 minutes. The curves at epoch 4: analog SGD 10.3, 10.4, 11.3 %, Tiki-Taka 93.2, 93.7, 93.7, digital 95.7.
    reached = found("analog-sgd-figure-5", 4 * EPOCH, is_one_factor)
    tiki_taka = [reached[f"Tiki-Taka {tau}"] for tau in ("0.70", "0.78", "0.80")]
    assert max(reached[f"analog SGD {tau}"] for tau in ("0.70", "0.78", "0.80")) < 0.12
    assert min(tiki_taka) > 0.90
    assert max(tiki_taka) - min(tiki_taka) < 0.03
    assert reached["digital SGD 0.70"] > max(tiki_taka)


@pytest.mark.long
@pytest.mark.parametrize("sweep", ["few-states-fashion-mnist", "few-states-mnist"])
def test_with_few_states_more_tiles_are_better_and_mixed_precision_is_best(sweep: str) -> None:
    # Some 2 minutes each. The curves at epoch 2, Fashion-MNIST: tiles 68.7, 73.7, 75.9 %, Tiki-Taka 64.9, 52.2, mixed
    # precision 83.4; MNIST: tiles 82.2, 86.0, 89.2 %, Tiki-Taka 80.5 and 89.7, mixed precision 95.1.
    reached = found(sweep, 2 * EPOCH)
    three, four, six = (reached[f"residual learning, {tiles} tiles"] for tiles in (3, 4, 6))
    assert three + 0.01 < four
    assert four + 0.01 < six
    assert six > reached["Tiki-Taka"] + 0.03
    assert reached["mixed precision"] > six + 0.03


@pytest.mark.long
def test_on_the_power_response_two_arrays_learn_where_analog_sgd_stays_at_chance() -> None:
    # Some 2 minutes. The curves at epoch 2: residual learning 92.2 %, analog SGD 11.3.
    wanted = ("analog SGD", "residual learning")
    reached = found("residual-learning-fcn-power", 2 * EPOCH, lambda settings: name_of(settings[ALGORITHM]) in wanted)
    assert reached["analog SGD"] < 0.12
    assert reached["residual learning"] > 0.90
