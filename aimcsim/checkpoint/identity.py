"""What a checkpoint belongs to: one scenario, one data set, one version of aimcsim."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aimcsim import __version__
from aimcsim.data.dataset import Dataset
from aimcsim.errors import CheckpointError, harmless
from aimcsim.scenario.dump import scenario_yaml
from aimcsim.scenario.spec import Scenario


@dataclass(frozen=True)
class Identity:
    """`scenario`: the resolved scenario as text; `data`: SHA-256 of the samples, "" where nothing is trained."""

    version: str
    scenario: str
    data: str

    def document(self) -> dict[str, Any]:
        """For the document of a checkpoint."""
        return asdict(self)

    def check(self, found: dict[str, Any], path: Path) -> None:
        """Raises CheckpointError where the checkpoint at `path` is another run's."""
        if found["version"] != self.version:
            raise CheckpointError(f"{path} was written by aimcsim {found['version']}; this is {self.version}")
        if found["scenario"] != self.scenario:
            raise CheckpointError(
                f"{path} belongs to another scenario: {_difference(found['scenario'], self.scenario)}"
            )
        if found["data"] != self.data:
            if not (found["data"] and self.data):
                there, here = ("with", "without") if found["data"] else ("without", "with")
                raise CheckpointError(f"{path} belongs to a run {there} training, this is one {here}")
            raise CheckpointError(f"{path} belongs to a run on other data: the samples have changed")


def identity_of(scenario: Scenario, dataset: Dataset | None) -> Identity:
    """What a run of `scenario` on `dataset` (None: without numbers) is known by."""
    return Identity(__version__, scenario_yaml(scenario), "" if dataset is None else _hash_of(dataset))


def _hash_of(dataset: Dataset) -> str:
    found = hashlib.sha256()
    for samples in dataset.blocks():
        found.update(f"{samples.dtype.str}{samples.shape}".encode())
        found.update(samples.data)
    return found.hexdigest()


def _difference(there: str, here: str) -> str:
    """The first lines that differ."""
    for a, b in zip(there.splitlines(), here.splitlines(), strict=False):
        if a != b:
            return f"it has `{harmless(a.strip())}` where this one has `{harmless(b.strip())}`"
    return "one of them has more parts"
