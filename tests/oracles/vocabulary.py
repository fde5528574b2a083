"""The words all oracles share: actions, their times, links, and the deadlock they raise.

Stages and chunks count from 0; with M stages, chunk c of stage m is the virtual stage q = c*M + m.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Deadlock(Exception):
    """Work is left and nothing can start; the message names what every unfinished stage waits for."""


class Action(NamedTuple):
    """One entry of a stage's order: kind F, B, U, W or T of one micro-batch (global number) on one chunk."""

    kind: str
    micro_batch: int
    chunk: int = 0


class Timed(NamedTuple):
    """An action with the cycles at which it started and ended (end is exclusive: start + duration)."""

    stage: int
    kind: str
    chunk: int
    micro_batch: int
    start: int
    end: int


Orders = Sequence[Sequence[Action]]


@dataclass(frozen=True)
class Times:
    """Cycles of one action for each *virtual* stage: forward, backward, update, weight gradient, one transfer."""

    tf: tuple[int, ...]
    tb: tuple[int, ...]
    tu: tuple[int, ...]
    tw: tuple[int, ...]
    tt: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        lengths = {len(self.tf), len(self.tb), len(self.tu), len(self.tw)}
        if len(lengths) != 1:
            raise ValueError(f"times of unequal length: {self}")
        if min(self.tf + self.tb) < 1 or min(self.tu + self.tw) < 0:
            raise ValueError(f"F and B take at least 1 cycle, U and W at least 0: {self}")

    def of(self, kind: str, virtual: int) -> int:
        """Cycles of an action of `kind` at virtual stage `virtual`."""
        return {"F": self.tf, "B": self.tb, "U": self.tu, "W": self.tw, "T": self.tt}[kind][virtual]


def uniform(virtual_stages: int, tf: int, tb: int, tu: int = 0, tw: int = 0) -> Times:
    """The same times at every virtual stage."""
    return Times((tf,) * virtual_stages, (tb,) * virtual_stages, (tu,) * virtual_stages, (tw,) * virtual_stages)


def uneven(tf: Sequence[int], tb: Sequence[int], tu: Sequence[int] | None = None) -> Times:
    """Times given stage by stage; no updates' time when `tu` is left out, no W."""
    return Times(tuple(tf), tuple(tb), tuple(tu) if tu is not None else (0,) * len(tf), (0,) * len(tf))


def split_over_chunks(times: Times, chunks: int) -> Times:
    """Times of the virtual stages when every stage of `times` is cut into `chunks` equal parts.

    Raises ValueError where a time is no multiple of `chunks`.
    """
    rows = (times.tf, times.tb, times.tu, times.tw)
    if any(t % chunks for row in rows for t in row):
        raise ValueError(f"a chunk takes its stage's time / {chunks}, which must divide: {times}")
    return Times(*(tuple(t // chunks for t in row) * chunks for row in rows))


@dataclass(frozen=True)
class Links:
    """Every link alike: cycles of latency and of occupancy a message, messages it can hold, and the skip edges.

    A link joins two virtual stages in one direction. A message is *accepted* at the end of the action that made it,
    or when the link has room (fewer than `capacity` messages accepted and not yet taken); it then waits for those
    before it to leave, occupies the link for `occupancy` cycles and arrives `latency` later; the start of the
    consuming action takes it. A stage with a message that is not accepted starts nothing. `skips` are extra pairs
    (i, j), j > i + 1, with a link of their own in each direction. `loss_latency` lies between the end of the last
    virtual stage's F and its own B.
    """

    latency: int = 0
    occupancy: int = 0
    capacity: int | None = None
    loss_latency: int = 0
    skips: tuple[tuple[int, int], ...] = ()

    def edges(self, virtual_stages: int) -> list[tuple[int, int]]:
        """Forward edges (from, to) among the virtual stages, neighbours first, then the skips."""
        if any(not 0 <= i < j - 1 < virtual_stages - 1 for i, j in self.skips):
            raise ValueError(f"a skip edge passes over at least one of {virtual_stages} virtual stages: {self.skips}")
        return [(q, q + 1) for q in range(virtual_stages - 1)] + list(self.skips)


def sources(kind: str, virtual: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Virtual stages whose message (of the same kind and micro-batch) an action at `virtual` needs."""
    if kind == "F":
        return [i for i, j in edges if j == virtual]
    return [j for i, j in edges if i == virtual] if kind == "B" else []


def destinations(kind: str, virtual: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Virtual stages to which an action at `virtual` sends its result."""
    if kind == "F":
        return [j for i, j in edges if i == virtual]
    return [i for i, j in edges if j == virtual] if kind == "B" else []


def in_order(log: Sequence[Timed]) -> list[Timed]:
    """The log by start, stage and end: one form for logs that were made in different ways."""
    return sorted(log, key=lambda a: (a.start, a.stage, a.end, a.micro_batch, a.chunk))
