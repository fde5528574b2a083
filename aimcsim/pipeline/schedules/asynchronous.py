"""Asynchronous 1F1B: no flush; a stage updates right after its own backward."""

from __future__ import annotations

from aimcsim.pipeline.actions import BACKWARD, FORWARD, UPDATE, Action
from aimcsim.pipeline.schedules.base import FixedOrder, PipelineShape, Settings
from aimcsim.pipeline.schedules.in_flight import fixed_limits


class Asynchronous(FixedOrder):
    """Fixed order at every stage: L-1 forwards, then F, B, U in turn; L = `max_in_flight`, by default M-m+1.

    Uniform times: makespan (M-1)(tf+tb) + N(tf+tb+tu), density → 1, staleness M-m forward and 0 backward.
    Uneven stages: period max over stages of tf+tb+tu. One weight copy, L activations held.

    4 stages, 6 micro-batches; F, B and U take 1 cycle:

        stage 1  F0 F1 F2 F3 .  .  .  B0 U0 F4 B1 U1 F5 B2 U2 .  B3 U3 .  B4 U4 .  B5 U5
        stage 2  .  F0 F1 F2 .  .  B0 U0 F3 B1 U1 F4 B2 U2 F5 B3 U3 .  B4 U4 .  B5 U5 .
        stage 3  .  .  F0 F1 .  B0 U0 F2 B1 U1 F3 B2 U2 F4 B3 U3 F5 B4 U4 .  B5 U5 .  .
        stage 4  .  .  .  F0 B0 U0 F1 B1 U1 F2 B2 U2 F3 B3 U3 F4 B4 U4 F5 B5 U5 .  .  .
    """

    name = "async"
    summary = "asynchronous: F, B, U in turn, no flush; staleness M-m"
    uses = frozenset({"max_in_flight"})

    def __init__(self, shape: PipelineShape, settings: Settings) -> None:
        super().__init__(shape, settings)
        self.limits = fixed_limits(shape, settings)

    @property
    def mini_batch(self) -> int:
        """1: nothing is ever flushed."""
        return 1

    def period(self, stage: int) -> list[Action]:
        """F of the newest micro-batch, then B and U of the oldest; before the first period the forwards of the fill."""
        return [Action(FORWARD, self.limits[stage] - 1), Action(BACKWARD, 0), Action(UPDATE, 0)]
