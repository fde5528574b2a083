"""Makes the ONNX files beside it, and PyTorch's own outputs for them. Not a test: it needs PyTorch.

    python -m tests.network.onnx_files.make_files

`versions` in each .npz says what they were made with. Seeds are fixed, but other versions may write other graphs; the
tests read the files as they are. Each NAME.onnx has a NAME.npz with `x` (samples, *shape), and `y`, what PyTorch makes
of them in evaluation mode: logarithms of shares where the network ends in a softmax, else its outputs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import nn

HERE = Path(__file__).parent


class Residual(nn.Module):
    """A block with a skip, two branches behind each other, norms, both kinds of pool and a mean of every channel."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(2, 4, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.grouped = nn.Conv2d(4, 4, (3, 1), padding=(1, 0), groups=2)
        self.down = nn.Conv2d(4, 6, 3, stride=(2, 1), padding=1)
        self.wide = nn.Conv2d(4, 6, 1, stride=(2, 1))
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        self.means = nn.AvgPool2d(2, stride=1)
        self.last = nn.Linear(12, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first = torch.relu(self.norm(self.stem(x)))
        skip = first + torch.sigmoid(self.grouped(first))
        both = torch.cat([self.down(skip), torch.tanh(self.wide(skip))], dim=1)
        found = self.means(self.pool(both))
        return torch.log_softmax(self.last(torch.flatten(nn.functional.adaptive_avg_pool2d(found, 1), 1)), dim=1)


def lenet() -> nn.Module:
    """A small LeNet; its names come from its place in the row: 0.weight, 3.weight …"""
    return nn.Sequential(
        nn.Conv2d(1, 3, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2),
        nn.Conv2d(3, 4, 3), nn.Tanh(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(16, 12), nn.ReLU(), nn.Dropout(0.25), nn.Linear(12, 10),
    )  # fmt: skip


class Products(nn.Module):
    """Dense layers written as products, which have names that a scenario does not allow."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.randn(6, 8) / 3)
        self.shift = nn.Parameter(torch.randn(8))
        self.second = nn.Parameter(torch.randn(8, 3) / 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.softmax(torch.sigmoid(x @ self.first + self.shift) @ self.second, dim=1)


def write(name: str, network: nn.Module, shape: tuple[int, ...], outputs: Any, **how: Any) -> None:
    """The graph and its outputs. `outputs`: what undoes the last function of the graph."""
    x = torch.randn(7, *shape)
    network.train()
    with torch.no_grad():
        for _ in range(3):
            network(torch.randn(16, *shape) * 2 + 1)  # moves the running moments of norms
    network.eval()
    file = HERE / f"{name}.onnx"
    torch.onnx.export(network, (x[:1],), str(file), **how)
    model = onnx.load(file)
    for each in (
        model,
        model.graph,
        *model.graph.node,
        *model.graph.input,
        *model.graph.output,
        *model.graph.value_info,
    ):
        del each.metadata_props[:]  # stack traces, with the paths of the machine
        each.doc_string = ""
    onnx.save(model, file)
    versions = f"torch {torch.__version__}, onnx {onnx.__version__}"
    with torch.no_grad():
        y = outputs(network(x))
    np.savez_compressed(HERE / f"{name}.npz", x=x.numpy(), y=y.numpy(), versions=versions)


def main() -> None:
    torch.manual_seed(7)
    same = torch.nn.Identity()
    dynamo: dict[str, Any] = {"dynamo": True, "external_data": False}
    script: dict[str, Any] = {"dynamo": False}
    write("lenet", lenet(), (1, 12, 12), same, **dynamo)
    kept = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}
    write("residual", Residual(), (2, 9, 8), same, **script, **kept)
    write("residual-optimised", Residual(), (2, 9, 8), same, **dynamo)
    write("products", Products(), (6,), torch.log, **dynamo)
    write("unknown", nn.Sequential(nn.Conv2d(1, 2, 3, dilation=2), nn.GELU(), nn.PReLU()), (1, 8, 8), same, **dynamo)


if __name__ == "__main__":
    main()
