"""Old weights that a schedule still needs: PipeDream's stash, 2BW's second buffer. Digital weights only."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class VersionedArray:
    """A float array with the `kept` versions before the current one; version n is the state after n updates."""

    def __init__(self, values: NDArray[np.floating[Any]], kept: int = 0) -> None:
        self.current: Floats = np.array(values, np.float32)
        self.version = 0
        self._kept = kept
        self._old: dict[int, Floats] = {}

    def at(self, version: int) -> Floats:
        """The array as it was after `version` updates."""
        return self.current if version == self.version else self._old[version]

    def before_update(self) -> None:
        """The current values are about to change: keep them if the schedule may still read them."""
        if self._kept and self.version not in self._old:
            self._old[self.version] = self.current.copy()
            self._old.pop(self.version - self._kept, None)

    def commit(self) -> None:
        """The change is complete and makes the next version."""
        self.version += 1

    def state(self) -> dict[str, NDArray[Any]]:
        """All versions that are kept, for a checkpoint."""
        kept = list(self._old.values())
        return {
            "current": self.current.copy(),
            "version": np.array(self.version, np.int64),
            "old": np.stack(kept) if kept else np.zeros((0, *self.current.shape), np.float32),
            "old_versions": np.array(list(self._old), np.int64),
        }

    def load_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Put back what `state` gave."""
        self.current = state["current"]
        self.version = int(state["version"])
        self._old = {int(version): old.copy() for version, old in zip(state["old_versions"], state["old"], strict=True)}
