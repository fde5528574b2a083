"""The closed form of stepped devices: moments and paths against formulas and the exact mode, bounds, equality of ways.

Every comparison of sample moments allows |z| such that a right program fails a test with probability 1e-6.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimcsim.crossbar import AnalogTile
from aimcsim.crossbar.curved_cells import exp_cells
from aimcsim.crossbar.curved_moves import Noise, Offsets
from aimcsim.crossbar.devices import make_devices
from aimcsim.crossbar.families import granularity
from aimcsim.crossbar.family_cells import fall_part
from aimcsim.crossbar.family_form import takes_family_form
from aimcsim.crossbar.piece_table import find_pieces, piece_table
from aimcsim.scenario.device_spec import OneSidedDevice, PulsedDevice, device_of
from aimcsim.scenario.hardware_spec import PulseSpec
from tests.crossbar.helpers import PERFECT, UNSCALED, mean_z, normal_limit, variance_z
from tests.crossbar.test_devices_trajectories import CASES, PLAIN, SPREAD

CLOSED = PulseSpec(stepping="closed-form")
#: The steps of the cases of `test_devices_trajectories`, a tenth of theirs: 650 states.
DW = 0.002


def fine(name: str, **more: Any) -> dict[str, Any]:
    return CASES[name][0] | {"dw_min": DW} | more


def step_of(spec: dict[str, Any]) -> float:
    device = device_of(spec)
    single = device.device if isinstance(device, OneSidedDevice) else device
    assert isinstance(single, PulsedDevice)
    return granularity(single)


def after(spec: dict[str, Any], n: int, sign: float, stepping: str, start: float, shape: tuple[int, int]) -> np.ndarray:
    """Conductances of equal cells after a train of exactly n coincidences each, up for sign 1."""
    pulses = PulseSpec.model_validate(
        {"desired_bl": n, "update_management": False, "update_bl_management": False, "stepping": stepping}
    )
    rows, columns = shape
    weights = np.full(shape, start)
    seed = 1 if stepping == "exact" else 0
    tile = AnalogTile(
        rows, columns, device=spec, io=PERFECT, pulses=pulses, mapping=UNSCALED, seed=seed, weights=weights
    )
    # Probabilities min(1, √(rate/(Δ·n))) are 1 at this rate: every slot is a coincidence.
    assert tile.update(np.ones((1, columns)), np.full((1, rows), -sign), 2.0 * step_of(spec) * n) == n
    return tile.weights.astype(float)


@pytest.mark.parametrize("mult_noise", [True, False])
@pytest.mark.parametrize(("a", "noise", "n"), [(0.002, 0.3, 31), (0.02, 0.3, 7), (0.02, 1.0, 60), (0.045, 0.3, 20)])
def test_linear_steps_have_the_moments_of_the_recursion(a: float, noise: float, n: int, mult_noise: bool) -> None:
    more = {"dw_min": a * 0.6, "dw_min_std": noise, "mult_noise": mult_noise, "reference_mean": 0.05}
    spec = {"name": "soft-bounds-reference", **PLAIN, **more}
    moved = after(spec, n, 1.0, "closed-form", -0.2, (250, 400))
    # r = 0.55 − w: r → r(1 − a(1 + σξ)), or r(1 − a) − aσ·0.6·ξ.
    kept, start = (1.0 - a) ** n, 0.75
    if mult_noise:
        variance = (((1.0 - a) ** 2 + (a * noise) ** 2) ** n - kept**2) * start**2
    else:
        variance = (a * noise * 0.6) ** 2 * (1.0 - kept**2) / (1.0 - (1.0 - a) ** 2)
    limit = normal_limit(1e-6, tests=2 * 8)
    left = 0.55 - moved
    # 3e-5 of the fall: polynomial, mean of the light normals; terms of order a⁴.
    assert abs(left.mean() - start * kept) <= 3e-5 * start + limit * np.sqrt(variance / left.size)
    spread = limit * np.sqrt(2.5 / left.size) + 4e-3
    assert abs(left.var() / variance - 1.0) <= spread


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(("start", "sign"), [(-0.3, 1.0), (0.0, -1.0), (0.4, 1.0)])
@pytest.mark.parametrize("n", [2, 13, 31, 100])
def test_a_train_moves_a_cell_as_far_as_its_pulses_one_by_one(name: str, start: float, sign: float, n: int) -> None:
    _, step_up, step_down = CASES[name]
    # Ends of pieces change a slope of 0.5/0.4 in units of the step at most: once at most ½·Δa·n² steps, see the docs.
    kinks = 0.5 * 0.0035 * n**2 * DW if name in ("piecewise", "table") else 0.0
    w = float(np.float32(start))
    for _ in range(n):
        w += 0.1 * (step_up(w) if sign > 0 else -step_down(w))
    moved = after(fine(name), n, sign, "closed-form", start, (1, 1))[0, 0]
    low, high = -0.5, 0.8
    assert abs(moved - min(max(w, low), high)) <= 1e-3 * abs(w - start) + kinks + 1e-6


NOISY: dict[str, dict[str, Any]] = {
    "constant": {},
    "linear": {},
    "power": {},
    "exponential": {"dw_min_std_add": 0.001, "dw_min_std_slope": 0.002},
    "piecewise": {},
    "response-power": {"mult_noise": False},
    "response-exponential": {"mult_noise": True},
}


@pytest.mark.parametrize("name", NOISY)
@pytest.mark.parametrize(("n", "sign"), [(3, -1.0), (25, 1.0)])
def test_noisy_trains_have_the_mean_and_the_spread_of_the_exact_mode(name: str, n: int, sign: float) -> None:
    spec = fine(name, dw_min_std=0.4, **NOISY[name])
    closed, exact = (after(spec, n, sign, mode, -0.2, (200, 300)) + 0.2 for mode in ("closed-form", "exact"))
    limit = normal_limit(1e-6, tests=2 * 14)
    error = np.sqrt((closed.var() + exact.var()) / closed.size)
    assert abs(closed.mean() - exact.mean()) <= 1e-3 * abs(exact.mean()) + limit * error
    assert abs(closed.var() / exact.var() - 1.0) <= 4e-3 + limit * np.sqrt(4.0 / closed.size)


@pytest.mark.parametrize(("form", "size"), [("power", 0.5**2.0), ("exponential", (np.e - 1.0) / (np.e**2 - 1.0))])
@pytest.mark.parametrize("mult_noise", [True, False])
def test_curved_responses_have_the_noise_they_ask_for(form: str, size: float, mult_noise: bool) -> None:
    # At half of the bound of 0.6 the step is q(½) of that at zero; the noise is relative to the one or to the other.
    more = {"form": form, "gamma_res": 2.0, "dw_min": 0.01, "dw_min_std": 0.3, "mult_noise": mult_noise}
    moved = after({"name": "response", **PLAIN, **more}, 1, 1.0, "exact", 0.3, (200, 300)) - 0.3
    limit = normal_limit(1e-6, tests=8)
    assert abs(mean_z(moved, 0.01 * size)) < limit
    assert abs(variance_z(moved, (0.003 * (size if mult_noise else 1.0)) ** 2)) < limit


@pytest.mark.parametrize(("sigma", "n", "spread"), [(0.3, 60, 6e-3), (3.0, 14, 1.6e-2), (0.3, 2, 2e-3), (3.0, 2, 2e-3)])
@pytest.mark.parametrize("relative", [True, False])
def test_growing_exponential_steps_have_the_moments_of_their_pulses(
    sigma: float, n: int, spread: float, relative: bool
) -> None:
    # D = p0(1 + 0.8e^(1.5w)): D"D = 3.24p0², so that n pulses of p0 = 0.133/n just reach ac = 0.24, taken at once.
    rng = np.random.default_rng(8)
    step = np.float32(0.133 / max(n, 14))
    noise = Noise(*(np.float32(v) for v in (sigma, 1.0 if relative else 0.0, 0.0 if relative else 1.0, 0.0, 0.0)))
    size, cells = 4096, 80
    w = np.zeros((1, cells, size), np.float32)
    numbers = np.zeros((1, 6, size), np.float32)
    numbers[0, 0], numbers[0, 1] = -100.0, 100.0
    numbers[0, 2], numbers[0, 5] = step, 1.5
    offsets = Offsets(*(np.float32(v) for v in (1.0, 0.8, 1.0, 0.8)))
    x, counts, left = np.full((1, size), -1.0, np.float32), np.full(size, n, np.int32), np.zeros(size, np.int32)
    args = (offsets, noise.sigma, None if relative else noise, None if relative and n == 2 else True)
    for row in range(cells):
        words = rng.integers(0, 2**32, (1, size), np.uint32)
        key0, key1 = rng.integers(0, 2**32, 2, np.uint32)
        assert not exp_cells(
            w, 0, row, numbers, 0, 2, 2, x, words, 0, size, np.int32(0), counts, left, *args, key0, key1
        )
    exact = np.zeros(cells * size)
    for _ in range(n):
        d = float(step) * (1.0 + 0.8 * np.exp(1.5 * exact))
        exact += d + sigma * rng.standard_normal(exact.size) * (d if relative else float(step))
    limit = normal_limit(1e-6, tests=16)
    error = np.sqrt((w.var() + exact.var()) / exact.size)
    assert abs(w.mean(dtype=float) - exact.mean()) <= (1e-3 + 5e-4 * sigma**2) * exact.mean() + limit * error
    # Twice the normal law's error of a standard deviation: the paths' laws are skewed.
    assert abs(w.std(dtype=float) / exact.std() - 1.0) <= spread + 2.0 * limit / np.sqrt(exact.size)


PAIRS = {f"pair-{name}": {"name": "one-sided", "device": CASES[name][0] | SPREAD} for name in ("linear", "power")}
SPREADS = {name: CASES[name][0] | SPREAD for name in CASES} | PAIRS


@settings(max_examples=25, deadline=None)
@given(name=st.sampled_from(sorted(SPREADS)), seed=st.integers(0, 2**31), rate=st.floats(0.01, 2.0))
def test_no_cell_leaves_its_bounds_in_closed_form(name: str, seed: int, rate: float) -> None:
    rng = np.random.default_rng(seed)
    start = rng.normal(0, 1, (9, 140))
    tile = AnalogTile(
        9, 140, device=SPREADS[name], io=PERFECT, pulses=CLOSED, mapping=UNSCALED, seed=seed, weights=start
    )
    low, high = tile.devices.bounds
    for _ in range(3):
        tile.update(rng.uniform(-1, 1, (4, 140)), rng.uniform(-1, 1, (4, 9)), rate)
        assert (tile.weights >= low).all()
        assert (tile.weights <= high).all()


def with_write_noise(spec: dict[str, Any]) -> dict[str, Any]:
    single = spec.get("device", spec)
    noisy = single | {"write_noise_std": 2.0}
    return spec | {"device": noisy, "refresh_every": 2} if "device" in spec else noisy


@pytest.mark.parametrize("name", SPREADS)
def test_the_same_key_gives_the_same_bits_however_samples_are_grouped(name: str) -> None:
    rng = np.random.default_rng(5)
    spec = with_write_noise(SPREADS[name])
    x, d = rng.uniform(-1, 1, (6, 150)), rng.uniform(-1, 1, (6, 20))
    d[:, ::3] = 0.0
    x[2, 4:] = 0.0  # a sample of few columns
    x[3] = np.abs(x[3])  # one of a single direction a row
    at_once, one_by_one = (AnalogTile(20, 150, device=spec, pulses=CLOSED, mapping=UNSCALED, seed=3) for _ in range(2))
    at_once.update(x, d, 0.3)
    for s in range(6):
        one_by_one.update(x[s : s + 1], d[s : s + 1], 0.3)
    np.testing.assert_array_equal(at_once.weights, one_by_one.weights)


@pytest.mark.parametrize("name", SPREADS)
@pytest.mark.parametrize("rate", [0.3, 0.02])
def test_a_cell_gets_the_same_bits_whichever_way_its_row_is_met(name: str, rate: float) -> None:
    # The trains of a line depend on its own value and the largest: columns 0, 7, 14... are sent the same in all three.
    rng = np.random.default_rng(6)
    d = rng.uniform(-1, 1, (1, 20))
    few, one_way, both_ways = np.zeros((1, 150)), rng.uniform(0, 1, (1, 150)), rng.uniform(-1, 1, (1, 150))
    for x in (few, one_way, both_ways):
        x[:, ::7] = np.linspace(0.3, 1.0, 22)
    weights = []
    for x in (few, one_way, both_ways):
        spec = with_write_noise(SPREADS[name]) | ({"refresh_every": 0} if "device" in SPREADS[name] else {})
        tile = AnalogTile(20, 150, device=spec, pulses=CLOSED, mapping=UNSCALED, seed=3)
        before = tile.weights
        tile.update(x, d, rate)
        weights.append(tile.weights[:, ::7])
        assert (weights[-1] != before[:, ::7]).any()
    np.testing.assert_array_equal(weights[0], weights[1])
    np.testing.assert_array_equal(weights[0], weights[2])


@pytest.mark.parametrize("name", SPREADS)
def test_single_pulses_on_few_cells_move_them_as_in_whole_rows(name: str) -> None:
    # Alone, the first sample's pulses are strewn; beside the second, whose trains are long, rows are met one by one.
    rng = np.random.default_rng(7)
    spec = with_write_noise(SPREADS[name])
    at_once, one_by_one = (AnalogTile(20, 150, device=spec, pulses=CLOSED, mapping=UNSCALED, seed=3) for _ in range(2))
    x, d = np.zeros((2, 150)), rng.uniform(-1, 1, (2, 20))
    x[0, ::7] = rng.uniform(-1, 1, 22)
    x[1] = rng.uniform(-1, 1, 150)
    d[1] *= 20.0
    rate = 0.9 * at_once.devices.granularity
    at_once.update(x, d, rate)
    before = one_by_one.weights
    one_by_one.update(x[:1], d[:1], rate)
    assert 0 < (one_by_one.weights != before).sum() <= 20 * 22
    one_by_one.update(x[1:], d[1:], rate)
    np.testing.assert_array_equal(at_once.weights, one_by_one.weights)


@pytest.mark.parametrize(("rate", "columns"), [(0.02, 20), (0.00099, 5)])
def test_a_drifting_cell_is_dated_when_it_is_written(rate: float, columns: int) -> None:
    spec = {"name": "soft-bounds", "drift_nu": 0.1, "drift_t0_s": 1.0}
    tile = AnalogTile(30, 40, device=spec, pulses=CLOSED, mapping=UNSCALED)
    tile.elapse(5.0)
    x = np.zeros((1, 40))
    x[:, :columns] = 1.0
    # The second rate makes trains of one slot, with a chance of 0.99 for a pulse, on few columns.
    tile.update(x, np.ones((1, 30)), rate)
    state = tile.state()
    moved = state["hidden"][0] != 0.0
    assert moved[:, :columns].mean() > 0.9
    assert not moved[:, columns:].any()
    np.testing.assert_array_equal(state["written"][0][moved], 5.0)
    np.testing.assert_array_equal(state["anchors"][0][moved], state["hidden"][0][moved])


def test_cells_that_are_too_coarse_step_pulse_by_pulse() -> None:
    # a = 0.3 of the distance to the bound; noise-free the product form and the recursion agree to rounding.
    spec = {"name": "soft-bounds-reference", **PLAIN, "dw_min": 0.18}
    moved = after(spec, 4, 1.0, "closed-form", 0.0, (2, 3))
    np.testing.assert_allclose(moved, 0.6 * (1.0 - 0.7**4), rtol=1e-6)


@pytest.mark.parametrize(
    ("device", "closed"),
    [
        ("constant-step", True),
        ("linear-step", True),
        ("soft-bounds-reference", True),
        ("pow-step", True),
        ("exp-step", True),
        ("piecewise-step", True),
        ("reram-sb", True),
        ({"name": "one-sided", "device": "soft-bounds"}, True),
        ("reram-array-om", False),
        ("reram-array-hfo2", False),
        ({"name": "constant-step", "dw_min": 0.02}, False),
        ({"name": "constant-step", "dw_min_std": 20.0}, False),
    ],
)
def test_auto_takes_the_closed_form_where_steps_are_small(device: Any, closed: bool) -> None:
    array = make_devices(device_of(device), 50, 60, seed=0, name="t")
    assert takes_family_form("auto", array) is closed
    assert not takes_family_form("exact", array)
    assert takes_family_form("closed-form", array)


def test_the_fall_has_the_accuracy_it_states() -> None:
    e = np.linspace(-0.3, 2.0, 20001).astype(np.float32)
    found = np.array([fall_part(value) for value in e], float)
    exact = np.where(e == 0.0, 1.0, -np.expm1(-e.astype(float)) / np.where(e == 0.0, 1.0, e))
    assert np.abs(found / exact - 1.0).max() < 1.2e-5
    assert fall_part(np.float32(0.0)) == 1.0


@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(st.floats(1e-3, 1.0), min_size=1, max_size=30),
    seed=st.integers(0, 2**31),
)
def test_pieces_are_those_of_the_interpolation(steps: list[float], seed: int) -> None:
    rng = np.random.default_rng(seed)
    places = np.cumsum([-1.0, *steps]).astype(np.float32)
    values = rng.uniform(0, 2, (2, len(places))).astype(np.float32)
    table = piece_table(np.stack([np.stack([places, v]) for v in values]))
    n = 64
    u = rng.uniform(places[0] - 0.3, places[-1] + 0.3, n).astype(np.float32)
    u[: min(n, len(places))] = places[:n]
    numbers = np.zeros((1, 6, n), np.float32)
    numbers[0, 4], numbers[0, 5] = 1.0, np.arange(n) % 2
    pieces = np.zeros((3, n), np.float32)
    find_pieces(pieces, u[None, None], 0, 0, numbers, 0, 2, n, table)
    wanted = np.where(numbers[0, 5] > 0, np.interp(u, places, values[1]), np.interp(u, places, values[0]))
    # level + slope·u: cancellation where a piece is steep (2 in 1e-3) and far from zero.
    np.testing.assert_allclose(pieces[0], wanted, atol=1e-7 * 2000.0 * 31.0)
