"""Operations side by side: the kernel of one that takes long runs on a host thread until its operation commits.

An array does one operation at a time, and what an operation has computed is not looked at before it commits. Three do
look earlier, and wait for it: a checkpoint, an evaluation, and, where times are per action and all tiles of an action
start together, the next layer of that action. So the bits do not depend on who computes what, or when.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from aimcsim.pipeline.actions import BACKWARD, FORWARD, Operation
from aimcsim.training.host_threads import HostThreads, Task
from aimcsim.training.program import Program

#: Seconds of processor time from which a kernel is worth handing over: it costs tens of µs until another thread is
#: awake and has Python's lock, and as long until it has it again.
WORTH = 200e-6

#: Cells times lines of a micro-batch (a convolution has one a position) from which an update takes longer than that,
#: but with the scarcest trains.
LONG_UPDATE = 2_000_000


def threads_that_pay(program: Program, micro_batch: int) -> int:
    """Host threads for analog arrays: one for each with long updates, and no more than the process has cores."""
    long = sum(
        shard.in_size * shard.out_size * layer.positions * micro_batch >= LONG_UPDATE
        for layer in program.layers
        if layer.weighted is not None and not layer.weighted.digital
        for shard in layer.shards
    )
    return max(1, min(long, cores()))


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class SideBySide:
    """What has been handed to `threads` and not yet been taken, by the unit of its operation.

    Which kernels take long shows when they run: those of a tile's kind of operation as long as the last one.
    """

    def __init__(self, threads: HostThreads) -> None:
        self.threads = threads
        self._worth = WORTH
        self._pending: dict[int, tuple[Task, Callable[[Any], None], Operation]] = {}
        self._seconds: dict[tuple[int, str], float] = {}

    def takes(self, operation: Operation) -> bool:
        """Whether to hand over the kernel of `operation`, as far as its length decides."""
        return self._seconds.get((operation.unit, operation.kind), 0.0) >= self._worth

    def start(self, operation: Operation, step: Callable[[], int]) -> int:
        """Do `step`, which may `begin` the kernel of `operation`, and measure it if it does not."""
        if operation.kind in (FORWARD, BACKWARD):
            for unit, (_, _, other) in list(self._pending.items()):
                same_action = other.micro_batch == operation.micro_batch and other.kind == operation.kind
                if same_action and other.layer != operation.layer:
                    self.commit(unit)
        begun = time.thread_time()
        count = step()
        if operation.unit not in self._pending:
            self._seconds[operation.unit, operation.kind] = time.thread_time() - begun
        return count

    def begin(self, operation: Operation, work: Callable[[], Any], keep: Callable[[Any], None]) -> None:
        """Hand over `work`; `keep` gets its result, in the thread that asks for it."""
        self._pending[operation.unit] = self.threads.submit(work), keep, operation

    def commit(self, unit: int) -> None:
        """The operation of `unit` ends: its result must be there. Raises what its kernel raised."""
        pending = self._pending.pop(unit, None)
        if pending is not None:
            task, keep, operation = pending
            result = self.threads.complete(task)
            self._seconds[unit, operation.kind] = task.seconds
            keep(result)

    def settle(self) -> None:
        """Complete all that has begun, in the order in which it began."""
        for unit in list(self._pending):
            self.commit(unit)
