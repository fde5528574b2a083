"""aimcsim's side, and the call of the other one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aimcsim.crossbar import AnalogTile
from aimcsim.scenario.hardware_spec import IOSpec, MappingSpec, PulseSpec

HERE = Path(__file__).resolve().parent
# What both interpreters import stands beside this file, and is imported by its plain name on both sides.
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "benchmarks" / "crossbar")]
import protocols  # noqa: E402
from devices import BOTH_MODES, DEVICES, DeviceCase  # noqa: E402
from protocols import PROTOCOLS, Samples  # noqa: E402
from settings import Parameters  # noqa: E402

__all__ = ["DEVICES", "Samples", "our_samples", "protocols", "their_samples", "their_version"]

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
Floats = NDArray[np.float32]

#: Protocols that run over all devices, and so over the modes in which they can step.
OF_DEVICES = ("trajectories", "long trains", "updates")


class Ours:
    """One `AnalogTile` with W = C."""

    def __init__(
        self,
        case: DeviceCase | None,
        pulses: Parameters,
        io: Parameters,
        shape: tuple[int, int],
        number: int,
        stepping: str = "auto",
    ) -> None:
        self._tile = AnalogTile(
            *shape,
            device="ideal" if case is None else case.device,
            io=IOSpec.model_validate(io),
            pulses=PulseSpec.model_validate(pulses | {"stepping": stepping}),
            mapping=MappingSpec(weight_scaling_omega=0.0),
            seed=number,
        )

    def set(self, weights: Floats) -> None:
        self._tile.weights = weights

    def weights(self) -> Floats:
        return self._tile.weights

    def update(self, x: Floats, d: Floats, rate: float) -> None:
        self._tile.update(x, d, rate)

    def forward(self, x: Floats) -> Floats:
        return self._tile.forward(x)

    def backward(self, d: Floats) -> Floats:
        return self._tile.backward(d)


def our_samples(protocol: str, tiles: int) -> dict[str, Samples]:
    """A protocol run here, for every stepping mode that a device of it has."""
    modes = ["auto", *BOTH_MODES] if protocol in OF_DEVICES else ["auto"]
    found: dict[str, Samples] = {}
    for mode in modes:
        devices = {name: case for name, case in DEVICES.items() if mode in case.steppings}
        found[mode] = PROTOCOLS[protocol](partial(Ours, stepping=mode), tiles, devices)
    return found


def their_samples(protocol: str, tiles: int, python: str) -> Samples:
    """The same protocol, run by aihwkit in its own interpreter."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.npz"
        subprocess.run(
            [python, str(HERE / "aihwkit_side.py"), protocol, str(tiles), str(answer)],
            check=True,
            env={**os.environ, **ONE_THREAD},
        )
        with np.load(answer, allow_pickle=False) as stored:
            return dict(stored)


def their_version(python: str) -> str:
    """What runs there; CalledProcessError if aihwkit cannot be imported."""
    words = "from importlib.metadata import version as v; import aihwkit; print('aihwkit', v('aihwkit'))"
    return subprocess.run([python, "-c", words], check=True, capture_output=True, text=True).stdout.strip()
