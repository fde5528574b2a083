"""One array and the FCN beside IBM aihwkit: `AIHWKIT_PYTHON=<its interpreter> python -m ...crossbar.against_aihwkit`.

Both sides run in one go, in alternating rounds, one thread each, by processor time (two host threads by wall time); a
figure is the median of its rounds, a ratio the median of the rounds' ratios, since on a shared machine only
neighbouring rounds compare. Without AIHWKIT_PYTHON the other side is left out. Build aihwkit with its own fast options
(RPU_USE_FASTRAND, RPU_USE_FASTMOD, OpenBLAS).
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from aimcsim.crossbar import AnalogTile
from aimcsim.crossbar.counter_hash import sample_keys
from aimcsim.crossbar.pulses import fill_train
from aimcsim.crossbar.trains import plan_samples
from aimcsim.learning.base import ShardWeights
from aimcsim.learning.building import shard_weights
from aimcsim.scenario.hardware_spec import MappingSpec, PulseSpec
from aimcsim.scenario.load import read_scenario
from aimcsim.scenario.spec import Scenario
from aimcsim.shipped import find_scenario
from aimcsim.training.session import open_session
from tests.benchmarks import kernel_share
from tests.benchmarks.crossbar.regimes import DEVICES, REGIMES, rate_of, start_weights, update_data
from tests.benchmarks.host import describe_host

ROUNDS, SECONDS = 5, 0.08
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class Peer:
    """The other side's process; without an interpreter every answer is None."""

    def __init__(self, python: str | None) -> None:
        self._process: subprocess.Popen[str] | None = None
        if python is None:
            print("AIHWKIT_PYTHON is not set: aihwkit's side is left out")
            return
        self._process = subprocess.Popen(
            [python, str(Path(__file__).with_name("aihwkit_side.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **ONE_THREAD},
        )

    def ask(self, case: str, **request: Any) -> Any:
        """The other side's answer; None without one."""
        if self._process is None:
            return None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"case": case, "seconds": SECONDS, **request}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End the other side."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait()


def rounds(sides: dict[str, Callable[[], float | None]], count: int = ROUNDS) -> dict[str, list[float]]:
    """Figures of every side, a round of each in turn."""
    figures: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(count):
        for name, side in sides.items():
            value = side()
            if value is not None:
                figures[name].append(value)
    return {name: values for name, values in figures.items() if values}


def report(label: str, figures: dict[str, list[float]], unit: str) -> None:
    """One line: the medians, and the ratios to aihwkit (or to what else stands last)."""
    words = [f"{name} {statistics.median(values):.4g}" for name, values in figures.items()]
    *ours, base = figures
    ratios = [
        f"{name}/{base} {statistics.median(a / b for a, b in zip(figures[name], figures[base], strict=True)):.2f}"
        for name in ours
    ]
    print(f"{label:34s} {unit:10s} {', '.join(words):68s} {', '.join(ratios)}", flush=True)


def tile_of(size: int, stepping: str, device: str | dict[str, Any] = "soft-bounds") -> AnalogTile:
    pulses = PulseSpec.model_validate({"stepping": stepping})
    mapping = MappingSpec(weight_scaling_omega=0.0)
    return AnalogTile(size, size, device=device, pulses=pulses, mapping=mapping, weights=start_weights(size))


def coincidences(tile: AnalogTile, x: np.ndarray, d: np.ndarray, rate: float) -> int:
    """Pulses that reach cells in an update, by the trains it would draw."""
    rules = tile._drivers.rules
    total, slots, factors = plan_samples(x, d, rate / tile.scale, rules)
    if total <= 0:
        return 0
    found = 0
    for s in range(len(x)):
        fired = []
        for role, (values, factor) in enumerate(((x[s], factors[s, 1]), (d[s], factors[s, 0]))):
            bits = np.empty(((slots[s] + 31) // 32, len(values)), np.uint32)
            keys = sample_keys(*tile._drivers.keys[role], tile._counts["update"] + s)
            fill_train(bits, values, factor, slots[s], *keys)
            fired.append([(bits[k // 32] >> np.uint32(k % 32) & 1).sum(dtype=np.int64) for k in range(slots[s])])
        found += int(np.dot(*fired))
    return found


def bench_updates(peer: Peer, size: int) -> None:
    tiles = {name: tile_of(size, name) for name in ("auto", "exact")}
    for regime in REGIMES:
        for batch in (1, 10):
            fresh = {"seed": 0}

            def ours(name: str, regime: str = regime, batch: int = batch, fresh: dict[str, int] = fresh) -> float:
                x, d, rate = update_data(size, regime, batch, fresh["seed"])
                return rate_of(lambda: tiles[name].update(x, d, rate), SECONDS) * batch

            def theirs(regime: str = regime, batch: int = batch, fresh: dict[str, int] = fresh) -> float | None:
                fresh["seed"] += 1
                return peer.ask("update", size=size, regime=regime, batch=batch, seed=fresh["seed"] - 1)

            sides: dict[str, Callable[[], float | None]] = {n: (lambda n=n: ours(n)) for n in tiles}
            report(f"update {size}² {regime} batch {batch}", rounds({**sides, "aihwkit": theirs}), "updates/s")


def bench_devices(peer: Peer, size: int = 512, batch: int = 1) -> None:
    """Every device, dense and sparse, in the default and in the exact mode."""
    for name, (device, theirs) in DEVICES.items():
        tiles = {mode: tile_of(size, mode, device) for mode in ("auto", "exact")}
        for regime in REGIMES:
            x, d, rate = update_data(size, regime, batch, 0)
            sides: dict[str, Callable[[], float | None]] = {
                mode: (lambda t=t, x=x, d=d, rate=rate: rate_of(lambda: t.update(x, d, rate), SECONDS) * batch)
                for mode, t in tiles.items()
            }
            if theirs is not None:
                sides["aihwkit"] = lambda name=name, regime=regime: peer.ask(
                    "update", size=size, regime=regime, batch=batch, seed=0, device=name
                )
            report(f"{name}, {regime}", rounds(sides), "updates/s")


def bench_tiki_taka(peer: Peer, size: int = 512) -> None:
    """An update of a pair P, W: gradients to P, then one line of P read and written to W, sample by sample."""
    for regime in REGIMES:
        pair, x, d, rate = tiki_taka_pair(size), *update_data(size, regime, 1, 0)
        made = {"updates": 0}

        def step(pair: ShardWeights = pair, x: Any = x, d: Any = d, rate: float = rate, made: Any = made) -> None:
            made["updates"] += 1
            pair.update(x, d, rate, made["updates"])
            pair.read(0, made["updates"])
            pair.write(0, made["updates"], rate)

        sides: dict[str, Callable[[], float | None]] = {
            "aimcsim": lambda step=step: rate_of(step, SECONDS),
            "aihwkit": lambda regime=regime: peer.ask(
                "update", size=size, regime=regime, batch=1, seed=0, device="tiki-taka"
            ),
        }
        report(f"Tiki-Taka pair {size}² {regime}", rounds(sides), "updates/s")


def tiki_taka_pair(size: int) -> ShardWeights:
    """W and P of a layer under Tiki-Taka as aihwkit's TransferCompound has it by default, without scaling."""
    scenario = Scenario.model_validate(
        {
            "name": "pair",
            "model": {"input": [size], "layers": [{"name": "fc", "type": "dense", "outputs": size}]},
            "hardware": {"mapping": {"weight_scaling_omega": 0.0}},
            "training": {"samples": 1, "algorithm": {"name": "tiki-taka"}},
        }
    )
    return shard_weights(start_weights(size), "fc.r0c0", scenario, 0)


def bench_products(peer: Peer, size: int) -> None:
    for batch in (1, 32):
        tile = tile_of(size, "auto")
        x = update_data(size, "dense", batch, 1)[0]
        matrix = start_weights(size)
        sides: dict[str, Callable[[], float | None]] = {
            "aimcsim": lambda tile=tile, x=x, batch=batch: rate_of(lambda: tile.forward(x), SECONDS) * batch,
            "sgemm": lambda x=x, m=matrix, batch=batch: rate_of(lambda: np.dot(m, x.T), SECONDS) * batch,
            "aihwkit": lambda batch=batch: peer.ask("forward", size=size, batch=batch),
        }
        report(f"noisy MVM {size}² batch {batch}", rounds(sides), "samples/s")


def bench_threads(size: int = 512) -> None:
    """Two host threads, each on a tile of its own, beside one."""
    tiles = [tile_of(size, "auto") for _ in range(2)]
    x, d, rate = update_data(size, "dense", 10, 0)
    lines = update_data(size, "dense", 32, 1)[0]
    jobs: dict[str, Callable[[AnalogTile], object]] = {
        "dense updates": lambda tile: tile.update(x, d, rate),
        "noisy MVM batch 32": lambda tile: tile.forward(lines),
    }
    with ThreadPoolExecutor(2) as pool:
        for name, job in jobs.items():
            both = lambda job=job: sum(pool.map(lambda tile: rate_of(lambda: job(tile), SECONDS, perf_counter), tiles))  # noqa: E731
            one = lambda job=job: rate_of(lambda: job(tiles[0]), SECONDS, perf_counter)  # noqa: E731
            report(f"{name} {size}²", rounds({"two threads": both, "one": one}), "calls/s")


def bench_fcn(peer: Peer, samples: int) -> None:
    """Analog SGD of 784-256-128-10 with the pipeline simulated, beside aihwkit's and plain PyTorch's SGD."""
    overrides = [f"training.samples={samples}", "training.epochs=null", "data.test=10"]
    session = open_session(read_scenario(find_scenario("fcn-fashion-mnist-async"), overrides)[0])
    indices = session._stream.indices(0, samples)
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "images.npz")
        np.savez(
            file, images=session._feed.training(indices, 0), labels=session.dataset.train_y[indices].astype(np.int64)
        )
        short = str(Path(folder) / "short.npz")
        np.savez(short, images=session._feed.training(indices[:500], 0), labels=session.dataset.train_y[indices[:500]])
        kernel_share.run(200, [])
        sides: dict[str, Callable[[], float | None]] = {
            "aimcsim, pipeline simulated": lambda: samples / kernel_share.run(samples, [], process_time),
            "PyTorch float": lambda: peer.ask("float-fcn", data=file, rate=0.05),
            "aihwkit": lambda: peer.ask("fcn", data=file, rate=0.05),
        }
        report("FCN, micro-batch 10", rounds(sides, 3), "images/s")
        pulses = 0
        original = AnalogTile.update

        def counted(tile: AnalogTile, x: Any, d: Any, rate: float, **more: Any) -> int:
            nonlocal pulses
            pulses += coincidences(tile, x, d, rate)
            return original(tile, x, d, rate, **more)

        AnalogTile.update = counted  # type: ignore[method-assign]
        kernel_share.run(500, [])
        AnalogTile.update = original  # type: ignore[method-assign]
        theirs = peer.ask("fcn-count", data=short, rate=0.005)
        print(f"  pulses on cells per image, first 500 images: aimcsim {pulses / 500:.0f}, aihwkit {theirs}")


def main() -> None:
    parts = sys.argv[1:] or ["updates", "devices", "tiki-taka", "products", "threads", "fcn"]
    print(describe_host())
    peer = Peer(os.environ.get("AIHWKIT_PYTHON"))
    print(f"beside {peer.ask('version')}; medians of {ROUNDS} alternating rounds of {SECONDS} s, one thread each")
    with threadpool_limits(1):
        for size in (128, 512, 1024):
            if "updates" in parts:
                bench_updates(peer, size)
            if "products" in parts:
                bench_products(peer, size)
        if "devices" in parts:
            bench_devices(peer)
        if "tiki-taka" in parts:
            bench_tiki_taka(peer)
        if "threads" in parts:
            bench_threads()
        if "fcn" in parts:
            bench_fcn(peer, 10_000)
    peer.close()


if __name__ == "__main__":
    main()
