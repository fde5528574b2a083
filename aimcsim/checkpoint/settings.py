"""What a user says about checkpoints: where they go, how often they are taken, and that a run shall stop."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path

_SAMPLES = re.compile(r"[0-9]{1,18}")
_SECONDS = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?) ?s")


@dataclass(frozen=True)
class Interval:
    """Time between two checkpoints: in training samples (of the first stage's updates), or in seconds of the host."""

    samples: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        given = [value for value in (self.samples, self.seconds) if value is not None]
        if len(given) != 1 or not (given[0] > 0 and math.isfinite(given[0])):
            raise ValueError("a checkpoint interval is a positive number of samples or of seconds")

    @classmethod
    def parse(cls, text: str) -> Interval:
        """`5000` for samples, `30s` for seconds. Raises ValueError for anything else."""
        text = text.strip()
        seconds = _SECONDS.fullmatch(text)
        if seconds:
            return cls(seconds=float(seconds[1]))
        if _SAMPLES.fullmatch(text):
            return cls(samples=int(text))
        raise ValueError("must be a number of samples, as in 5000, or of seconds, as in 30s")


class StopRequest:
    """Asks a run, from a signal handler or another thread, to write a checkpoint and stop."""

    def __init__(self) -> None:
        self.asked = False
        self.signal = 0

    def ask(self, signal: int = 0) -> None:
        """Stop at the end of the present cycle. `signal`: the number of the signal that is the reason, if one is."""
        self.signal = signal
        self.asked = True


@dataclass(frozen=True)
class Checkpoints:
    """`folder` holds the checkpoints of one run; it is made where it is missing, and goes when the result is saved.

    `every` None: a checkpoint is taken when the run is asked to stop, and a resumed run keeps the interval it had.
    """

    folder: Path
    every: Interval | None = None
    stop: StopRequest = field(default_factory=StopRequest)


def folder_beside(target: Path) -> Path:
    """Where `aimcsim run` keeps the checkpoints of the run that will stand at `target`."""
    return target.with_name(f"{target.name}.checkpoint")
