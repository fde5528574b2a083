"""What a scenario text is told: the lines of its error report, without the folder they stand in."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from aimcsim.errors import ScenarioError
from aimcsim.scenario.load import read_scenario
from aimcsim.scenario.overrides import Overrides


def problems_of(
    text: str | bytes, files: Mapping[str, str | bytes] | None = None, overrides: Overrides | None = None
) -> list[str]:
    """The report on `text` as the file `s.yaml`, with `files` beside it; empty where the scenario is good."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in {"s.yaml": text, **(files or {})}.items():
            (Path(folder) / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        try:
            read_scenario(os.path.join(folder, "s.yaml"), overrides)
        except ScenarioError as error:
            return [line.replace(folder + os.sep, "") for line in str(error).split("\n")]
    return []
