"""When a checkpoint is due: a recorder between the machine and the run's own, which asks for a pause."""

from __future__ import annotations

import time
from collections.abc import Callable

from aimcsim.checkpoint.settings import Interval, StopRequest
from aimcsim.pipeline.actions import UPDATE, Action
from aimcsim.pipeline.seam import Recorder


class Pacer:
    """Passes everything on to `inner`; calls `pause` at the end of an action after which a checkpoint is due.

    `samples`: those that the first stage has finished with, to which each of its updates adds `per_update`.
    """

    def __init__(
        self,
        inner: Recorder,
        every: Interval | None,
        stop: StopRequest,
        per_update: int,
    ) -> None:
        self.operation: Callable[[int, str, int, int, int, int, int], None] = inner.operation
        self.counted: Callable[[int, str, int, int], None] = inner.counted
        self._action = inner.action
        self._stop = stop
        self._per_update = per_update
        self._every = every
        self._samples = 0
        self._next_samples: int | None = None
        self._deadline: float | None = None
        self._pause: Callable[[], None] = _nobody

    def begin(self, samples: int, pause: Callable[[], None]) -> None:
        """Measure from here: the run begins, or goes on after a checkpoint."""
        self._samples, self._pause = samples, pause
        if self._every is None:
            return
        if self._every.samples is not None:
            # Multiples of the interval, wherever a run was resumed.
            self._next_samples = (samples // self._every.samples + 1) * self._every.samples
        elif self._every.seconds is not None:
            self._deadline = time.monotonic() + self._every.seconds

    def action(self, stage: int, action: Action, start: int, end: int, version_read: int) -> None:
        """Pass it on, and see whether a checkpoint is due."""
        self._action(stage, action, start, end, version_read)
        if self._next_samples is not None and stage == 0 and action[0] == UPDATE and action[2] == 0:
            self._samples += self._per_update
            if self._samples >= self._next_samples:
                self._pause()
        if self._stop.asked or (self._deadline is not None and time.monotonic() >= self._deadline):
            self._pause()


def _nobody() -> None:
    raise AssertionError("no run has begun")
