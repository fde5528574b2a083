"""What is measured of an array, the same code on both sides; numpy only, so that either interpreter can import it.

Every protocol makes `tiles` arrays anew, because aihwkit draws all noise of a tile from one table of 32768 numbers
whose mean is not zero: cells of one tile are not independent samples, tiles are. It returns named samples, (tiles,
quantities). Tile number t of both sides gets the same inputs and starting weights.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from devices import AGEING, COUNTING, EXACT_UPDATES, DeviceCase
from numpy.typing import NDArray
from regimes import update_data
from settings import CERTAIN, CERTAIN_TRAIN, EXACT_IO, NOISY_IO, PULSES, SILENT, Parameters

Array = NDArray[Any]
Samples = dict[str, Array]
Devices = dict[str, DeviceCase]

SIZE = 32
#: Pulses between two looks at a trajectory, up to PULSE_COUNT up, as many down, and PAIRS up-down pairs after them.
EVERY, PULSE_COUNT, PAIRS = 10, 300, 200
#: Looks that are compared: after 10, 100 and 300 pulses up, after as many down, and after the pairs; 0 is the start.
LOOKS = (0, 1, 10, 30, 31, 40, 60, 61)
LOOK_NAMES = ("start", "10 up", "100 up", "300 up", "10 down", "100 down", "300 down", "200 pairs")
UPDATES = 12
AGES = (1, 10, 60)
OUTPUTS, INPUTS, BATCH, READS = 24, 40, 16, 20


class Side(Protocol):
    """One array of one of the simulators, with W = C."""

    def set(self, weights: Array) -> None: ...

    def weights(self) -> Array: ...

    def update(self, x: Array, d: Array, rate: float) -> None:
        """One micro-batch, at the end of which devices age that age per mini-batch."""

    def forward(self, x: Array) -> Array: ...

    def backward(self, d: Array) -> Array: ...


#: (device or None for the ideal one, pulses, io of both directions, (outputs, inputs), number of the tile).
Make = Callable[[DeviceCase | None, Parameters, Parameters, tuple[int, int], int], Side]


def trajectories(make: Make, tiles: int, devices: Devices) -> Samples:
    """Mean and deviation over cells after every look, (tiles, looks, 2)."""
    return {name: _trajectory(make, tiles, case, 1) for name, case in devices.items()}


def long_trains(make: Make, tiles: int, devices: Devices) -> Samples:
    """As `trajectories`, with trains of 30 pulses instead of single ones, for devices of several modes."""
    return {name: _trajectory(make, tiles, case, 30) for name, case in devices.items() if len(case.steppings) > 1}


def _trajectory(make: Make, tiles: int, case: DeviceCase, slots: int) -> Array:
    outputs, inputs = case.shape
    batch = EVERY if slots == 1 else 1
    x, up = np.ones((batch, inputs), np.float32), -np.ones((batch, outputs), np.float32)
    pairs = np.tile(np.array([[-1.0], [1.0]], np.float32), (PAIRS // slots, outputs))
    # Whatever the granularity, so high a rate makes every line fire in every slot.
    rate = 100.0 * case.step * slots
    found = []
    for tile in range(tiles):
        array = make(case, CERTAIN if slots == 1 else CERTAIN_TRAIN, {}, case.shape, tile)
        array.set(np.zeros(case.shape, np.float32))
        looks = [array.weights()]
        for d in (up, -up):
            for _ in range(PULSE_COUNT // (batch * slots)):
                array.update(x, d, rate)
                looks.append(array.weights())
        array.update(np.ones((len(pairs), inputs), np.float32), pairs, rate)
        looks.append(array.weights())
        found.append([(look.mean(dtype=np.float64), look.std(dtype=np.float64)) for look in looks])
    return np.array(found)


def updates_of_devices(make: Make, tiles: int, devices: Devices) -> Samples:
    """Changes under stochastic trains, dense and sparse, from weights spread over the middle of the range."""
    samples = {}
    for name, case in devices.items():
        if case.shape != (SIZE, SIZE):
            continue
        for regime in ("dense", "sparse"):
            samples[f"{name}; {regime}"] = _updates(make, tiles, case, {}, regime, 10, False)
    return samples


def counts_of_pulses(make: Make, tiles: int, devices: Devices) -> Samples:
    """The same of noiseless equal steps, in units of a step: counts of pulses."""
    return {
        f"{name}; {regime}, batch {batch}": _updates(make, tiles, COUNTING, pulses, regime, batch, True)
        for name, (pulses, regimes) in PULSES.items()
        for regime, batch in regimes
    }


#: Samples of `_updates`: a line of the table each.
UPDATE_NAMES = ("mean |change|", "slope on −lr·d·xᵀ", "variance", "variance of row sums", "variance of column sums")


def _updates(
    make: Make, tiles: int, case: DeviceCase, pulses: Parameters, regime: str, batch: int, counting: bool
) -> Array:
    step = case.step
    found = []
    for tile in range(tiles):
        array = make(case, pulses, {}, (SIZE, SIZE), tile)
        array.set(np.random.default_rng(tile).uniform(-0.3, 0.3, (SIZE, SIZE)).astype(np.float32))
        figures = []
        for number in range(UPDATES):
            x, d, rate = update_data(SIZE, regime, batch, 1000 * tile + number)
            rate *= step / 0.001
            before = array.weights()
            array.update(x, d, rate)
            change = (array.weights() - before).astype(np.float64) / step
            wanted = -rate / step * np.einsum("bi,bj->ij", d, x).astype(np.float64)
            # Devices do not do quite what the rule wants; of pulses the deviation from it is the sharper figure.
            rest = change - wanted if counting else change
            slope = (change * wanted).sum() / (wanted**2).sum()
            spread = [(rest**2).mean(), (rest.sum(1) ** 2).mean() / SIZE, (rest.sum(0) ** 2).mean() / SIZE]
            figures.append([np.abs(change).mean(), slope, *spread])
        found.append(np.mean(figures, axis=0))
    return np.array(found)


def ageing(make: Make, tiles: int, devices: Devices) -> Samples:
    """What micro-batches do that send no pulse, and a last one that does: (tiles, looks, 3).

    Mean and deviation over cells, and the slope on the weights at the beginning.
    """
    samples = {}
    for name, case in AGEING.items():
        found = []
        for tile in range(tiles):
            array = make(case, {}, {}, (SIZE, SIZE), tile)
            start = np.random.default_rng(tile).uniform(-0.3, 0.3, (SIZE, SIZE)).astype(np.float32)
            array.set(start)
            looks = []
            x, d, rate = update_data(SIZE, "dense", 10, tile)
            for number in range(1, AGES[-1] + 2):
                array.update(x * (number > AGES[-1]), d, rate)
                if number in AGES or number > AGES[-1]:
                    w = array.weights().astype(np.float64)
                    looks.append((w.mean(), w.std(), (w * start).mean() / (start**2).mean()))
            found.append(looks)
        samples[name] = np.array(found)
    return samples


AGE_NAMES = (*(f"{age} updates" for age in AGES), "after pulses")


def _lines(direction: str) -> Array:
    """Samples of many magnitudes: some saturate outputs, one is zero, one has no negative value."""
    rng = np.random.default_rng(7)
    lines = rng.normal(0.0, 1.0, (BATCH, INPUTS if direction == "forward" else OUTPUTS))
    lines *= np.geomspace(0.05, 3.0, BATCH)[:, None]
    lines[3] = 0.0
    lines[5] = np.abs(lines[5])
    return lines.astype(np.float32)


def _matrix() -> Array:
    rng = np.random.default_rng(8)
    return (rng.uniform(-0.6, 0.6, (OUTPUTS, INPUTS)) + 0.1).astype(np.float32)


def _multiply(array: Side, direction: str, lines: Array) -> Array:
    return array.forward(lines) if direction == "forward" else array.backward(lines)


def exact_products(make: Make, tiles: int, devices: Devices) -> Samples:
    """Products without noise, the same twice over (a running scale moves on): (1, 2, batch, outputs)."""
    samples = {}
    for name, io in EXACT_IO.items():
        for direction in ("forward", "backward"):
            array = make(None, {}, SILENT | io, (OUTPUTS, INPUTS), 0)
            array.set(_matrix())
            lines = _lines(direction)
            samples[f"{name}; {direction}"] = np.array([[_multiply(array, direction, lines) for _ in range(2)]])
    return samples


def exact_updates(make: Make, tiles: int, devices: Devices) -> Samples:
    """Weights after updates in which nothing is drawn, (1, 1, outputs, inputs)."""
    samples = {}
    for name, (case, pulses) in EXACT_UPDATES.items():
        array = make(case, pulses, {}, (SIZE, SIZE), 0)
        array.set(np.random.default_rng(0).uniform(-0.3, 0.3, (SIZE, SIZE)).astype(np.float32))
        for number in range(5):
            array.update(*update_data(SIZE, "dense", 10, number))
        samples[name] = array.weights()[None, None]
    return samples


def noisy_products(make: Make, tiles: int, devices: Devices) -> Samples:
    """Mean over READS products of every output, (tiles, batch·outputs), and their deviations, alike."""
    samples = {}
    for name, io in NOISY_IO.items():
        for direction in ("forward", "backward"):
            means, deviations = [], []
            lines = np.delete(_lines(direction), 3, axis=0)
            for tile in range(tiles):
                array = make(None, {}, io, (OUTPUTS, INPUTS), tile)
                array.set(_matrix())
                reads = np.array([_multiply(array, direction, lines) for _ in range(READS)], np.float64)
                means.append(reads.mean(0).ravel())
                deviations.append(reads.std(0).ravel())
            samples[f"{name}; {direction}"] = np.stack([means, deviations], axis=-1)
    return samples


PROTOCOLS: dict[str, Callable[[Make, int, Devices], Samples]] = {
    "trajectories": trajectories,
    "long trains": long_trains,
    "updates": updates_of_devices,
    "pulses": counts_of_pulses,
    "ageing": ageing,
    "exact updates": exact_updates,
    "exact products": exact_products,
    "noisy products": noisy_products,
}
