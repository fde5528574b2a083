"""What a schedule is: for every stage either a fixed order of actions or a policy that picks the next ready one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar, Literal, Protocol

from aimcsim.errors import FieldError
from aimcsim.pipeline.actions import FORWARD, Action


@dataclass(frozen=True)
class PipelineShape:
    """What a schedule is asked to order: M stages of v chunks, `total` micro-batches, B of them a mini-batch."""

    stages: int
    micro_batches: int
    total: int
    chunks: int = 1

    def depth(self, stage: int) -> int:
        """M - m + 1 for the stage with index m - 1: the stages from here to the loss."""
        return self.stages - stage


@dataclass(frozen=True)
class Settings:
    """The pipeline keys that only some schedules use, as the scenario gives them."""

    max_in_flight: int | str | Sequence[int] | None = None
    table: Sequence[Sequence[Action]] | None = None
    update: Literal["flush", "after-backward"] | None = None


class Schedule(ABC):
    """Base of all schedules. One instance serves all stages of one run and holds no run state.

    `weights`: in-place (one copy, what analog tiles have), stash (a backward sees the weights of its own forward),
    double-buffer (a mini-batch sees the weights from before the previous mini-batch's update).
    `mini_batch`: micro-batches between flushes, 1 where there is no flush.
    `step`: whether one U applies a micro-batch or a whole mini-batch.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    uses: ClassVar[frozenset[str]] = frozenset()
    weights: ClassVar[Literal["in-place", "stash", "double-buffer"]] = "in-place"
    step: Literal["micro-batch", "mini-batch"] = "micro-batch"
    gradient_apart: bool = False
    waits_for_all_updates: ClassVar[bool] = False
    is_policy: ClassVar[bool] = False

    def __init__(self, shape: PipelineShape, settings: Settings) -> None:
        self.shape = shape
        self.settings = settings

    @property
    @abstractmethod
    def mini_batch(self) -> int:
        """Micro-batches between two flushes; 1 for asynchronous schedules."""

    @property
    def updates_per_mini_batch(self) -> int:
        """U actions of one chunk for one mini-batch."""
        return 1 if self.step == "mini-batch" else self.mini_batch

    @property
    def updates_ascend(self) -> bool:
        """True where every stage applies its updates in the order of the micro-batches."""
        return True

    def updates_seen(self, stage: int, chunk: int, version: int, before: int) -> int:
        """Of the first `version` updates of a chunk, how many are of micro-batches below `before`."""
        return min(version, before)

    def warnings(self, capacity: int | None) -> list[FieldError]:
        """What a user should know before the run; nothing of it is wrong. `capacity`: messages that a link holds."""
        return []


class FixedOrder(Schedule):
    """A schedule whose every stage has its actions in an order known beforehand."""

    @abstractmethod
    def period(self, stage: int) -> Sequence[Action]:
        """One period of the steady state at `stage` (from 0); micro-batches count from the period's first.

        A period holds `period_micro_batches` F, B and so many U of every chunk; the next is the same, shifted.
        """

    @property
    def period_micro_batches(self) -> int:
        """Micro-batches by which one period follows another."""
        return self.mini_batch

    def repeating(self, stage: int) -> range:
        """Where the order repeats, from period to period: the action a step later is the same, shifted.

        Before them stand the forwards of the fill, as many as the first period's are ahead of its backwards; behind
        them, what remains of the last periods without the micro-batches that would exceed the run.
        """
        return self._repeating(self.period(stage))

    def _repeating(self, period: Sequence[Action]) -> range:
        total = self.shape.total
        ahead = min(total, min(action.micro_batch for action in period if action.kind == FORWARD))
        beyond = max(action.micro_batch for action in period) + 1
        whole = max(0, (total - beyond) // self.period_micro_batches + 1)
        return range(ahead, ahead + whole * len(period), len(period))

    def order(self, stage: int, start: int = 0) -> Iterator[Action]:
        """The actions of `stage` in order, from place `start` on, which takes no time to reach.

        The fill, then the periods one after another, less the micro-batches that exceed the run.
        """
        period, total, size = self.period(stage), self.shape.total, self.period_micro_batches
        repeating = self._repeating(period)
        for micro_batch in range(start, repeating.start):
            yield Action(FORWARD, micro_batch)
        begun = max(0, start - repeating.start)
        # Whole periods may be passed over; behind them, in the drain, actions have to be counted.
        passed = min(begun // len(period), len(repeating))
        left = (
            Action(kind, first + micro_batch, chunk)
            for first in range(passed * size, total, size)
            for kind, micro_batch, chunk in period
            if first + micro_batch < total
        )
        yield from islice(left, begun - passed * len(period), None)


class PolicyView(Protocol):
    """What a policy may look at to choose a stage's next action; all micro-batches in order of readiness."""

    @property
    def in_flight(self) -> int:
        """Micro-batches whose F has started and whose own U has not committed."""

    @property
    def ready_forward(self) -> Sequence[int]:
        """Micro-batches whose F could start."""

    @property
    def ready_backward(self) -> Sequence[int]:
        """Micro-batches whose B could start."""

    @property
    def ready_update(self) -> Sequence[int]:
        """Micro-batches whose U could start."""


class Policy(Schedule):
    """A schedule that picks among the ready actions when its stage becomes free.

    `forgets_numbers`: the choice depends on the view's in-flight count and on the order of what is ready, but not on
    the numbers of the micro-batches, so that a state of the machine may come back with other numbers (fast-forward).
    """

    is_policy = True
    forgets_numbers: ClassVar[bool] = False

    @abstractmethod
    def choose(self, stage: int, view: PolicyView) -> Action | None:
        """The next action of `stage`, or None to wait until something changes."""


def refuse_on_analog_tiles(schedule: Schedule) -> None:
    """Analog tiles hold one copy of the weights and update it in place. Raises FieldError where that is not enough."""
    if schedule.weights != "in-place":
        raise FieldError(
            ("pipeline", "schedule"),
            f"{schedule.name} needs a second weight copy, and copying conductances is slow and inexact: "
            "analog tiles update their only copy in place; use training.algorithm: digital-sgd",
            schedule.name,
        )
    if schedule.gradient_apart:
        raise FieldError(
            ("pipeline", "schedule"),
            f"{schedule.name} computes weight gradients before the flush, but an analog tile has no gradient "
            "buffer: its rank-one update changes the weights at once; use training.algorithm: digital-sgd",
            schedule.name,
        )
