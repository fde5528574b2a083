"""A folder for what a run writes before anybody says where its results shall go."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path


class ScratchFolder:
    """Exists as long as this object: a result that is dropped takes its files along, without a word."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="aimcsim-"))
        self._finalizer = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)

    def remove(self) -> None:
        """Remove the folder now."""
        self._finalizer()
