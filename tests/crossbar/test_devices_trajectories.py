"""Every device under runs of pulses without noise, against the plain formula iterated here in float64."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimcsim.crossbar import AnalogTile
from aimcsim.crossbar.families import granularity
from aimcsim.scenario.device_spec import PulsedDevice, device_of
from tests.crossbar.helpers import EXACT_COUNTS, PERFECT, UNSCALED

Step = Callable[[float], float]

#: No spread, no noise.
PLAIN: dict[str, Any] = {
    "dw_min_dtod": 0.0,
    "dw_min_std": 0.0,
    "w_max_dtod": 0.0,
    "w_min_dtod": 0.0,
    "up_down_dtod": 0.0,
}
#: The step is dw = 0.02 in a range −0.5…0.8 for all devices below.
DW, HIGH, LOW = 0.02, 0.8, -0.5
WIDTH = HIGH - LOW


def device(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "dw_min": DW, "w_max": HIGH, "w_min": LOW, **PLAIN, **more}


def interpolate(points: list[tuple[float, float]], at: float) -> float:
    """Straight lines through points, level beyond both ends."""
    if at <= points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in pairwise(points):
        if at <= x1:
            return y0 + (y1 - y0) * (at - x0) / (x1 - x0)
    return points[-1][1]


def z(w: float) -> float:
    return 2.0 * 0.25 * w / WIDTH + 0.2


def q_exp(u: float) -> float:
    return float((np.exp(2.0 * (1.0 - u)) - 1.0) / (np.exp(2.0) - 1.0))


#: (device, step up, step down), both positive, as functions of w.
CASES: dict[str, tuple[dict[str, Any], Step, Step]] = {
    "constant": (device("constant-step", up_down=0.3), lambda w: DW, lambda w: 0.7 * DW),
    "linear": (
        device("linear-step", gamma_up=0.4, gamma_down=0.7, gamma_up_dtod=0.0, gamma_down_dtod=0.0),
        lambda w: DW * (1.0 - 0.4 * w / HIGH),
        lambda w: DW * (1.0 - 0.7 * w / LOW),
    ),
    "soft-bounds-with-hidden-state": (
        device("soft-bounds", drift_nu=1e-9),  # the drift makes it a stepped device; no time passes
        lambda w: DW * (1.0 - w / HIGH),
        lambda w: DW * (1.0 - w / LOW),
    ),
    "reference": (
        device("soft-bounds-reference", reference_mean=0.1),
        lambda w: DW * (1.0 - (w + 0.1) / HIGH),
        lambda w: DW * (1.0 - (w + 0.1) / LOW),
    ),
    "power": (
        device("pow-step", pow_gamma=1.5, pow_gamma_dtod=0.0),
        lambda w: DW * max((HIGH - w) / WIDTH, 0.0) ** 1.5,
        lambda w: DW * max((w - LOW) / WIDTH, 0.0) ** 1.5,
    ),
    "exponential": (
        device("exp-step", a=0.25, b=0.2, A_up=0.3, A_down=0.4, gamma_up=1.5, gamma_down=2.0),
        lambda w: DW * max(1.0 - 0.3 * np.exp(1.5 * z(w)), 0.0),
        lambda w: DW * max(1.0 - 0.4 * np.exp(-2.0 * z(w)), 0.0),
    ),
    "piecewise": (
        device("piecewise-step", piecewise_up=[1.0, 0.8, 0.2], piecewise_down=[0.3, 1.1]),
        lambda w: DW * interpolate([(0.0, 1.0), (0.5, 0.8), (1.0, 0.2)], (w - LOW) / WIDTH),
        lambda w: DW * interpolate([(0.0, 0.3), (1.0, 1.1)], (w - LOW) / WIDTH),
    ),
    "table": (
        device(
            "response-table", points_up=[[-0.4, 1.2], [0.1, 0.9], [0.7, 0.1]], points_down=[[-0.5, 0.1], [0.5, 1.0]]
        ),
        lambda w: DW * interpolate([(-0.4, 1.2), (0.1, 0.9), (0.7, 0.1)], w),
        lambda w: DW * interpolate([(-0.5, 0.1), (0.5, 1.0)], w),
    ),
    "response-linear": (
        device("response", form="linear", symmetric_point=0.1),
        lambda w: DW * (1.0 - (w - 0.1) / HIGH),
        lambda w: DW * (1.0 - (w - 0.1) / LOW),
    ),
    "response-generalised": (
        device("response", form="generalised-linear", c_lin=0.3),
        lambda w: DW * 1.3 * (1.0 - w / HIGH),
        lambda w: DW * 0.7 * (1.0 - w / LOW),
    ),
    "response-power": (
        device("response", form="power", gamma_res=2.5),
        lambda w: DW * max(1.0 - w / HIGH, 0.0) ** 2.5,
        lambda w: DW * max(1.0 - w / LOW, 0.0) ** 2.5,
    ),
    "response-exponential": (
        device("response", form="exponential", gamma_res=2.0),
        lambda w: DW * q_exp(w / HIGH),
        lambda w: DW * q_exp(w / LOW),
    ),
}
#: Where steps up and down are equal, solved by hand where that is possible (see `test_pairs…`).
SYMMETRIC = {
    "soft-bounds-with-hidden-state": 0.0,
    "reference": -0.1,
    "power": (HIGH + LOW) / 2.0,
    "response-linear": 0.1,
    # 1.3(1 − w/0.8) = 0.7(1 + w/0.5): w = 0.6/(1.3/0.8 + 0.7/0.5).
    "response-generalised": 0.6 / (1.3 / 0.8 + 0.7 / 0.5),
    "response-power": 0.0,
    "response-exponential": 0.0,
}


def one_cell(spec: dict[str, Any], w: float) -> AnalogTile:
    pulses = EXACT_COUNTS.model_copy(update={"stepping": "exact"})
    return AnalogTile(1, 1, device=spec, io=PERFECT, pulses=pulses, mapping=UNSCALED, weights=[[w]])


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("start", [-0.3, 0.0, 0.4])
def test_runs_of_pulses_follow_the_formula_of_the_device(name: str, start: float) -> None:
    spec, step_up, step_down = CASES[name]
    tile = one_cell(spec, start)
    w = start
    for count in (1, 1, -1, 7, -3, 40, -90, 25):
        # A quarter of a pulse less than wanted: its length is rounded up, its count to the nearest.
        wanted = (abs(count) - 0.25) * granularity_of(spec)
        slots = tile.update([[1.0]], [[-1.0 if count > 0 else 1.0]], wanted)
        assert slots == abs(count)
        low, high = (float(bound[0, 0]) for bound in tile.devices.bounds)
        for _ in range(abs(count)):
            w = min(max(w + step_up(w) if count > 0 else w - step_down(w), low), high)
        # float32 rounds once a pulse; the power and the exponential are good to 2e-6 of a step of 0.02.
        assert tile.weights[0, 0] == pytest.approx(w, abs=3e-6)


def granularity_of(spec: dict[str, Any]) -> float:
    single = device_of(spec)
    assert isinstance(single, PulsedDevice)
    return granularity(single)


@pytest.mark.parametrize("name", SYMMETRIC)
def test_pairs_of_pulses_settle_within_a_step_of_the_symmetric_point(name: str) -> None:
    spec, _, _ = CASES[name]
    step = granularity_of(spec)
    for start in (-0.3, 0.5):
        tile = one_cell(spec, start)
        # Each pair leaves about a part 2·0.02/0.8 of the distance less: e^(−600/20) of it at the end, the powers'
        # slopes at the fixed point being no smaller than half of the linear one's.
        tile.update(np.ones((1200, 1)), np.resize([[-1.0], [1.0]], (1200, 1)), step)
        assert tile.weights[0, 0] == pytest.approx(SYMMETRIC[name], abs=DW)


@pytest.mark.parametrize("name", CASES)
def test_more_pulses_never_move_a_weight_less(name: str) -> None:
    spec, _, _ = CASES[name]
    up, down = one_cell(spec, 0.0), one_cell(spec, 0.0)
    step = granularity_of(spec)
    ups, downs = [0.0], [0.0]
    for _ in range(60):
        up.update([[1.0]], [[-1.0]], step)
        down.update([[1.0]], [[1.0]], step)
        ups.append(float(up.weights[0, 0]))
        downs.append(float(down.weights[0, 0]))
    assert (np.diff(ups) >= 0.0).all()
    assert (np.diff(downs) <= 0.0).all()
    assert ups[-1] > 0.1 > -0.1 > downs[-1]


SPREAD = {"dw_min_dtod": 0.3, "dw_min_std": 1.0, "w_max_dtod": 0.3, "w_min_dtod": 0.3, "up_down_dtod": 0.05}


@settings(max_examples=30, deadline=None)
@given(name=st.sampled_from(sorted(CASES)), seed=st.integers(0, 2**31), rate=st.floats(0.01, 2.0))
def test_no_cell_leaves_its_bounds_however_noisy_and_spread(name: str, seed: int, rate: float) -> None:
    rng = np.random.default_rng(seed)
    spec = CASES[name][0] | SPREAD
    tile = AnalogTile(9, 140, device=spec, io=PERFECT, mapping=UNSCALED, seed=seed, weights=rng.normal(0, 1, (9, 140)))
    low, high = tile.devices.bounds
    for _ in range(3):
        tile.update(rng.uniform(-1, 1, (4, 140)), rng.uniform(-1, 1, (4, 9)), rate)
        assert (tile.weights >= low).all()
        assert (tile.weights <= high).all()


@pytest.mark.parametrize("name", CASES)
def test_the_same_key_gives_the_same_bits_however_samples_are_grouped(name: str) -> None:
    rng = np.random.default_rng(5)
    spec = CASES[name][0] | SPREAD | {"write_noise_std": 2.0}
    x, d = rng.uniform(-1, 1, (6, 150)), rng.uniform(-1, 1, (6, 20))
    d[:, ::3] = 0.0
    x[2, 4:] = 0.0  # a sample of few columns
    at_once, again, one_by_one = (AnalogTile(20, 150, device=spec, mapping=UNSCALED, seed=3) for _ in range(3))
    other = AnalogTile(20, 150, device=spec, mapping=UNSCALED, seed=4)
    for tile in (at_once, again, other):
        tile.update(x, d, 0.3)
    for s in range(6):
        one_by_one.update(x[s : s + 1], d[s : s + 1], 0.3)
    np.testing.assert_array_equal(at_once.weights, again.weights)
    np.testing.assert_array_equal(at_once.weights, one_by_one.weights)
    assert (at_once.weights != other.weights).mean() > 0.5
