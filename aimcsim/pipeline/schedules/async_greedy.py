"""Greedy asynchronous policy: a free stage does U before B before F, as long as its in-flight limit allows."""

from __future__ import annotations

from aimcsim.pipeline.actions import BACKWARD, FORWARD, UPDATE, Action
from aimcsim.pipeline.schedules.base import PipelineShape, Policy, PolicyView, Settings
from aimcsim.pipeline.schedules.in_flight import greedy_limits


class AsyncGreedy(Policy):
    """Work-conserving: never idle while something is ready. *In flight* counts F started and own U not committed.

    Uniform times: the makespan of `async`, but staleness 2(M-m) for tf ≥ tb and (M-m)(1+tb/tf) for whole tb/tf.
    Without a limit the staleness of uneven stages grows with the run. Default limit 4M.

    4 stages, 6 micro-batches; F, B and U take 1 cycle:

        stage 1  F0 F1 F2 F3 F4 F5 .  B0 U0 .  B1 U1 .  B2 U2 .  B3 U3 .  B4 U4 .  B5 U5
        stage 2  .  F0 F1 F2 F3 F4 B0 U0 F5 B1 U1 .  B2 U2 .  B3 U3 .  B4 U4 .  B5 U5 .
        stage 3  .  .  F0 F1 F2 B0 U0 F3 B1 U1 F4 B2 U2 F5 B3 U3 .  B4 U4 .  B5 U5 .  .
        stage 4  .  .  .  F0 B0 U0 F1 B1 U1 F2 B2 U2 F3 B3 U3 F4 B4 U4 F5 B5 U5 .  .  .
    """

    name = "async-greedy"
    summary = "asynchronous policy: U before B before F under the in-flight limit"
    uses = frozenset({"max_in_flight"})
    forgets_numbers = True

    def __init__(self, shape: PipelineShape, settings: Settings) -> None:
        super().__init__(shape, settings)
        self.limits = greedy_limits(shape, settings)

    @property
    def mini_batch(self) -> int:
        """1: nothing is ever flushed."""
        return 1

    @property
    def warnings(self) -> tuple[str, ...]:
        """Unbounded in-flight counts grow with the run."""
        if None not in self.limits:
            return ()
        return ("max_in_flight: unbounded lets staleness and memory grow with the run on uneven stages",)

    def choose(self, stage: int, view: PolicyView) -> Action | None:
        """The oldest ready U, else B, else F if one more may be in flight."""
        if view.ready_update:
            return Action(UPDATE, view.ready_update[0])
        if view.ready_backward:
            return Action(BACKWARD, view.ready_backward[0])
        limit = self.limits[stage]
        if view.ready_forward and (limit is None or view.in_flight < limit):
            return Action(FORWARD, view.ready_forward[0])
        return None
