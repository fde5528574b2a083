"""One shard under an algorithm, driven without a machine on random least-squares samples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aimcsim.learning.base import Floats, ShardWeights
from aimcsim.learning.building import shard_weights
from aimcsim.learning.plans import arrays_plan
from aimcsim.scenario.spec import Scenario
from tests.pipeline.machines import scenario_of

INPUTS, OUTPUTS = 5, 3
Doubles = NDArray[np.float64]

#: Float arrays: no pulses, no converters.
IDEAL: dict[str, Any] = {"device": "ideal", "io": {"is_perfect": True}}
#: Float steps that follow the response of the asymmetric linear device, q± = 1 ∓ w/τ.
TAU = 0.8
LINEAR: dict[str, Any] = {
    "device": {
        "name": "soft-bounds",
        "w_max": TAU,
        "w_min": -TAU,
        **dict.fromkeys(("dw_min_dtod", "dw_min_std", "w_max_dtod", "w_min_dtod", "up_down_dtod"), 0.0),
    },
    "io": {"is_perfect": True},
    "pulses": {"pulse_type": "none-with-device"},
}


def scenario_with(algorithm: Any, hardware: dict[str, Any] = IDEAL, **training: Any) -> Scenario:
    """One layer of `INPUTS` by `OUTPUTS`."""
    return scenario_of(
        seed=5,
        model={"input": [INPUTS], "layers": [{"name": "fc", "type": "dense", "outputs": OUTPUTS, "bias": "none"}]},
        hardware=hardware,
        training={"samples": 8, "algorithm": algorithm, "learning_rate": 0.1, **training},
    )


def problem(steps: int, seed: int = 0) -> tuple[Floats, list[tuple[Floats, Floats]]]:
    """Initial weights (outputs, inputs) and `steps` samples (x, target)."""
    rng = np.random.default_rng(seed)
    start = rng.uniform(-0.5, 0.5, (OUTPUTS, INPUTS)).astype(np.float32)
    truth = rng.uniform(-0.5, 0.5, (OUTPUTS, INPUTS))
    x = rng.normal(size=(steps, 1, INPUTS))
    targets = x @ truth.T + 0.1 * rng.normal(size=(steps, 1, OUTPUTS))
    return start, [(a.astype(np.float32), b.astype(np.float32)) for a, b in zip(x, targets, strict=True)]


def seen(shard: ShardWeights, read: tuple[int, ...], x: Floats, first: int) -> Floats:
    """What the network sees of a shard: its arrays' products added up."""
    total = shard.forward(x, first, 0, read[0])
    for role in read[1:]:
        total = total + shard.forward(x, first, 0, role)
    return total


def drive(scenario: Scenario, steps: int, due: Any = None) -> Iterator[Any]:
    """Train one shard on `problem(steps)`, giving it after each update with its transfers."""
    plan = arrays_plan(scenario.training.algorithm, scenario.hardware)
    start, samples = problem(steps)
    shard = shard_weights(start, "fc.r0c0", scenario, 0)
    rate = scenario.training.learning_rate
    assert isinstance(rate, float)
    for number, (x, target) in enumerate(samples):
        d = seen(shard, plan.read, x, number) - target
        shard.update(x, d, rate, number)
        updates = number + 1
        for transfer in plan.due(updates) if due is None else due(number, updates):
            if plan.transfers[transfer].source is not None:
                shard.read(transfer, updates)
            shard.write(transfer, updates, rate)
        yield shard


def gradient(weights: Doubles, sample: tuple[Floats, Floats]) -> Doubles:
    """∇f of ½|W x − y|² at `weights`: (W x − y) xᵀ."""
    x, y = (part[0].astype(np.float64) for part in sample)
    return np.outer(weights @ x - y, x)


def close(one: Any, other: Any) -> bool:
    """Equal up to float32 rounding over the steps of a test: 5e-6 of the largest number, or of 1."""
    wanted = np.asarray(other, np.float64)
    return bool(np.abs(np.asarray(one, np.float64) - wanted).max() < 5e-6 * max(1.0, float(np.abs(wanted).max())))
