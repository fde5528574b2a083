"""Rates of one array's kernels: `python tests/benchmarks/bench_crossbar.py` from the repository's top.

One thread (set OPENBLAS_NUM_THREADS=1), the best of several rounds. Regimes of the pulsed update, on soft bounds with
aihwkit's defaults (granularity 0.001, spread and cycle noise 0.3), W = C:

* dense   x, d ~ U(−1, 1), rate 0.05: trains of 31 slots, about 10.7 coincidences a cell;
* sparse  x ~ U(0, 1), d ~ U(−0.1, 0.1), rate 0.01: one slot, a quarter of the cells hit;
* scarce  x ~ U(0, 0.2), d ~ U(−0.02, 0.02), rate 0.01: one slot, one cell in a hundred hit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from aimcsim.crossbar import AnalogTile
from aimcsim.scenario.hardware_spec import IOSpec, MappingSpec

UNSCALED = MappingSpec(weight_scaling_omega=0.0)
REGIMES = {"dense": ((-1.0, 1.0), 1.0, 0.05), "sparse": ((0.0, 1.0), 0.1, 0.01), "scarce": ((0.0, 0.2), 0.02, 0.01)}


def seconds(call: Callable[[], object], rounds: int = 7, budget: float = 0.15) -> float:
    """Seconds of one call: the best round of `rounds`, each of about `budget` seconds; compiled before."""
    call()
    started = time.perf_counter()
    call()
    repeats = max(1, int(budget / (time.perf_counter() - started)))
    best = np.inf
    for _ in range(rounds):
        started = time.perf_counter()
        for _ in range(repeats):
            call()
        best = min(best, (time.perf_counter() - started) / repeats)
    return float(best)


def bench_updates(size: int, batch: int = 10) -> None:
    """Rank-one updates a second, by regime."""
    rng = np.random.default_rng(0)
    for name, (x_range, d_size, rate) in REGIMES.items():
        x = rng.uniform(*x_range, (batch, size)).astype(np.float32)
        d = rng.uniform(-d_size, d_size, (batch, size)).astype(np.float32)
        tile = AnalogTile(size, size, mapping=UNSCALED, weights=rng.uniform(-0.3, 0.3, (size, size)))
        each = seconds(lambda tile=tile, x=x, d=d, rate=rate: tile.update(x, d, rate)) / batch
        print(f"update {size:5d}²  {name:8s}{1.0 / each:12.0f} /s {each * 1e6:10.1f} µs")


def bench_products(size: int) -> None:
    """Samples a second through a product, with perfect and with noisy converters."""
    rng = np.random.default_rng(0)
    weights = rng.uniform(-0.3, 0.3, (size, size))
    for label, io in (("perfect", IOSpec(is_perfect=True)), ("noisy", IOSpec())):
        tile = AnalogTile(size, size, io=io, mapping=UNSCALED, weights=weights)
        for batch in (1, 10, 32):
            x = rng.uniform(-1, 1, (batch, size)).astype(np.float32)
            for direction, call in (("forward", tile.forward), ("backward", tile.backward)):
                each = seconds(lambda call=call, x=x: call(x)) / batch
                print(f"{direction:8s} {size:5d}² {label:8s} batch {batch:3d} {1.0 / each:12.0f} samples/s")


def bench_network(rate: float, batch: int = 10) -> None:
    """Images a second of forward, backward and update of the layers of 784-256-128-10, glue in numpy included."""
    rng = np.random.default_rng(0)
    sizes = (784, 256, 128, 10)
    tiles = [AnalogTile(o, i, name=f"fc{i}", weights=rng.standard_normal((o, i)) * i**-0.5) for i, o in pairwise(sizes)]
    images = np.maximum(rng.standard_normal((batch, 784)), 0.0).astype(np.float32)
    used = 0

    def step() -> None:
        nonlocal used
        inputs = [images]
        for tile in tiles[:-1]:
            inputs.append(np.maximum(tile.forward(inputs[-1]), 0.0))
        errors = [tiles[-1].forward(inputs[-1]) * np.float32(0.1)]
        for tile, z in zip(tiles[:0:-1], inputs[:0:-1], strict=True):
            errors.append(tile.backward(errors[-1]) * (z > 0.0))
        used = sum(tile.update(x, d, rate) for tile, x, d in zip(tiles, inputs, errors[::-1], strict=True))

    each = seconds(step) / batch
    slots = used / batch / len(tiles)
    print(
        f"FCN 784-256-128-10 batch {batch}, {slots:5.2f} slots a train: {1.0 / each:8.0f} images/s {each * 1e6:8.1f} µs"
    )


def bench_calls() -> None:
    """Microseconds of a call that has nearly nothing to compute."""
    tile = AnalogTile(2, 2, weights=np.ones((2, 2)))
    x = np.full((1, 2), 0.01, np.float32)
    for name, call in (
        ("forward", lambda: tile.forward(x)),
        ("backward", lambda: tile.backward(x)),
        ("update", lambda: tile.update(x, x, 0.01)),
    ):
        print(f"call of {name:9s} on 2×2: {seconds(call) * 1e6:6.2f} µs")


if __name__ == "__main__":
    for array_size in (128, 512, 1024):
        bench_updates(array_size)
    bench_products(512)
    for learning_rate in (0.01, 1.0):
        bench_network(learning_rate)
    bench_calls()
