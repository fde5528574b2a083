"""ZB-H1: the backward is split; weight gradients W fill what would be bubbles; digital only."""

from __future__ import annotations

from aimcsim.pipeline.actions import BACKWARD, FORWARD, UPDATE, WEIGHT_GRADIENT, Action
from aimcsim.pipeline.schedules.base import FixedOrder


class ZeroBubbleH1(FixedOrder):
    """Handcrafted schedule H1 of Qi et al. (ICLR 2024): the memory of 1F1B, a third of its bubble at equal times.

    B is the input gradient alone (ti cycles, the scenario's `backward`), W the weight gradient (tw, its `update`),
    stage m delays W by m-1 micro-batches; the step U at the flush takes no time.
    Makespan bubble (M-1)(tf+ti-tw) if tw ≤ min(tf, ti) and B ≥ M; M activations held.

    4 stages, one mini-batch of 4; F, B and W take 1 cycle:

        stage 1  F0 F1 F2 F3 .  .  .  B0 W0 B1 W1 B2 W2 B3 W3
        stage 2  .  F0 F1 F2 .  .  B0 F3 B1 W0 B2 W1 B3 W2 W3
        stage 3  .  .  F0 F1 .  B0 F2 B1 F3 B2 W0 B3 W1 W2 W3
        stage 4  .  .  .  F0 B0 F1 B1 F2 B2 F3 B3 W0 W1 W2 W3
    """

    name = "zero-bubble-h1"
    summary = "digital reference: weight gradients W moved into the bubbles"
    uses = frozenset({"micro_batches"})
    step = "mini-batch"
    gradient_apart = True

    @property
    def mini_batch(self) -> int:
        """B."""
        return self.shape.micro_batches

    def period(self, stage: int) -> list[Action]:
        """Warm-up forwards, F and B in turn with W `stage` micro-batches behind, the remaining W, one U."""
        count = self.shape.micro_batches
        ahead = min(count, self.shape.depth(stage)) - 1
        order = [Action(FORWARD, k) for k in range(ahead)]
        for k in range(count):
            if k + ahead < count:
                order.append(Action(FORWARD, k + ahead))
            order.append(Action(BACKWARD, k))
            if k >= stage:
                order.append(Action(WEIGHT_GRADIENT, k - stage))
        order += [Action(WEIGHT_GRADIENT, k) for k in range(max(0, count - stage), count)]
        return [*order, Action(UPDATE, count - 1)]
