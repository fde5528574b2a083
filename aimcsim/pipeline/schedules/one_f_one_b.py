"""1F1B with a flush: as GPipe, but each stage begins its backwards as early as it can."""

from __future__ import annotations

from aimcsim.pipeline.actions import BACKWARD, FORWARD, UPDATE, Action
from aimcsim.pipeline.schedules.base import FixedOrder


class OneFOneB(FixedOrder):
    """Synchronous pipeline that holds min(B, M-m+1) activations at stage m.

    Uniform times and no link latency: the makespan of GPipe, for every B ≥ 1. Uneven stages: at most GPipe's.

    4 stages, one mini-batch of 4; F, B and U take 1 cycle:

        stage 1  F0 F1 F2 F3 .  .  .  B0 .  B1 .  B2 .  B3 U0 U1 U2 U3
        stage 2  .  F0 F1 F2 .  .  B0 F3 B1 .  B2 .  B3 U0 U1 U2 U3 .
        stage 3  .  .  F0 F1 .  B0 F2 B1 F3 B2 .  B3 U0 U1 U2 U3 .  .
        stage 4  .  .  .  F0 B0 F1 B1 F2 B2 F3 B3 U0 U1 U2 U3 .  .  .
    """

    name = "one-f-one-b"
    summary = "synchronous: 1F1B order with a flush, fewer activations held than gpipe"
    uses = frozenset({"micro_batches"})

    @property
    def mini_batch(self) -> int:
        """B."""
        return self.shape.micro_batches

    def period(self, stage: int) -> list[Action]:
        """Warm-up forwards, then F and B in turn, the remaining B, then all U."""
        count = self.shape.micro_batches
        return one_f_one_b(count, self.shape.depth(stage)) + [Action(UPDATE, k) for k in range(count)]


def one_f_one_b(count: int, depth: int) -> list[Action]:
    """F and B of `count` micro-batches with at most `depth` forwards ahead of the backwards."""
    ahead = min(count, depth) - 1
    order = [Action(FORWARD, k) for k in range(ahead)]
    for k in range(count):
        if k + ahead < count:
            order.append(Action(FORWARD, k + ahead))
        order.append(Action(BACKWARD, k))
    return order
