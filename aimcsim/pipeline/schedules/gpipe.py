"""GPipe: all forwards of a mini-batch, then all backwards, then its updates."""

from __future__ import annotations

from aimcsim.pipeline.actions import BACKWARD, FORWARD, UPDATE, Action
from aimcsim.pipeline.schedules.base import FixedOrder


class GPipe(FixedOrder):
    """Synchronous pipeline; on AIMC every (x, δ) pair waits for the flush, since an update is in place.

    Uniform times: makespan K·[(B+M-1)(tf+tb) + B·tu]; uneven stages, tu = 0, per mini-batch exactly
    Σtf + (B-1)max tf + Σtb + (B-1)max tb; B activations held.

    4 stages, one mini-batch of 4; F, B and U take 1 cycle:

        stage 1  F0 F1 F2 F3 .  .  .  .  .  .  B0 B1 B2 B3 U0 U1 U2 U3
        stage 2  .  F0 F1 F2 F3 .  .  .  .  B0 B1 B2 B3 U0 U1 U2 U3 .
        stage 3  .  .  F0 F1 F2 F3 .  .  B0 B1 B2 B3 U0 U1 U2 U3 .  .
        stage 4  .  .  .  F0 F1 F2 F3 B0 B1 B2 B3 U0 U1 U2 U3 .  .  .
    """

    name = "gpipe"
    summary = "synchronous: all F, then all B, then all U of a mini-batch"
    uses = frozenset({"micro_batches"})

    @property
    def mini_batch(self) -> int:
        """B."""
        return self.shape.micro_batches

    def period(self, stage: int) -> list[Action]:
        """F 0 … F B-1, B 0 … B B-1, U 0 … U B-1."""
        return [Action(kind, k) for kind in (FORWARD, BACKWARD, UPDATE) for k in range(self.shape.micro_batches)]
