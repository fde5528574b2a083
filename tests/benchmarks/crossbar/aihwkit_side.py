"""The other side: aihwkit, run by its own interpreter, one JSON request a line on stdin, one answer a line on stdout.

Requests: {"case": "update" | "tiki-taka" | "count" | "forward" | "fcn" | "float-fcn" | "fcn-count" | "version", ...}.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from aihwkit.nn import AnalogLinear, AnalogSequential
from aihwkit.optim import AnalogSGD
from aihwkit.simulator import configs
from aihwkit.simulator.configs import (
    BoundManagementType,
    ConstantStepDevice,
    NoiseManagementType,
    OneSidedUnitCell,
    SingleRPUConfig,
    SoftBoundsDevice,
    TransferCompound,
    UnitCellRPUConfig,
)
from aihwkit.simulator.presets import devices as presets
from aihwkit.simulator.tiles import AnalogTile

sys.path.insert(0, str(Path(__file__).parent))
from regimes import DEVICES, LAYERS, rate_of, start_weights, update_data

tiles: dict[tuple[int, bool, str], AnalogTile] = {}


def counting_device() -> ConstantStepDevice:
    """Equal steps of 0.001 without noise or near bounds: its CPU kernels keep no pulse counters, its weights do."""
    still = dict.fromkeys(("dw_min_dtod", "dw_min_std", "w_max_dtod", "w_min_dtod", "up_down_dtod"), 0.0)
    return ConstantStepDevice(dw_min=0.001, w_max=100.0, w_min=-100.0, **still)


def config_of(device: str) -> SingleRPUConfig | UnitCellRPUConfig:
    """The configuration of one of `DEVICES`, "" for soft bounds."""
    if device == "tiki-taka":
        pair = TransferCompound(
            unit_cell_devices=[SoftBoundsDevice(), SoftBoundsDevice()],
            transfer_every=1.0,
            n_reads_per_transfer=1,
            transfer_lr=1.0,
        )
        pair.transfer_forward.noise_management = NoiseManagementType.NONE
        pair.transfer_forward.bound_management = BoundManagementType.NONE
        return UnitCellRPUConfig(device=pair)
    if not device:
        return SingleRPUConfig(device=SoftBoundsDevice())
    name, parameters = DEVICES[device][1]
    if name == "OneSidedUnitCell":
        return UnitCellRPUConfig(device=OneSidedUnitCell(unit_cell_devices=[SoftBoundsDevice()]))
    home = presets if name.endswith("PresetDevice") else configs
    return SingleRPUConfig(device=getattr(home, name)(**parameters))


def tile_of(size: int, counting: bool = False, device: str = "") -> AnalogTile:
    """The tile of a size and a device, made once."""
    if (size, counting, device) not in tiles:
        config = SingleRPUConfig(device=counting_device()) if counting else config_of(device)
        tile = AnalogTile(size, size, config)
        tile.set_weights(torch.from_numpy(start_weights(size)))
        tiles[size, counting, device] = tile
    return tiles[size, counting, device]


def update(request: dict) -> float:
    """Rank-one updates a second, in the C++ call."""
    x, d, rate = update_data(request["size"], request["regime"], request["batch"], request["seed"])
    tile = tile_of(request["size"], request["case"] == "count", request.get("device", ""))
    tile.set_learning_rate(rate)
    lines, errors = torch.from_numpy(x), torch.from_numpy(d)
    if request["case"] == "count":
        before = tile.get_weights()[0].clone()
        tile.tile.update(lines[:1], errors[:1], False, False, False, False)
        return float((tile.get_weights()[0] - before).abs().sum()) / 0.001 / request["size"] ** 2
    call = lambda: tile.tile.update(lines, errors, False, False, False, False)  # noqa: E731
    return rate_of(call, request["seconds"]) * request["batch"]


def forward(request: dict) -> float:
    """Samples a second through the default converters, in the C++ call."""
    x = torch.from_numpy(update_data(request["size"], "dense", request["batch"], 1)[0])
    tile = tile_of(request["size"])
    return rate_of(lambda: tile.tile.forward(x, False, False, False, False), request["seconds"]) * request["batch"]


def fcn(request: dict) -> float:
    """Images a second of SGD on 784-256-128-10, or the pulses of an image (case "fcn-count")."""
    analog = request["case"] != "float-fcn"
    counting = request["case"] == "fcn-count"
    device = counting_device() if counting else SoftBoundsDevice(w_max=1.0, w_min=-1.0)
    layers: list[torch.nn.Module] = []
    torch.manual_seed(0)
    for number, (inputs, outputs) in enumerate(pairwise(LAYERS)):
        if number:
            layers.append(torch.nn.Sigmoid())
        layers.append(
            AnalogLinear(inputs, outputs, rpu_config=SingleRPUConfig(device=device))
            if analog
            else torch.nn.Linear(inputs, outputs)
        )
    model = AnalogSequential(*layers) if analog else torch.nn.Sequential(*layers)
    if analog:
        optimizer = AnalogSGD(model.parameters(), lr=request["rate"])
        optimizer.regroup_param_groups(model)
    else:
        optimizer = torch.optim.SGD(model.parameters(), lr=request["rate"])
    data = np.load(request["data"])
    images, labels = torch.from_numpy(data["images"]), torch.from_numpy(data["labels"])
    loss = torch.nn.CrossEntropyLoss()
    # One image at a time at a tenth of the rate has the updates of micro-batches of ten, which would cancel in part.
    batch = 1 if counting else 10
    pulses = 0.0
    begun = time.process_time()
    for first in range(0, len(images), batch):
        optimizer.zero_grad()
        loss(model(images[first : first + batch]), labels[first : first + batch]).backward()
        before = [tile.get_weights()[0].clone() for tile in model.analog_tiles()] if counting else []
        optimizer.step()
        if counting:
            after = [tile.get_weights()[0] for tile in model.analog_tiles()]
            pulses += sum(float((a - b).abs().sum()) for a, b in zip(after, before, strict=True)) / 0.001
    spent = time.process_time() - begun
    return pulses / len(images) if counting else len(images) / spent


def version(request: dict) -> str:
    """What runs here."""
    from importlib.metadata import version as of

    return f"aihwkit {of('aihwkit')}, torch {of('torch')}, {torch.get_num_threads()} thread"


CASES = {
    "update": update,
    "count": update,
    "forward": forward,
    "fcn": fcn,
    "float-fcn": fcn,
    "fcn-count": fcn,
    "version": version,
}


if __name__ == "__main__":
    torch.set_num_threads(1)
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(CASES[asked["case"]](asked)), flush=True)
