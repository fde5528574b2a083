"""A grid of tiles against the one tile it stands for, and against the split of simulated layers."""

from __future__ import annotations

import numpy as np
import pytest

from aimcsim.crossbar import AnalogTile, FloatTile, TileArray
from aimcsim.hardware.splitting import split
from aimcsim.scenario.io_spec import IOSpec
from aimcsim.scenario.pulse_spec import PulseSpec
from tests.crossbar.helpers import PERFECT, equal_cells

EPSILON = 2.0**-24


def data(batch: int = 5, outputs: int = 23, inputs: int = 37) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(8)
    draws = [rng.uniform(-1, 1, shape) for shape in ((batch, inputs), (batch, outputs), (outputs, inputs))]
    return draws[0].astype(np.float32), draws[1].astype(np.float32), draws[2].astype(np.float32)


@pytest.mark.parametrize(("rows", "columns"), [(37, 23), (10, 23), (37, 7), (10, 7), (1, 1)])
def test_ideal_tiles_together_are_the_whole_matrix(rows: int, columns: int) -> None:
    x, d, w = data()
    array = TileArray(23, 37, rows=rows, columns=columns, device="ideal", io=PERFECT, weights=w)
    whole = FloatTile(23, 37, weights=w)
    np.testing.assert_array_equal(array.weights, w)
    # A float32 sum of n products, in any order, is within nε·Σ|w||x| of the exact one (ε = 2^-24), and n·ε ≪ 1.
    for got, other, bound in (
        (array.forward(x), whole.forward(x), 2 * 37 * EPSILON * np.abs(x) @ np.abs(w).T),
        (array.backward(d), whole.backward(d), 2 * 23 * EPSILON * np.abs(d) @ np.abs(w)),
    ):
        assert (np.abs(got - other) <= 1.001 * bound).all()
    assert array.update(x, d, 0.2) == whole.update(x, d, 0.2) == 0
    # Every cell takes its steps alone, so not a bit depends on the tile that it is on.
    np.testing.assert_array_equal(array.weights, whole.weights)


def test_deterministic_pulses_on_tiles_of_equal_cells_stay_close_to_the_whole() -> None:
    x, d, w = data()
    pulses = PulseSpec(pulse_type="deterministic-implicit", desired_bl=1000)
    parts = {"device": equal_cells(1e-3, 1e6), "io": PERFECT, "pulses": pulses}
    array = TileArray(23, 37, rows=10, columns=9, weights=w, **parts)
    array.update(x, d, 0.1)
    # Half a pulse a sample, whatever the train of each tile; and 500 pulses, each rounded to 2^-24 of a weight below 2.
    np.testing.assert_allclose(array.weights, w - 0.1 * d.T @ x, atol=5 * 0.5e-3 + 500 * 2.0**-23)


def test_tiles_are_split_named_and_keyed_as_those_of_a_simulated_layer() -> None:
    x, _, w = data()
    array = TileArray(23, 37, rows=10, columns=7, name="fc1", seed=5, weights=w)
    shards = split(23, 37, columns=7, rows=10)
    tiles = [tile for row in array.tiles for tile in row]
    assert [tile.name for tile in tiles] == [f"fc1.{shard.name}" for shard in shards]
    for tile, shard in zip(tiles, shards, strict=True):
        rows, columns = shard.outputs, shard.inputs
        alone = AnalogTile(
            rows.stop - rows.start, columns.stop - columns.start, seed=5, name=tile.name, weights=w[rows, columns]
        )
        np.testing.assert_array_equal(tile.weights, alone.weights)
        np.testing.assert_array_equal(
            tile.forward(x[:, columns], first_sample=9), alone.forward(x[:, columns], first_sample=9)
        )


def test_slots_are_those_of_the_longest_train_and_repetitions_are_counted_together() -> None:
    x, d, w = data()
    array = TileArray(23, 37, rows=10, columns=7, weights=w, io=IOSpec(out_bound=0.5))
    array.forward(x, first_sample=0)
    tiles = [tile for row in array.tiles for tile in row]
    assert array.repeated_products == sum(tile.repeated_products for tile in tiles) > 0
    other = TileArray(23, 37, rows=10, columns=7, weights=w)
    shards = split(23, 37, columns=7, rows=10)
    longest = max(
        tile.update(x[:, s.inputs], d[:, s.outputs], 0.01, first_sample=0)
        for tile, s in zip((tile for row in other.tiles for tile in row), shards, strict=True)
    )
    assert array.update(x, d, 0.01, first_sample=0) == longest


def test_what_does_not_fit_is_refused_and_changes_nothing() -> None:
    x, d, w = data()
    array = TileArray(23, 37, rows=10, columns=7, device="ideal", weights=w)
    d[0, -1] = np.nan
    with pytest.raises(ValueError, match="must be finite"):
        array.update(x, d, 0.1)
    np.testing.assert_array_equal(array.weights, w)
    with pytest.raises(ValueError, match="must have shape"):
        array.forward(x[:, 1:])
    with pytest.raises(ValueError, match="rows must be at least 1"):
        TileArray(2, 2, rows=0)
    array.elapse(1.0)
    with pytest.raises(ValueError, match="elapsed seconds"):
        array.elapse(-1.0)
