"""Every error that aimcsim raises on purpose. Library code raises; only the command line prints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

#: Stands for "no offending value to show" where `None` would itself be a value.
NOT_SHOWN: Any = type("NotShown", (), {"__repr__": lambda self: "NOT_SHOWN"})()


class AimcsimError(Exception):
    """Base of all errors below."""


class FieldError(AimcsimError):
    """One field of a scenario is wrong; `path` names it as in ("pipeline", "stages", 0).

    Raised where the reason is known (network, hardware, pipeline). The loader adds file, line and column.
    """

    def __init__(self, path: Sequence[str | int], what: str, got: Any = NOT_SHOWN) -> None:
        self.path = tuple(path)
        self.what = what
        self.got = got
        # All arguments, so that SimPy and pickle can make the same exception again.
        super().__init__(path, what, got)

    def __str__(self) -> str:
        return f"{dotted(self.path)}: {self.what}{shown(self.got)}"


class FieldErrors(AimcsimError):
    """Several `FieldError`s found in one pass."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        self.errors = tuple(errors)
        super().__init__(errors)

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)


def collect(errors: list[FieldError], step: Callable[[], T]) -> T | None:
    """The result of `step`, or None with what it raised added to `errors`: so that all errors are found at once."""
    try:
        return step()
    except FieldErrors as found:
        errors += found.errors
    except FieldError as found:
        errors.append(found)
    return None


@dataclass(frozen=True)
class Problem:
    """One line of a scenario's error report: where (1-based line and column) and what."""

    file: str
    line: int
    column: int
    path: str
    what: str
    got: Any = NOT_SHOWN

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return f"{harmless(self.file, 1024)}:{self.line}:{self.column}: {where}{self.what}{shown(self.got)}"


class ScenarioError(AimcsimError):
    """A scenario cannot be used; `problems` holds all that is wrong with it, in file order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class DataMissing(AimcsimError):
    """A data set is not on this machine; the message says how to get it."""


class DataBroken(AimcsimError):
    """A data file is not what its name promises; the message names the file and what is wrong with it."""


class Deadlock(AimcsimError):
    """No event is left but work is undone; the message names the chain of what waits for what."""


class RunFolderError(AimcsimError):
    """A run folder cannot be read or may not be replaced."""


class ImportFailed(AimcsimError):
    """A network of another tool cannot be imported; the message names all that aimcsim has not."""


class ClusterError(AimcsimError):
    """The cluster that was to run the points of a sweep does not answer, or has gone."""


class CheckpointError(AimcsimError):
    """A checkpoint cannot be used: damaged, of another scenario or version, or in use. It is left as it is."""


class RunStopped(AimcsimError):
    """A run was asked to stop and has written a checkpoint; `signal` is the number of the signal that asked, or 0."""

    def __init__(self, message: str, signal: int = 0) -> None:
        self.signal = signal
        super().__init__(message, signal)

    def __str__(self) -> str:
        return str(self.args[0])


def dotted(path: Sequence[str | int]) -> str:
    """("pipeline", "stages", 0) as `pipeline.stages.0`, each part made harmless for a terminal."""
    return ".".join(harmless(str(part)) for part in path)


def harmless(text: str, limit: int = 120) -> str:
    """`text` with control characters escaped and cut at `limit`: names in a scenario are untrusted."""
    escaped = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return escaped if len(escaped) <= limit else escaped[: limit - 1] + "…"


def shown(got: Any) -> str:
    """The closing ` (got …)` of a message, or nothing."""
    return "" if got is NOT_SHOWN else f" (got {harmless(repr(got))})"
