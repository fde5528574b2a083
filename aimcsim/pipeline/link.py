"""Links between stages, and the loss: latency, bandwidth, capacity with back-pressure; one direction each."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from simpy import Environment, Event

from aimcsim.pipeline.state import LinkState


@dataclass(frozen=True)
class LinkTimes:
    """`latency`, `occupancy` (⌈bytes/bandwidth⌉ of one message) in cycles; `capacity` in messages, None: infinite."""

    latency: int = 0
    occupancy: int = 0
    capacity: int | None = None


class Link:
    """Carries the messages of one kind (F or B) from one virtual stage to another, in order.

    Messages are pipelined: a message occupies the transmitter for `occupancy` cycles and arrives `latency` cycles
    later. A link that takes no time needs no process: it hands on within the cycle.
    """

    def __init__(
        self, env: Environment, name: str, times: LinkTimes, deliver: Callable[[int], None], state: LinkState
    ) -> None:
        self.env = env
        self.name = name
        self.state = state
        self.when_taken: Callable[[], None] | None = None
        self._times = times
        self._deliver = deliver
        self._takes_time = times.latency > 0 or times.occupancy > 0
        self._sent: Event = env.event()
        if self._takes_time:
            env.process(self._run())

    @property
    def is_full(self) -> bool:
        """True where no further message is accepted."""
        return self._times.capacity is not None and self.state.held >= self._times.capacity

    def push(self, micro_batch: int) -> bool:
        """Offer a message now; False where the link is full."""
        if self.is_full:
            return False
        state, times = self.state, self._times
        if times.capacity is not None:
            state.held += 1
        if not self._takes_time:
            self._deliver(micro_batch)
            return True
        sent = max(int(self.env.now), state.free_at) + times.occupancy
        state.free_at = sent
        state.under_way.append((sent + times.latency, micro_batch))
        if not self._sent.triggered:
            self._sent.succeed()
        return True

    def take(self) -> None:
        """The consumer starts the action that needs the oldest delivered message: its room is free."""
        if self._times.capacity is not None:
            self.state.held -= 1
            if self.when_taken is not None:
                self.when_taken()

    def _run(self) -> Generator[Event, Any, None]:
        env, under_way = self.env, self.state.under_way
        while True:
            while not under_way:
                self._sent = env.event()
                yield self._sent
            delay = under_way[0][0] - int(env.now)
            if delay > 0:
                yield env.timeout(delay)
            self._deliver(under_way.popleft()[1])
