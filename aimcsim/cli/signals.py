"""Ctrl-C and SIGTERM as a request to stop in good order."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from aimcsim.checkpoint.settings import StopRequest


@contextmanager
def stopping(stop: StopRequest) -> Iterator[None]:
    """The first SIGINT or SIGTERM asks `stop`; after it, both act as they did before: a second one ends at once."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, frame: FrameType | None) -> None:
        put_back()
        stop.ask(number)

    def put_back() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in before:
        signal.signal(number, ask)
    try:
        yield
    finally:
        put_back()
