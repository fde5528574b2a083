"""The metrics of a run, recomputed from a list of its actions, each straight from its one-line definition."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

from tests.oracles.vocabulary import Timed


class TileOperation(NamedTuple):
    """The part of an action that one tile does."""

    tile: str
    stage: int
    kind: str
    micro_batch: int
    start: int
    end: int


class Staleness(NamedTuple):
    """Mean and maximum over a stage's forwards and backwards, in updates."""

    forward_mean: Fraction
    forward_max: int
    backward_mean: Fraction
    backward_max: int


def makespan(log: Sequence[Timed]) -> int:
    """Last end − first start."""
    return max(a.end for a in log) - min(a.start for a in log)


def busy(log: Iterable[Timed | TileOperation]) -> int:
    """Σ (end − start)."""
    return sum(a.end - a.start for a in log)


def density(log: Sequence[Timed], stages: int) -> Fraction:
    """Σ busy / (M · makespan)."""
    return Fraction(busy(log), stages * makespan(log))


def span_bubble(log: Sequence[Timed], stages: int) -> int:
    """Maximum over the stages of last end − first start − busy."""
    return max(makespan(mine) - busy(mine) for mine in ([a for a in log if a.stage == m] for m in range(stages)))


def makespan_bubble(log: Sequence[Timed], stages: int) -> int:
    """Maximum over the stages of makespan − busy."""
    return makespan(log) - min(busy(a for a in log if a.stage == m) for m in range(stages))


def missed_updates(action: Timed, updates: Sequence[Timed], mini_batch: int) -> int:
    """Updates that a serial run would have applied before `action` and that it did not see: not committed at its start.

    A serial run with the same mini-batches (of `mini_batch` micro-batches) has then applied those of all earlier ones.
    """
    first = action.micro_batch // mini_batch * mini_batch
    return sum(u.micro_batch < first and u.end > action.start for u in updates)


def missed_by_version(action: Timed, version_read: int, updates: Sequence[Timed], mini_batch: int) -> int:
    """The same where weights are stashed: seen are the first `version_read` updates in order of commit."""
    first = action.micro_batch // mini_batch * mini_batch
    committed = sorted(updates, key=lambda u: (u.end, u.micro_batch))
    return sum(u.micro_batch < first for u in committed[version_read:])


def staleness(log: Sequence[Timed], stage: int, mini_batch: int) -> Staleness:
    """Staleness of a stage; the updates of an action are those of its own chunk. `mini_batch` is 1 for async."""
    missed: dict[str, list[int]] = {"F": [], "B": []}
    mine = [a for a in log if a.stage == stage]
    for action in mine:
        if action.kind in missed:
            updates = [u for u in mine if u.kind == "U" and u.chunk == action.chunk]
            missed[action.kind].append(missed_updates(action, updates, mini_batch))
    forward, backward = missed["F"], missed["B"]
    return Staleness(
        Fraction(sum(forward), len(forward)), max(forward), Fraction(sum(backward), len(backward)), max(backward)
    )


def peak(intervals: Iterable[tuple[int, int]]) -> int:
    """The most half-open intervals [start, end) that hold one cycle."""
    changes = sorted(
        [(start, 1) for start, end in intervals if end > start] + [(end, -1) for start, end in intervals if end > start]
    )
    level = highest = 0
    for _, change in changes:
        level += change
        highest = max(highest, level)
    return highest


def peak_in_flight(log: Sequence[Timed], stage: int) -> int:
    """The most (micro-batch, chunk) pairs with F started and own U not committed.

    Where one U serves a mini-batch, the own U of a micro-batch is the next one that carries its number or a later one.
    """
    mine = [a for a in log if a.stage == stage]
    intervals = []
    for forward in (a for a in mine if a.kind == "F"):
        own = [u for u in mine if u.kind == "U" and u.chunk == forward.chunk and u.micro_batch >= forward.micro_batch]
        intervals.append((forward.start, min(own, key=lambda u: u.micro_batch).end))
    return peak(intervals)


def peak_activations(log: Sequence[Timed], stage: int) -> int:
    """The most (micro-batch, chunk) pairs with F started and B not ended; with weight gradients, W not ended."""
    mine = [a for a in log if a.stage == stage]
    last = {(a.micro_batch, a.chunk): a.end for a in mine if a.kind in "BW"}
    return peak([(a.start, last[a.micro_batch, a.chunk]) for a in mine if a.kind == "F"])


def period(log: Sequence[Timed], mini_batch: int) -> Fraction | None:
    """Cycles per micro-batch from the commits of the first stage's U over the middle half of the run.

    Only the commits that close a mini-batch count (all, where `mini_batch` is 1), so that both ends lie at the same
    point of the cycle; of n such commits, number n//4 to number n//4 + n//2, from 0. None with fewer than two.
    """
    closing = sorted(
        a.end for a in log if a.stage == 0 and a.kind == "U" and a.chunk == 0 and (a.micro_batch + 1) % mini_batch == 0
    )
    first, steps = len(closing) // 4, len(closing) // 2
    if steps == 0:
        return None
    return Fraction(closing[first + steps] - closing[first], steps * mini_batch)


def utilisation(operations: Sequence[TileOperation], run: int) -> dict[str, Fraction]:
    """Busy cycles of every tile / `run`, the makespan of the stage actions."""
    tiles = sorted({operation.tile for operation in operations})
    return {tile: Fraction(busy(o for o in operations if o.tile == tile), run) for tile in tiles}
