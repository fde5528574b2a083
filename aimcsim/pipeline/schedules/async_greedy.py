"""Greedy asynchronous policy: a free stage does U before B before F, as long as its in-flight limit allows."""

from __future__ import annotations

from aimcsim.errors import FieldError
from aimcsim.pipeline.actions import BACKWARD, FORWARD, UPDATE, Action
from aimcsim.pipeline.schedules.base import PipelineShape, Policy, PolicyView, Settings
from aimcsim.pipeline.schedules.in_flight import PATH, greedy_limits


class AsyncGreedy(Policy):
    """Work-conserving: never idle while something is ready. *In flight* counts F started and own U not committed.

    Uniform times: the makespan of `async`, but staleness 2(M-m) for tf ≥ tb and (M-m)(1+tb/tf) for whole tb/tf.
    Without a limit the staleness of uneven stages grows with the run. Default limit 4M.

    Links of finite capacity C can stop it, where two neighbours have messages in hand that the full links between
    them do not take. That needs 2C + 2 micro-batches in flight at the first of the two: max_in_flight ≤ 2C + 1 is safe,
    and `validate` warns of more. (Proved for a chain of stages; with skips no run within the bound was seen to stop.)

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

    def warnings(self, capacity: int | None) -> list[FieldError]:
        """Unbounded in-flight counts grow with the run; links of few messages may stop it.

        Proof of the bound: a stage with an error in hand waits for the one before it, which would take one but for a
        message that it has in hand itself. If that is an activation for the first, C activations, C errors and the two
        in hand are in flight between them; if it is an error, the same holds one stage further on, and the first stage
        has no errors to send. With no error in hand anywhere the last stage goes on until nothing is on its link, then
        the one before it, and so on to the first, which takes new micro-batches.
        """
        found = []
        if None in self.limits:
            what = "unbounded lets staleness and memory grow with the run on uneven stages"
            found.append(FieldError(PATH, what))
        if capacity is not None:
            total = self.shape.total
            most = max((total if limit is None else min(limit, total) for limit in self.limits[:-1]), default=0)
            if most > 2 * capacity + 1:
                what = f"links that hold {capacity} may stop a run in which a stage has {most} micro-batches in flight"
                safe = f"safe are {most // 2}, or pipeline.max_in_flight: {2 * capacity + 1}"
                found.append(FieldError(("hardware", "link", "capacity"), f"{what}; {safe}"))
        return found

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
