"""Who runs the points: this process, processes of this machine, or the workers of a dask cluster."""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from aimcsim.errors import ClusterError
from aimcsim.sweep.folder import Failure
from aimcsim.sweep.work import Task, run_task

if TYPE_CHECKING:
    from distributed import Client, Future

#: Points that are handed to the scheduler at a time, so that a sweep of any size takes little memory there.
MOST_SUBMITTED = 1000

#: Seconds that a scheduler has to answer.
PATIENCE = 30

Outcome = tuple[Task, dict[str, Any] | Failure]


class Crew(Protocol):
    """Runs tasks and gives back each with its summary or its failure, in the order in which they end."""

    def run(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """Raises ClusterError where there is nobody left to run them."""
        ...


@contextmanager
def hired(workers: int | None, scheduler: str | None) -> Iterator[Crew]:
    """A crew for the length of the block: `scheduler` an address of dask, else `workers` processes of this machine.

    No workers: the points run in this process, one after another. None: a process for every core.
    """
    if scheduler is None and workers == 0:
        yield AloneCrew()
        return
    # Imported here: dask takes a second, and most commands need none.
    import dask
    import distributed

    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what happens to workers shows in the points
    if scheduler is not None:
        try:
            client = distributed.Client(scheduler, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ClusterError(f"no scheduler answers at {scheduler}: {error}") from None
        with client:
            yield DaskCrew(client)
        return
    count = workers or len(os.sched_getaffinity(0))
    with dask.config.set(_LOCAL):
        cluster = distributed.LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            # A point may need more than its share of the memory; a worker that the system kills is replaced.
            memory_limit=None,
            silence_logs=logging.CRITICAL,
        )
        with cluster, distributed.Client(cluster, set_as_default=False) as client:
            yield DaskCrew(client)


#: One thread a worker, one point at a time: a worker that dies takes no other point along.
_LOCAL = {
    "distributed.nanny.pre-spawn-environ.NUMBA_NUM_THREADS": "1",
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.admin.log-format": "%(message)s",
}


@contextmanager
def crew_on_call(workers: int | None, scheduler: str | None) -> Iterator[Crew]:
    """As `hired`, but only when there is something to run: where all is done already, no process need be started."""
    with ExitStack() as stack:
        yield _CrewOnCall(lambda: stack.enter_context(hired(workers, scheduler)))


class _CrewOnCall:
    def __init__(self, hire: Callable[[], Crew]) -> None:
        self._hire = hire
        self._crew: Crew | None = None

    def run(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        self._crew = self._crew or self._hire()
        return self._crew.run(tasks)


class AloneCrew:
    """This process."""

    def run(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """One after another."""
        for task in tasks:
            try:
                yield task, run_task(task)
            except Exception as error:  # noqa: BLE001  # whatever a point dies of is its result, not the study's end
                yield task, failure_of(error, "".join(traceback.format_exception(error)))


class DaskCrew:
    """The workers of a dask cluster. What a worker dies of, dask repeats elsewhere; a point that has killed four
    workers is a failure."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def run(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """As they end. Raises ClusterError when the scheduler has gone."""
        from distributed import as_completed

        waiting = iter(tasks)
        running = {self._submit(task): task for task in islice(waiting, MOST_SUBMITTED)}
        ended = as_completed(list(running), loop=self._client.loop)
        for future in ended:
            task = running.pop(future)
            outcome = self._outcome(future)
            for following in islice(waiting, 1):
                submitted = self._submit(following)
                running[submitted] = following
                ended.add(submitted)
            yield task, outcome

    def _submit(self, task: Task) -> Future:
        # Not pure: nothing is answered from the memory of a scheduler that other sweeps use too.
        return self._client.submit(run_task, task, pure=False)

    def _outcome(self, future: Future) -> dict[str, Any] | Failure:
        if future.status == "finished":
            return future.result()  # type: ignore[no-any-return]  # of run_task
        if future.status == "error":
            error = future.exception()
            return failure_of(error, "".join(traceback.format_exception(error)))
        raise ClusterError("the scheduler has gone")


def failure_of(error: BaseException, told: str) -> Failure:
    """An error as a failure in one line, its traceback beside it."""
    return Failure(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__, told)
