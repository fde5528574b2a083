"""Serial: one micro-batch in the whole machine at a time; the unpipelined reference."""

from __future__ import annotations

from aimcsim.pipeline.actions import BACKWARD, FORWARD, UPDATE, Action
from aimcsim.pipeline.schedules.base import FixedOrder


class Serial(FixedOrder):
    """Vanilla model parallelism, M stages, B micro-batches a mini-batch, updates at the flush.

    The next mini-batch enters when the last U of every stage has committed; U runs beside upstream B.
    Uniform times: makespan K·B·(M(tf+tb)+tu) cycles for K mini-batches.

    3 stages, one mini-batch of 4; F, B and U take 1 cycle:

        stage 1  F0 .  .  .  .  B0 F1 .  .  .  .  B1 F2 .  .  .  .  B2 F3 .  .  .  .  B3 U0 U1 U2 U3
        stage 2  .  F0 .  .  B0 .  .  F1 .  .  B1 .  .  F2 .  .  B2 .  .  F3 .  .  B3 U0 U1 U2 U3 .
        stage 3  .  .  F0 B0 .  .  .  .  F1 B1 .  .  .  .  F2 B2 .  .  .  .  F3 B3 U0 U1 U2 U3 .  .
    """

    name = "serial"
    summary = "one micro-batch in the machine at a time (reference without pipelining)"
    uses = frozenset({"micro_batches"})
    waits_for_all_updates = True

    @property
    def mini_batch(self) -> int:
        """B."""
        return self.shape.micro_batches

    def period(self, stage: int) -> list[Action]:
        """F 0 B 0, F 1 B 1, … then all U."""
        count = self.shape.micro_batches
        pairs = [Action(kind, k) for k in range(count) for kind in (FORWARD, BACKWARD)]
        return pairs + [Action(UPDATE, k) for k in range(count)]
