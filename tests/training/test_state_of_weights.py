"""The state of a layer's weights, put into another object of the same scenario, makes it the same object."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aimcsim.crossbar.making import make_tile
from aimcsim.learning.analog_sgd import AnalogSGD
from aimcsim.learning.base import ShardWeights, State
from aimcsim.learning.digital_sgd import DigitalSGD
from aimcsim.scenario.io_spec import IOSpec
from aimcsim.scenario.mapping_spec import MappingSpec

OUT, IN = 3, 5
SOFT = {"name": "soft-bounds", "dw_min": 0.01, "dw_min_dtod": 0.3, "w_max_dtod": 0.3, "w_min_dtod": 0.3}
TILES: dict[str, dict[str, Any]] = {
    "float": {"device": "ideal", "io": IOSpec(is_perfect=True)},
    "soft bounds": {"device": SOFT},
    "averages": {"device": SOFT, "io": IOSpec(noise_management="average-abs-max")},
    "leaking": {"device": {**SOFT, "time_convention": "simulated", "leak_lifetime_s": 1e-4}},
    "hidden": {"device": {**SOFT, "write_noise_std": 1.0}},
    "learned": {"device": SOFT, "mapping": MappingSpec(learn_out_scaling=True)},
}


def built(kind: str) -> ShardWeights:
    weights = np.random.default_rng(1).normal(0, 0.1, (OUT, IN)).astype(np.float32)
    if kind.startswith("digital"):
        return DigitalSGD(weights, 2 if kind == "digital, stashed" else 0)
    return AnalogSGD(make_tile(OUT, IN, seed=3, name="fc", weights=weights, **TILES[kind]))


def worked(weights: ShardWeights, first: int, steps: int) -> list[np.ndarray[Any, Any]]:
    """What a few operations put out, and the state after each."""
    seen: list[np.ndarray[Any, Any]] = []
    for step in range(first, first + steps):
        draw = np.random.default_rng(step)
        x, d = (draw.normal(0, 1, (2, size)).astype(np.float32) for size in (IN, OUT))
        weights.elapse(1e-6)
        seen += [
            weights.forward(x, 2 * step, step),
            weights.backward(d, 2 * step, max(0, step - 1 if kept(weights) else step)),
        ]
        weights.update(x, d, 0.05, 2 * step)
        weights.commit()
        seen += [weights.weights, *weights.state().values()]
    return seen


def kept(weights: ShardWeights) -> bool:
    return bool(weights.state().get("array.old", np.zeros(0)).size)


def same(one: State, other: State) -> bool:
    return all(np.array_equal(one[name], other[name], equal_nan=True) for name in one.keys() | other.keys())


@pytest.mark.parametrize("kind", [*TILES, "digital", "digital, stashed"])
def test_weights_built_anew_and_given_the_state_go_on_as_the_first(kind: str) -> None:
    first, second = built(kind), built(kind)
    worked(first, 0, 4)
    state = first.state()
    assert not same(state, second.state())
    second.load_state({name: values.copy() for name, values in state.items()})
    assert same(second.state(), state)
    for one, other in zip(worked(first, 4, 4), worked(second, 4, 4), strict=True):
        assert np.array_equal(one, other)
        assert one.dtype == other.dtype
    assert all(values.dtype == built(kind).state()[name].dtype for name, values in state.items())


def test_a_gradient_that_waits_for_its_step_is_state() -> None:
    first, second = built("digital"), built("digital")
    x, d = np.ones((1, IN), np.float32), np.ones((1, OUT), np.float32)
    first.accumulate(x, d, 0.5)
    second.load_state(first.state())
    second.step()
    # Each weight has moved by 0.5 · 1 · 1.
    assert np.array_equal(second.weights, built("digital").weights - np.float32(0.5))


def test_values_that_are_not_finite_and_lost_arrays_are_kept() -> None:
    lost, overflown = built("soft bounds"), built("float")
    lost.update(np.full((1, IN), np.inf, np.float32), np.ones((1, OUT), np.float32), 0.1, 0)
    with np.errstate(all="ignore"):
        huge = np.full((1, IN), 3e38, np.float32)
        for sample in range(3):
            overflown.update(huge, np.full((1, OUT), 1.0, np.float32), 1.0, sample)
    for kind, weights in (("soft bounds", lost), ("float", overflown)):
        fresh = built(kind)
        fresh.load_state(weights.state())
        assert not np.isfinite(fresh.weights).any()
        assert np.array_equal(fresh.weights, weights.weights, equal_nan=True)
