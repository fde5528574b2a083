"""How errors become messages on stderr and an exit status: the contract's 2 for bad input, 1 for a failed run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import typer

from aimcsim.errors import (
    AimcsimError,
    CheckpointError,
    FieldError,
    FieldErrors,
    ImportFailed,
    RunStopped,
    ScenarioError,
    harmless,
)

#: Most lines of errors printed: a scenario of thousands of layers can have a mistake in each.
MOST_LINES = 100

#: Most characters of one line.
LONGEST_LINE = 2000

BAD_INPUT = 2
FAILED = 1
INTERRUPTED = 130

#: A process that a signal has ended gives this and the signal's number: 130 for Ctrl-C, 143 for SIGTERM.
SIGNALLED = 128


class BadArgument(AimcsimError):
    """An argument of the command line cannot be used."""


@contextmanager
def guarded() -> Iterator[None]:
    """Turn every error of the contract into lines on stderr and `typer.Exit`."""
    try:
        yield
    except ScenarioError as error:
        _stop([str(problem) for problem in error.problems], BAD_INPUT)
    except FieldErrors as error:
        _stop([str(each) for each in error.errors], BAD_INPUT)
    except (FieldError, BadArgument, CheckpointError, ImportFailed) as error:
        _stop([str(error)], BAD_INPUT)
    except RunStopped as error:
        _stop([str(error)], SIGNALLED + error.signal)
    except AimcsimError as error:
        _stop([str(error)], FAILED)
    except BrokenPipeError:
        raise  # the reader of our output has gone: click ends quietly
    except OSError as error:
        place = f": {error.filename}" if error.filename is not None else ""
        _stop([f"{error.strerror or 'the system refused'}{place}"], FAILED)
    except MemoryError:
        _stop(["out of memory"], FAILED)
    except KeyboardInterrupt:
        _stop(["interrupted; nothing was written"], INTERRUPTED)


def _stop(lines: Sequence[str], status: int) -> None:
    for line in lines[:MOST_LINES]:
        typer.echo(harmless(line, LONGEST_LINE), err=True)
    if len(lines) > MOST_LINES:
        typer.echo(f"… and {len(lines) - MOST_LINES} more", err=True)
    raise typer.Exit(status) from None
