"""Writes and reads of single lines are the updates and the products with one input, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aimcsim.crossbar import AnalogTile, FloatTile
from aimcsim.crossbar.line_trains import FEWEST_LINES
from aimcsim.scenario.hardware_spec import IOSpec, MappingSpec, PulseSpec
from tests.crossbar.helpers import UNSCALED
from tests.crossbar.test_devices_trajectories import CASES, SPREAD

#: Rows for two strips of stepped devices, and a share of cells that one vector does not fill.
ROWS, LINES = 530, 20
PLAIN: dict[str, dict[str, Any]] = {
    "soft bounds": {"name": "soft-bounds"},
    "additive noise": {"name": "soft-bounds", "mult_noise": False},
    "no noise": {"name": "soft-bounds", "dw_min_std": 0.0},
    # Steps of a twelfth of the range: in closed form half of the cells are stepped pulse by pulse.
    "coarse": {"name": "soft-bounds", "dw_min": 0.05},
}
WORN = {"refresh_every": 3, "refresh_upper_thres": 0.1, "refresh_lower_thres": 0.05}
STEPPED: dict[str, dict[str, Any]] = {
    **{name: CASES[name][0] | SPREAD for name in CASES},
    "additive": {"name": "linear-step", "mult_noise": False, "gamma_up": 0.5, "gamma_down": 0.5},
    "write noise": {"name": "linear-step", "write_noise_std": 1.0},
    "drift": {"name": "constant-step", "drift_nu": 0.1},
    "pair": {"name": "one-sided", "device": {"name": "soft-bounds", "write_noise_std": 0.5}, **WORN},
    "curved pair": {"name": "one-sided", "device": CASES["power"][0] | SPREAD},
}
TRAINS: dict[str, dict[str, Any]] = {
    "managed": {},
    "one slot": {"desired_bl": 1, "fixed_bl": True, "update_management": False, "update_bl_management": False},
    "three words": {"desired_bl": 70, "update_bl_management": False},
    "two phases": {"pulse_type": "stochastic"},
    "implied": {"pulse_type": "deterministic-implicit"},
    "resolved": {"pulse_type": "mean-count", "res": 0.05, "sto_round": True},
}
#: Samples of a call, the largest |d| and the rate: long trains, a single slot, none at all, the other sign.
CALLS = ((1, 0.5, 0.05), (3, 0.02, 0.01), (2, 0.0, 0.1), (4, 0.5, -0.05), (2, 1.0, 0.4))


def one_hot(lines: np.ndarray, size: int = LINES) -> np.ndarray:
    return np.eye(size, dtype=np.float32)[lines]


def calls(rows: int = ROWS, size: int = LINES) -> list[tuple[np.ndarray, np.ndarray, float]]:
    rng = np.random.default_rng(1)
    return [
        (rng.integers(0, size, n), rng.uniform(-most, most, (n, rows)).astype(np.float32), rate)
        for n, most, rate in CALLS
    ]


def two_tiles(device: Any, rows: int = ROWS, size: int = LINES, **more: Any) -> tuple[AnalogTile, AnalogTile]:
    weights = np.random.default_rng(0).uniform(-0.5, 0.5, (rows, size))
    given = {"mapping": UNSCALED, "weights": weights} | more
    return AnalogTile(rows, size, device=device, **given), AnalogTile(rows, size, device=device, **given)


def assert_same_state(one: AnalogTile | FloatTile, other: AnalogTile | FloatTile) -> None:
    found, wanted = one.state(), other.state()
    for name, values in wanted.items():
        assert np.array_equal(found[name], values), name


def assert_same_writes(device: Any, rows: int = ROWS, size: int = LINES, **more: Any) -> None:
    """Writes of lines against updates with one input, all state compared after every call."""
    tile, wanted = two_tiles(device, rows, size, **more)
    before = wanted.weights
    for lines, d, rate in calls(rows, size):
        assert tile.update_lines(lines, d, rate) == wanted.update(one_hot(lines, size), d, rate)
        assert_same_state(tile, wanted)
    assert (wanted.weights != before).any()


@pytest.mark.parametrize("trains", TRAINS)
@pytest.mark.parametrize("stepping", ["closed-form", "exact"])
@pytest.mark.parametrize("device", PLAIN)
def test_a_write_of_soft_bounds_is_an_update_with_one_input(device: str, stepping: str, trains: str) -> None:
    pulses = PulseSpec.model_validate({"stepping": stepping, **TRAINS[trains]})
    assert_same_writes(PLAIN[device], pulses=pulses)


@pytest.mark.parametrize("trains", ["managed", "one slot", "three words", "implied"])
@pytest.mark.parametrize("stepping", ["closed-form", "exact"])
@pytest.mark.parametrize("device", STEPPED)
def test_a_write_of_any_other_device_is_an_update_with_one_input(device: str, stepping: str, trains: str) -> None:
    pulses = PulseSpec.model_validate({"stepping": stepping, **TRAINS[trains]})
    assert_same_writes(STEPPED[device], pulses=pulses)


@pytest.mark.parametrize("pulse_type", ["none", "none-with-device"])
def test_a_write_without_pulses_is_an_update_with_one_input(pulse_type: str) -> None:
    assert_same_writes("soft-bounds", pulses=PulseSpec.model_validate({"pulse_type": pulse_type}))
    assert_same_writes("ideal")


@pytest.mark.parametrize("size", [1, FEWEST_LINES - 1, FEWEST_LINES])
@pytest.mark.parametrize("stepping", ["closed-form", "exact"])
def test_narrow_arrays_are_written_as_they_are_updated(size: int, stepping: str) -> None:
    for device in ("soft-bounds", "constant-step"):
        pulses = PulseSpec.model_validate({"stepping": stepping, **TRAINS["one slot"]})
        assert_same_writes(device, size=size, pulses=pulses)


@pytest.mark.parametrize("mapping", [{"weight_scaling_columnwise": True}, {"learn_out_scaling": True}])
def test_factors_of_the_outputs_count_in_a_write(mapping: dict[str, bool]) -> None:
    assert_same_writes("soft-bounds", mapping=MappingSpec.model_validate(mapping))


@pytest.mark.parametrize("device", ["soft-bounds", "reram-es"])
@pytest.mark.parametrize("stepping", ["closed-form", "exact"])
def test_lines_written_together_are_lines_written_one_by_one(device: str, stepping: str) -> None:
    together, alone = two_tiles(device, pulses=PulseSpec.model_validate({"stepping": stepping}))
    rng = np.random.default_rng(2)
    # Twice in one call the same line, with trains of one and of many slots.
    lines = np.array([3, 7, 3, 19])
    d = (rng.uniform(-0.5, 0.5, (4, ROWS)) * [[1.0], [0.01], [0.02], [1.0]]).astype(np.float32)
    slots = together.update_lines(lines, d, 0.05, first_sample=40)
    assert slots == sum(alone.update_lines(lines[k : k + 1], d[k : k + 1], 0.05, first_sample=40 + k) for k in range(4))
    assert_same_state(together, alone) if device == "soft-bounds" else None
    assert np.array_equal(together.weights, alone.weights)


@pytest.mark.parametrize("device", ["soft-bounds", "constant-step", "ideal"])
def test_a_write_that_is_not_finite_changes_nothing(device: str) -> None:
    tile, before = two_tiles(device)
    d = np.full((2, ROWS), 0.5, np.float32)
    d[1, 7] = np.inf
    with pytest.raises(ValueError, match="infinity in sample 1"):
        tile.update_lines([0, 1], d, 0.05)
    assert np.array_equal(tile.weights, before.weights)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([LINES], f"from 0 to {LINES - 1}"),
        ([-1], "from 0 to"),
        ([0.5], "whole numbers"),
        ([[0]], "shape"),
        ([0, 1], "2 and 1"),
    ],
)
def test_lines_that_an_array_has_not_are_refused(lines: Any, words: str) -> None:
    for tile in (two_tiles("soft-bounds")[0], FloatTile(ROWS, LINES)):
        with pytest.raises(ValueError, match=words):
            tile.update_lines(lines, np.ones((1, ROWS), np.float32), 0.05)


def test_lines_are_read_as_products_with_one_input() -> None:
    io = IOSpec(out_noise=0.1)
    tile, wanted = two_tiles("soft-bounds", io_transfer=io)
    for lines in (np.array([4]), np.array([0, 19, 4])):
        read = tile.forward_lines(lines, first_sample=11)
        assert np.array_equal(read, wanted.forward(one_hot(lines), first_sample=11, purpose="transfer"))
    assert np.array_equal(tile.forward_lines([2]), wanted.forward(one_hot(np.array([2])), purpose="transfer"))


def test_float_tiles_read_and_write_lines() -> None:
    weights = np.random.default_rng(0).uniform(-0.5, 0.5, (ROWS, LINES)).astype(np.float32)
    tile, wanted = FloatTile(ROWS, LINES, weights=weights), FloatTile(ROWS, LINES, weights=weights)
    for lines, d, rate in calls():
        assert tile.update_lines(lines, d, rate) == wanted.update(one_hot(lines), d, rate) == 0
        assert_same_state(tile, wanted)
        assert np.array_equal(tile.forward_lines(lines), tile.weights[:, lines].T)
