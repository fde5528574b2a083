"""A folder for what a run writes before anybody says where its results shall go."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path

from aimcsim.trace.run_folder import hidden_folder, remove_leftovers


class ScratchFolder:
    """Exists as long as this object: a result that is dropped takes its files along, without a word.

    It stands beside `target`, where the results shall go in the end and where the next run to the same target finds
    what a killed one has left; without a target, in the system's folder for temporary files.
    """

    def __init__(self, target: Path | None = None) -> None:
        if target is None:
            self.path = Path(tempfile.mkdtemp(prefix="aimcsim-"))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            remove_leftovers(target)
            self.path = hidden_folder(target)
        self._finalizer = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)

    def remove(self) -> None:
        """Remove the folder now."""
        self._finalizer()
