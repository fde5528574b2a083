"""aihwkit's side, run by its interpreter: `aihwkit_side.py <protocol> <tiles> <answer.npz>`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from aihwkit.simulator import configs
from aihwkit.simulator.parameters import enums
from aihwkit.simulator.presets import devices as presets
from aihwkit.simulator.tiles import AnalogTile

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "benchmarks" / "crossbar")]
from devices import DEVICES, DeviceCase  # noqa: E402
from protocols import PROTOCOLS  # noqa: E402
from settings import Parameters  # noqa: E402

ENUMS = {
    "pulse_type": enums.PulseType,
    "noise_management": enums.NoiseManagementType,
    "bound_management": enums.BoundManagementType,
    "w_noise_type": enums.WeightNoiseType,
}


def translated(given: Parameters) -> Parameters:
    """aimcsim's names of choices as aihwkit's enumerators."""
    return {key: ENUMS[key][value.upper().replace("-", "_")] if key in ENUMS else value for key, value in given.items()}


def device_of(case: DeviceCase | None) -> Any:
    """The device of a case; the ideal one for None."""
    if case is None:
        return configs.IdealDevice()
    kind = getattr(configs, case.aihwkit, None) or getattr(presets, case.aihwkit)
    if case.pair is None:
        return kind(**case.arguments)
    return configs.OneSidedUnitCell(
        unit_cell_devices=[kind(**case.arguments) for _ in range(2)],
        units_in_mbatch=False,
        # aimcsim reads pairs exactly. (Deterministic trains write the wrong way back there: they lose the rate's sign.)
        refresh_forward=configs.IOParameters(is_perfect=True),
        **case.pair,
    )


class Peer:
    """One tile, by its C++ calls, which take weights as they are."""

    def __init__(
        self, case: DeviceCase | None, pulses: Parameters, io: Parameters, shape: tuple[int, int], number: int
    ) -> None:
        config = configs.SingleRPUConfig(
            device=device_of(case),
            forward=configs.IOParameters(**translated(io)),
            backward=configs.IOParameters(**translated(io)),
            update=configs.UpdateParameters(**translated(pulses)),
        )
        self._tile = AnalogTile(*shape, config)
        self._rate_ratio = 1.0 if case is None else case.rate_ratio

    def set(self, weights: np.ndarray) -> None:
        self._tile.tile.set_weights(torch.from_numpy(weights))

    def weights(self) -> np.ndarray:
        return self._tile.tile.get_weights().numpy().copy()

    def update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        self._tile.tile.set_learning_rate(rate * self._rate_ratio)
        lines, errors = (torch.from_numpy(np.ascontiguousarray(each, np.float32)) for each in (x, d))
        self._tile.tile.update(lines, errors, False, False, False, False)
        self._tile.post_update_step()

    def forward(self, x: np.ndarray) -> np.ndarray:
        return self._tile.tile.forward(torch.from_numpy(x), False, False, False, False).numpy().copy()

    def backward(self, d: np.ndarray) -> np.ndarray:
        return self._tile.tile.backward(torch.from_numpy(d), False, False, False).numpy().copy()


def main() -> None:
    """Run one protocol and write its samples."""
    protocol, tiles, answer = sys.argv[1:]
    torch.set_num_threads(1)
    np.savez(answer, **PROTOCOLS[protocol](Peer, int(tiles), DEVICES))


if __name__ == "__main__":
    main()
