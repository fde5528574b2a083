"""The update times of the papers come out of the machine's log, each with its derivation; f = 175 operations a ns."""

from __future__ import annotations

from typing import Any

import pytest

from tests.costs.runs import layer, nanoseconds, update_time

SGD: dict[str, Any] = {"name": "analog-sgd"}


def buffered(name: str, n_s: int = 2) -> dict[str, Any]:
    return {"name": name, "transfer_every": n_s, "threshold": 0.1}


def tiles(number: int, n_s: int = 2) -> dict[str, Any]:
    return {
        "name": "multi-tile-residual",
        "tiles": number,
        "transfer_every": n_s,
        "transfer_every_growth": n_s,
        "warm_start": False,
    }


def mixed(every: int, **rest: Any) -> dict[str, Any]:
    return {"name": "mixed-precision", "transfer_every": every, "threshold": 0.1, **rest}


@pytest.mark.parametrize(
    ("algorithm", "slots", "published"),
    [
        # 5·5 + 1024/f = 25 + 5.851
        (SGD, 5, 30.9),
        # (5 + 1/2)·5 + 40/2 + (1024 + 1024/2)/f = 27.5 + 20 + 8.777
        (buffered("tiki-taka-v2"), 5, 56.3),
        (buffered("c-tiki-taka-v2"), 5, 56.3),
        # 27.5 + 20 + (1024 + 3072/2)/f = 47.5 + 14.629
        (buffered("agad"), 5, 62.1),
        # n_s = 10 and one slot: (1 + 1/10)·5 + 40/10 + (1024 + 307.2)/f = 9.5 + 7.607
        (buffered("agad", 10), 1, 17.1),
    ],
)
def test_table_1_of_nat_commun_15_7133(algorithm: dict[str, Any], slots: int, published: float) -> None:
    assert round(float(update_time(512, 512, slots, algorithm, 20)), 1) == published


def test_mixed_precision_of_table_1_whose_pulses_are_single() -> None:
    # (2·512² + 512)/f = 2998.86, and 512 lines of one slot every 100 samples: 512/100 · 5 = 25.6
    assert round(float(update_time(512, 512, 1, mixed(100), 100)), 1) == 3024.5


def test_multi_tile_of_arxiv_2510_02516_is_the_limit_of_many_tiles() -> None:
    # 5·5·n_s/(n_s-1) + 40/(n_s-1) + 1024/f = 50 + 40 + 5.851 with n_s = 2. A transfer takes 40 + 25 = 65 ns; transfer j
    # is made every 2^j updates, j = 1 … N, so that 65·(1 - 2^-N) stands where the table has 65.
    for number, transfers in ((2, 1), (4, 3), (8, 7)):
        exact = 25 + 1024 / 175 + 65 * (1 - 0.5**transfers)
        assert float(update_time(512, 512, 5, tiles(number), 128)) == pytest.approx(exact, abs=2e-3)
    assert round(25 + 1024 / 175 + 65, 1) == 95.9


def test_latencies_of_arxiv_2502_06309_table_3() -> None:
    sgd = layer(512, 512, 32, SGD, 4)
    assert [nanoseconds(sgd, kind, 4) for kind in "FB"] == [40, 40]
    # 32 · 5 + 1024/f = 165.851
    update = round(float(nanoseconds(sgd, "U", 4)), 1)
    assert update == 165.9
    # Update of P, read of a line of P, write of it to W with the pre-processing of an update. The paper adds rounded
    # figures: 2 · 165.9 + 40 = 371.8, where the exact sum is 371.70.
    residual = layer(512, 512, 32, {"name": "residual-learning", "transfer_every": 1}, 4)
    assert float(nanoseconds(residual, "UT", 4)) == pytest.approx(2 * (160 + 1024 / 175) + 40, abs=4e-3)
    assert 2 * update + 40 == pytest.approx(371.8)


# arXiv 2510.02516, Table 7. D_in are the inputs: 512 of LeNet-5's 128 x 512, 4608 of ResNet-18's 512 x 4608.
LENET, RESNET = (512, 128), (4608, 512)


@pytest.mark.parametrize(
    ("shape", "algorithm", "published"),
    [
        (LENET, SGD, 30.9),  # as above: 512 inputs
        (RESNET, SGD, 77.7),  # 25 + 9216/f = 25 + 52.663
        (LENET, buffered("tiki-taka-v2"), 56.3),
        (RESNET, buffered("tiki-taka-v2"), 126.5),  # 47.5 + 3·4608/f = 47.5 + 78.994
    ],
)
def test_runtimes_of_layers(shape: tuple[int, int], algorithm: dict[str, Any], published: float) -> None:
    assert round(float(update_time(*shape, 5, algorithm, 4)), 1) == published


def test_runtimes_of_layers_under_multi_tile() -> None:
    # 90 + 9216/f = 142.663, less what the transfers after the seventh would add: 65/128 = 0.508
    assert round(float(update_time(*RESNET, 5, tiles(8), 128)) + 65 / 128, 1) == 142.7


@pytest.mark.parametrize(
    ("shape", "mini_batch", "published"),
    [
        # (128·512 + 512)/f = 377.417, and 128/8 · 5 = 80
        (LENET, 8, 457.4),
        # (512·4608 + 4608)/f = 13508.023, and 512/128 · 5 = 20
        (RESNET, 128, 13528.0),
    ],
)
def test_runtimes_of_layers_under_mixed_precision_count_a_product_and_its_sum_once(
    shape: tuple[int, int], mini_batch: int, published: float
) -> None:
    # The table takes half the operations of Table 5, and as many writes as there are outputs.
    algorithm = mixed(mini_batch, operations_per_weight=1, reads_per_transfer=shape[1])
    assert round(float(update_time(*shape, 1, algorithm, mini_batch)), 1) == published


def test_with_the_operations_of_table_5_the_digital_part_of_those_runtimes_doubles() -> None:
    algorithm = mixed(8, reads_per_transfer=128)
    # (2·128·512 + 512)/f = 751.909
    assert round(float(update_time(*LENET, 1, algorithm, 8)), 1) == round(751.909 + 80, 1)
