"""Makes losses.npz: PyTorch's losses of a CNN's first micro-batches. Not a test: it needs PyTorch.

    python -m tests.training.torch_parity.make_losses

The weights and the order of the data are aimcsim's (`python -m tests.training.test_torch_parity` writes network.npz
where aimcsim is installed); network, loss, gradients and SGD are PyTorch's own. PyTorch's batch norm, its
running moments included, and its SGD without momentum are used as they come.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

HERE = Path(__file__).parent


class Network(nn.Module):
    """The model of `test_torch_parity.MODEL`."""

    def __init__(self) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(1, 6, 3, padding=1)
        self.c2 = nn.Conv2d(6, 8, 3, stride=2, padding=1, bias=False)
        self.n2 = nn.BatchNorm2d(8)
        self.c3 = nn.Conv2d(8, 8, (3, 1), padding=(1, 0), groups=2)
        self.fc = nn.Linear(8 * 2 * 2 + 8, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a1 = torch.tanh(self.c1(x))
        a2 = torch.relu(self.n2(self.c2(a1)))
        s = a2 + torch.sigmoid(self.c3(a2))
        p = nn.functional.max_pool2d(s, 2)
        return self.fc(torch.cat([p.flatten(1), s.mean(dim=(2, 3))], dim=1))


def main() -> None:
    torch.set_num_threads(1)
    given = np.load(HERE / "network.npz")
    network = Network()
    parts = {"weight": "", "bias": ".bias"}
    with torch.no_grad():
        for name, module in network.named_children():
            if name == "n2":
                continue  # 1, 0 and moments 0, 1 at first on both sides
            for part, suffix in parts.items():
                if getattr(module, part) is not None:
                    values = torch.from_numpy(given[f"{name}{suffix}"])
                    getattr(module, part).copy_(values.reshape(getattr(module, part).shape))
    optimiser = torch.optim.SGD(network.parameters(), lr=float(given["learning_rate"]))
    x, y = torch.from_numpy(given["x"]), torch.from_numpy(given["y"])
    losses = []
    for images, labels in zip(x, y, strict=True):
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(network(images), labels)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    final = {name: values.numpy() for name, values in network.state_dict().items()}
    np.savez_compressed(HERE / "losses.npz", losses=np.array(losses), versions=f"torch {torch.__version__}", **final)


if __name__ == "__main__":
    main()
