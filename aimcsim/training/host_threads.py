"""A few threads of the host that compute what the main thread hands them; it helps while it waits for a result."""

from __future__ import annotations

import contextvars
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any

#: Seconds after which a thread that comes out of its kernel gets Python's lock from one that holds it. Python's own
#: 5 ms is as long as a hundred kernels.
SWITCH_INTERVAL = 1e-4

_lock = threading.Lock()
_users = 0
_interval_before = 0.0


class Task:
    """A call that some thread makes. `seconds` of processor time are known when it is done."""

    __slots__ = ("_error", "_finished", "_result", "_work", "seconds")

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self._result: Any = None
        self._error: BaseException | None = None
        self._finished = threading.Lock()
        self._finished.acquire()
        self.seconds = 0.0

    @property
    def is_done(self) -> bool:
        """True when it has run, whatever came of it."""
        return not self._finished.locked()

    def run(self) -> None:
        """Make the call. An error waits for `result`; what is none, such as Ctrl-C, goes on at once as well."""
        begun = time.thread_time()
        try:
            self._result = self._work()
        except BaseException as error:
            self._error = error
            if not isinstance(error, Exception):
                raise
        finally:
            self.seconds = time.thread_time() - begun
            self._finished.release()

    def wait(self) -> None:
        """Until it is done; one thread may do so."""
        self._finished.acquire()
        self._finished.release()

    def result(self) -> Any:
        """What the call returned. Raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._result


class HostThreads:
    """`threads` in all, the one that submits included: it computes too while it waits. They start when first needed.

    They end in `close`, which waits for kernels that have begun and drops those that have not.
    """

    def __init__(self, threads: int) -> None:
        self.count = threads
        self._queue: SimpleQueue[Task | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def submit(self, work: Callable[[], Any]) -> Task:
        """Have `work` done by whoever has time; tasks begin in the order in which they were submitted."""
        if not self._threads:
            self._start()
        task = Task(work)
        self._queue.put(task)
        return task

    def complete(self, task: Task) -> Any:
        """The result of a task, as soon as it is there. Raises what it raised."""
        while not task.is_done:
            try:
                other = self._queue.get_nowait()
            except Empty:
                task.wait()
                break
            assert other is not None
            other.run()
        return task.result()

    def close(self) -> None:
        """End the threads."""
        while not self._queue.empty():
            self._queue.get()
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _start(self) -> None:
        for number in range(self.count - 1):
            # numpy's error state, for one, belongs to the context of a thread.
            run = contextvars.copy_context().run
            thread = threading.Thread(target=run, args=(self._compute,), name=f"aimcsim kernels {number + 1}")
            self._threads.append(thread)
            thread.start()

    def _compute(self) -> None:
        while (task := self._queue.get()) is not None:
            task.run()


@contextmanager
def switching_quickly() -> Iterator[None]:
    """Hold Python's switch interval at SWITCH_INTERVAL. It belongs to the process: see `blas_threads`."""
    global _users, _interval_before
    with _lock:
        if _users == 0:
            _interval_before = sys.getswitchinterval()
            sys.setswitchinterval(SWITCH_INTERVAL)
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                sys.setswitchinterval(_interval_before)
