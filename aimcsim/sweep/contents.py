"""What is in the files that a scenario only names: data sets and initial weights.

Models and CSV schedules are written out in the resolved scenario, so that their contents are part of it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from aimcsim.data.stored import files_of
from aimcsim.scenario.spec import Scenario


class FileContents:
    """Digests of files, each read once."""

    def __init__(self) -> None:
        self._digests: dict[Path, str | None] = {}

    def of(self, scenario: Scenario) -> dict[str, list[str | None]]:
        """Digests by the part that names the files; None for a file that cannot be read, parts without files absent.

        A data set that is not on this machine has no files.
        """
        weights = scenario.training.initial_weights
        parts = {
            "data": files_of(scenario.data),
            "training.initial_weights": [] if weights is None else [Path(weights)],
        }
        return {part: [self._digest(file) for file in files] for part, files in parts.items() if files}

    def _digest(self, file: Path) -> str | None:
        if file not in self._digests:
            try:
                with open(file, "rb") as stream:
                    self._digests[file] = hashlib.file_digest(stream, "sha256").hexdigest()
            except OSError:
                self._digests[file] = None
        return self._digests[file]
