"""Storage and area of arXiv 2510.02516 from the layers of its networks, and the energy of an image."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from aimcsim.costs.area import area_of
from aimcsim.costs.prices import Price
from aimcsim.hardware.floorplan import Floorplan, Unit
from aimcsim.hardware.splitting import split
from aimcsim.learning.memory import digital_memory
from aimcsim.scenario.algorithm_spec import Agad, AnalogSGD, ChoppedTikiTaka, MixedPrecision, MultiTileResidual
from aimcsim.scenario.algorithm_spec import TikiTakaV2 as TTv2
from tests.costs.runs import layer

#: (inputs, outputs) of the unrolled matrices, without biases: 5x5 convolutions of 1 → 16 → 32 channels, 512-128-10.
LENET = [(25, 16), (400, 32), (512, 128), (128, 10)]
#: layer3, layer4 and fc of ResNet-18 with 100 outputs: a first block that halves the image, with its 1x1 shortcut.
RESNET = [
    *[(128 * 9, 256), (256 * 9, 256), (128, 256), (256 * 9, 256), (256 * 9, 256)],
    *[(256 * 9, 512), (512 * 9, 512), (256, 512), (512 * 9, 512), (512 * 9, 512)],
    (512, 100),
]

SGD = AnalogSGD(name="analog-sgd")
TT = TTv2(name="tiki-taka-v2", transfer_every=2)
TILES = MultiTileResidual(name="multi-tile-residual")


def mixed(every: int) -> MixedPrecision:
    return MixedPrecision(name="mixed-precision", transfer_every=every)


def stored(algorithm: Any, layers: list[tuple[int, int]]) -> int:
    return sum(digital_memory(algorithm, *shape, 1).stored_bytes for shape in layers)


@pytest.mark.parametrize(
    ("layers", "algorithm", "unit", "published"),
    [
        # 2·(25 + 400 + 512 + 128) = 2130 bytes
        (LENET, SGD, 1000, "2.13"),
        (LENET, TILES, 1000, "2.13"),
        # 80 016 weights + 2130 = 82 146 bytes: 80.2 in units of 1024, unlike the 2.13 beside it
        (LENET, TT, 1024, "80.2"),
        # 80 016 + 8 · 2130 = 97 056 bytes, in units of 1024
        (LENET, mixed(8), 1024, "94.8"),
        # 2 · 25 088 = 50 176 bytes; with the longer side of each layer it would be 50.9
        (RESNET, SGD, 1000, "50.2"),
        (RESNET, TILES, 1000, "50.2"),
        # 10 536 960 weights + 50 176 = 10 587 136 bytes
        (RESNET, TT, 1000, "1.06e+04"),
        # 10 536 960 + 128 · 50 176 = 16 959 488 bytes
        (RESNET, mixed(128), 1000, "1.7e+04"),
    ],
)
def test_storage_of_table_6(layers: list[tuple[int, int]], algorithm: Any, unit: int, published: str) -> None:
    assert f"{stored(algorithm, layers) / unit:.3g}" == published


def test_what_moves_for_a_sample_in_table_1_of_nat_commun_15_7133() -> None:
    # 16N/n_s, 18N/n_s and 50N/n_s bits with n_s = 2, 16N²/B with B = 100; nothing beside the vectors for the others.
    n = 512
    moved = [
        digital_memory(algorithm, n, n, 1).bits_moved
        for algorithm in (
            SGD,
            TT,
            ChoppedTikiTaka(name="c-tiki-taka-v2", transfer_every=2),
            Agad(name="agad", transfer_every=2),
            mixed(100),
            TILES,
        )
    ]
    assert moved == [0, 8 * n, 9 * n, 25 * n, Fraction(16 * n * n, 100), 0]
    # O(3N² + 2N)
    assert digital_memory(Agad(name="agad"), n, n, 1).stored_bytes == 3 * n * n + 2 * n


def area(layers: list[tuple[int, int]], devices_per_weight: int = 1) -> float:
    units = tuple(
        Unit(number, f"s1.l{number}.r0c0", 0, 0, f"l{number}", "tile", split(outputs, inputs, outputs, inputs)[0], 0)
        for number, (inputs, outputs) in enumerate(layers)
    )
    # 400 nm · 400 nm
    prices = {"cell_um2": Price(Fraction("0.16"), "pitch")}
    found = area_of(Floorplan(1, 1, units, (), ()), prices, devices_per_weight, True).mm2
    assert found is not None
    return found


def test_areas_of_the_appendix() -> None:
    assert [f"{area(layers):.3g}" for layers in ([(4096, 4096)], [(512, 128)], LENET, RESNET)] == [
        "2.68",
        "0.0105",
        "0.0128",
        "1.69",
    ]
    # A differential pair is two physical tiles a layer.
    assert area(LENET, 2) == 2 * area(LENET)


def per_image(algorithm: Any, energy: dict[str, Any], samples: int = 8) -> dict[str, float]:
    """Nanojoules of an image, by line."""
    result = layer(512, 128, 10, algorithm, samples, energy=energy)
    return {line["what"]: line["joules"] * 1e9 / samples for line in result.summary["energy"]["lines"]}


def residual(tiles: int) -> float:
    """Without the writes of transfers, which the table leaves out: one transfer an image, priced by its read."""
    algorithm = {
        "name": "multi-tile-residual",
        "tiles": tiles,
        "transfer_every": [1] + [10**9] * (tiles - 2),
        "warm_start": False,
    }
    lines = per_image(algorithm, {"forward_pj": 7290, "backward_pj": 2150, "update_pj": 5530})
    assert lines.pop("transfer writes (lines)") == pytest.approx(5.53)
    return sum(lines.values())


def test_energy_of_an_image_of_table_8() -> None:
    # 0.1107 W · 50 ns = 5.535, printed 5.53; 5.53 + 7.29 = 12.82; 7.29 + 2.15 = 9.44
    for tiles in (2, 3, 7, 8):
        assert residual(tiles) == pytest.approx(12.82 + 9.44 * tiles)
    # Mixed precision: 62.03 of its 2·512·128 + 512 operations, and 21.21 of F and B together; 83.24.
    operations = 2 * 512 * 128 + 512
    energy = {"forward_pj": 21_210, "backward_pj": 0, "digital_pj": 62_030 / operations}
    precise = sum(per_image({"name": "mixed-precision", "threshold": 0.1, "transfer_every": 8}, energy).values())
    assert precise == pytest.approx(83.24)
    assert residual(7) < precise < residual(8)
