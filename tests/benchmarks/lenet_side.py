"""The other side of `lenet`: LeNet-5 in aihwkit or PyTorch, run by an interpreter that has them.

    python lenet_side.py DATA.npz analog|float

For every line on stdin it trains once over the images of the file and answers with the seconds of processor time.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import torch
from torch import nn

RATE = 0.01


def network(analog: bool) -> tuple[nn.Module, torch.optim.Optimizer]:
    """The network of models/lenet-5.yaml, with the devices of the benchmark, and its optimiser."""
    if not analog:
        model = layers(nn.Conv2d, nn.Linear, {}, nn.Sequential)
        return model, torch.optim.SGD(model.parameters(), lr=RATE)
    from aihwkit.nn import AnalogConv2d, AnalogLinear, AnalogSequential
    from aihwkit.optim import AnalogSGD
    from aihwkit.simulator.configs import SingleRPUConfig, SoftBoundsDevice

    config = SingleRPUConfig(device=SoftBoundsDevice(w_max=1.0, w_min=-1.0))
    config.mapping.weight_scaling_omega = 0.3
    model = layers(AnalogConv2d, AnalogLinear, {"rpu_config": config}, AnalogSequential)
    optimizer = AnalogSGD(model.parameters(), lr=RATE)
    optimizer.regroup_param_groups(model)
    return model, optimizer


def layers(conv: type, dense: type, more: dict, row: type) -> nn.Module:
    """LeNet-5 of the given kinds of layer."""
    return row(
        conv(1, 6, 5, padding=2, **more), nn.Tanh(), nn.AvgPool2d(2),
        conv(6, 16, 5, **more), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(),
        dense(400, 120, **more), nn.Tanh(), dense(120, 84, **more), nn.Tanh(), dense(84, 10, **more),
    )  # fmt: skip


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    data = np.load(sys.argv[1])
    images, labels, batch = torch.from_numpy(data["x"]), torch.from_numpy(data["y"]), int(data["batch"])
    model, optimizer = network(sys.argv[2] == "analog")
    loss = nn.CrossEntropyLoss()
    for _ in sys.stdin:
        begun = time.process_time()
        for first in range(0, len(images), batch):
            optimizer.zero_grad()
            loss(model(images[first : first + batch]), labels[first : first + batch]).backward()
            optimizer.step()
        print(time.process_time() - begun, flush=True)


if __name__ == "__main__":
    main()
