"""Leak, diffusion and drift against their closed forms, and how cutting time into operations must not matter.

Statistical tests allow |z| such that a right program fails a test with probability 1e-6.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aimcsim.assembly import assemble
from aimcsim.crossbar import AnalogTile
from aimcsim.errors import FieldErrors
from aimcsim.scenario.load import scenario_from_data
from aimcsim.simulation import simulate
from tests.crossbar.helpers import EXACT_COUNTS, PERFECT, UNSCALED, mean_z, normal_limit, variance_z

LIMIT = normal_limit(1e-6, tests=6)
SHAPE = (150, 200)
PLAIN: dict[str, Any] = {
    "dw_min": 0.01,
    "dw_min_dtod": 0.0,
    "dw_min_std": 0.0,
    "w_max_dtod": 0.0,
    "w_min_dtod": 0.0,
    "up_down_dtod": 0.0,
}


def tile_of(weights: Any, name: str = "constant-step", **more: Any) -> AnalogTile:
    matrix = np.asarray(weights, float)
    device = {"name": name, **PLAIN, **more}
    return AnalogTile(*matrix.shape, device=device, io=PERFECT, pulses=EXACT_COUNTS, mapping=UNSCALED, weights=matrix)


@pytest.mark.parametrize("name", ["constant-step", "soft-bounds"])
@pytest.mark.parametrize("seconds", [0.01, 0.3, 2.0, 500.0])
def test_a_leak_decays_toward_reset_by_the_exponential_of_time(name: str, seconds: float) -> None:
    tile = tile_of([[0.4, -0.2]], name, leak_lifetime_s=0.5, reset=0.1)
    tile.elapse(seconds)
    expected = 0.1 + (np.array([0.4, -0.2]) - 0.1) * np.exp(-seconds / 0.5)
    np.testing.assert_allclose(tile.weights[0], expected, atol=2e-7)


@pytest.mark.parametrize("pieces", [3, 100, 20_000, 300_000])
def test_a_leak_is_the_same_however_operations_cut_the_time(pieces: int) -> None:
    tile = tile_of([[0.4]], leak_lifetime_s=1.0)
    for _ in range(pieces):
        tile.elapse(1.0 / pieces)
    # At most 2⁻¹² of the weight is still due; 4096 applications round by half an ulp of 2⁻²⁵ each.
    assert tile.weights[0, 0] == pytest.approx(0.4 * np.exp(-1.0), rel=2.0**-12 + 4096 * 2.0**-25)


def test_lifetimes_are_spread_from_device_to_device() -> None:
    tile = tile_of(np.full(SHAPE, 0.5), leak_lifetime_s=10.0, lifetime_dtod=0.1)
    tile.elapse(1.0)
    lifetimes = -1.0 / np.log(tile.weights.astype(float) / 0.5)
    assert abs(mean_z(lifetimes, 10.0)) < LIMIT
    assert abs(variance_z(lifetimes, 1.0)) < LIMIT


def test_per_mini_batch_only_updates_age_and_each_by_one_part_in_the_lifetime() -> None:
    tile = tile_of([[0.4]], time_convention="per-mini-batch", lifetime=50.0)
    tile.elapse(1e6)
    assert tile.weights[0, 0] == np.float32(0.4)
    for _ in range(20):
        tile.update([[1.0]], [[0.0]], 0.1)
    assert tile.weights[0, 0] == pytest.approx(0.4 * (1.0 - 1.0 / 50.0) ** 20, rel=1e-6)


def test_devices_whose_lifetime_comes_out_below_an_update_forget_at_once_however_long_the_mean() -> None:
    # A relative spread of 1 makes lifetime(1 + ξ) negative with probability Φ(−1) = 0.158655. The others wait for their
    # leak until it is 2⁻¹² for the mean lifetime: nothing has happened to them yet.
    tile = tile_of(np.full(SHAPE, 0.4), time_convention="per-mini-batch", lifetime=1e6, lifetime_dtod=1.0, reset=0.1)
    tile.update(np.zeros((1, SHAPE[1])), np.zeros((1, SHAPE[0])), 0.1)
    forgotten = tile.weights == np.float32(0.1)
    share, expected = forgotten.mean(), 0.158655
    assert abs(share - expected) < LIMIT * np.sqrt(expected * (1.0 - expected) / forgotten.size)
    np.testing.assert_array_equal(tile.weights[~forgotten], np.float32(0.4))


def test_simulated_time_does_not_age_by_updates() -> None:
    tile = tile_of([[0.4]], leak_lifetime_s=1e-3, lifetime=2.0)
    tile.update([[1.0]], [[0.0]], 0.1)
    assert tile.weights[0, 0] == np.float32(0.4)


@pytest.mark.parametrize("pieces", [1, 16])
def test_diffusion_has_a_variance_proportional_to_time(pieces: int) -> None:
    tile = tile_of(np.zeros(SHAPE), diffusion_per_root_s=0.02)
    for _ in range(pieces):
        tile.elapse(4.0 / pieces)
    assert abs(mean_z(tile.weights, 0.0)) < LIMIT
    assert abs(variance_z(tile.weights, 0.02**2 * 4.0)) < LIMIT


def test_diffusion_has_other_noise_at_each_operation_and_the_same_in_each_run() -> None:
    first, second = (tile_of(np.zeros(SHAPE), diffusion_per_root_s=0.02) for _ in "ab")
    for tile in (first, second):
        tile.elapse(1.0)
    one = first.weights
    for tile in (first, second):
        tile.elapse(1.0)
    np.testing.assert_array_equal(first.weights, second.weights)
    assert abs(mean_z(one * (first.weights - one), 0.0)) < LIMIT
    assert abs(mean_z(one[:, 1:] * one[:, :-1], 0.0)) < LIMIT
    assert abs(mean_z(one[1:] * one[:-1], 0.0)) < LIMIT


def test_diffusion_stays_within_the_bounds() -> None:
    tile = tile_of(np.full(SHAPE, 0.59), diffusion_per_root_s=1.0)
    tile.elapse(1.0)
    assert np.abs(tile.weights).max() <= np.float32(0.6)
    assert (tile.weights == np.float32(0.6)).mean() > 0.3


@pytest.mark.parametrize("pieces", [1, 7, 1000])
def test_drift_follows_the_power_law_since_the_last_write(pieces: int) -> None:
    tile = tile_of([[0.4, -0.2]], drift_nu=0.05, drift_t0_s=2.0)
    for _ in range(pieces):
        tile.elapse(1.0 / pieces)
    np.testing.assert_allclose(tile.weights[0], [0.4, -0.2], rtol=1e-6)  # younger than t0
    for _ in range(pieces):
        tile.elapse(199.0 / pieces)
    np.testing.assert_allclose(tile.weights[0], np.array([0.4, -0.2]) * 100.0**-0.05, rtol=2e-6)


def test_a_write_restarts_the_drift_of_the_cells_it_reaches_only() -> None:
    tile = tile_of([[0.4, 0.4]], drift_nu=0.1, drift_t0_s=1.0)
    tile.elapse(10.0)
    tile.update([[1.0, 0.0]], [[-1.0]], 0.0175)  # two pulses up on the first cell
    written = 0.4 * 10.0**-0.1 + 0.02
    np.testing.assert_allclose(tile.weights[0], [written, 0.4 * 10.0**-0.1], rtol=2e-6)
    tile.elapse(20.0)
    np.testing.assert_allclose(tile.weights[0], [written * 20.0**-0.1, 0.4 * 30.0**-0.1], rtol=2e-6)


def test_a_pair_leaks_on_both_sides_and_write_noise_stays_until_the_next_write() -> None:
    single = {"name": "constant-step", **PLAIN, "leak_lifetime_s": 1.0}
    pair = AnalogTile(1, 1, device={"name": "one-sided", "device": single}, pulses=EXACT_COUNTS, mapping=UNSCALED)
    pair.update([[1.0]], [[-1.0]], 0.2975)
    pair.update([[1.0]], [[1.0]], 0.0975)
    pair.elapse(0.5)
    np.testing.assert_allclose(pair.state()["hidden"].ravel(), np.array([0.3, 0.1]) * np.exp(-0.5), atol=1e-6)
    assert pair.weights[0, 0] == pytest.approx(0.2 * np.exp(-0.5), abs=1e-6)
    noisy = tile_of(np.full((20, 20), 0.3), leak_lifetime_s=1.0, write_noise_std=3.0)
    before = noisy.weights - 0.3
    noisy.elapse(1.0)
    np.testing.assert_allclose(noisy.weights - 0.3 * np.exp(-1.0), before, atol=1e-6)


# ---------------------------------------------------------------------------- in a scenario


def small(schedule: str, **device: Any) -> dict[str, Any]:
    return {
        "name": "leak",
        "model": {"input": [64], "layers": [{"name": f"fc{n}", "type": "dense", "outputs": 10} for n in range(3)]},
        "data": {"name": "digits", "train": 64, "test": 20},
        "hardware": {
            "timing": {"forward": 1, "backward": 1, "update": 1, "per": "action", "clock_ns": 100},
            "device": {"name": "capacitor", "time_convention": "simulated", "lifetime": 0.0, **device},
        },
        "pipeline": {"stages": 3, "schedule": schedule, "micro_batch": 2, "micro_batches": 4},
        "training": {"learning_rate": 0.05, "reduction": "sum", "epochs": 1},
    }


def losses(schedule: str, **device: Any) -> tuple[float, int]:
    summary = simulate(scenario_from_data(small(schedule, **device))[0]).summary
    return summary["train_loss"], summary["makespan_cycles"]


def test_only_the_leak_makes_a_serial_and_a_pipelined_run_differ() -> None:
    (serial, long), (pipelined, short) = losses("serial"), losses("gpipe")
    assert serial == pipelined
    assert long > 1.5 * short
    (serial, _), (pipelined, _) = losses("serial", leak_lifetime_s=1e-5), losses("gpipe", leak_lifetime_s=1e-5)
    assert serial != pipelined
    assert losses("serial", leak_lifetime_s=1e-5)[0] == serial


def test_devices_that_change_with_time_need_a_clock() -> None:
    scenario = small("serial", leak_lifetime_s=1.0)
    del scenario["hardware"]["timing"]["clock_ns"]
    with pytest.raises(FieldErrors, match="needs clock_ns, because hardware"):
        assemble(scenario_from_data(scenario)[0], training_samples=64)
