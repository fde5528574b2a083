"""Interleaved 1F1B: every stage holds v chunks of layers, so a micro-batch passes each stage v times."""

from __future__ import annotations

from aimcsim.errors import FieldError
from aimcsim.pipeline.actions import BACKWARD, FORWARD, UPDATE, Action
from aimcsim.pipeline.schedules.base import FixedOrder, PipelineShape, Settings


class Interleaved(FixedOrder):
    """Synchronous pipeline of Narayanan et al. (SC 2021): the bubble shrinks to (M-1)(tf+tb)/v per mini-batch.

    B must be a multiple of M. Stage m holds min(Bv, (v-1)M + 2(M-m) + 1) chunk activations, each of 1/v of a stage.
    U of a micro-batch is one action per chunk, in chunk order.

    4 stages, one mini-batch of 4; F, B and U of a chunk take 1 cycle; lower case: second chunk:

        stage 1  F0 F1 F2 F3 f0 f1 f2 f3 .  .  .  b0 .  b1 .  b2 .  b3 B0 B1 B2 B3 U0 u0 U1 u1 U2 u2 U3 u3
        stage 2  .  F0 F1 F2 F3 f0 f1 f2 f3 .  b0 .  b1 .  b2 .  b3 B0 B1 B2 B3 U0 u0 U1 u1 U2 u2 U3 u3 .
        stage 3  .  .  F0 F1 F2 F3 f0 f1 f2 b0 f3 b1 .  b2 .  b3 B0 B1 B2 B3 U0 u0 U1 u1 U2 u2 U3 u3 .  .
        stage 4  .  .  .  F0 F1 F2 F3 f0 b0 f1 b1 f2 b2 f3 b3 B0 B1 B2 B3 U0 u0 U1 u1 U2 u2 U3 u3 .  .  .
    """

    name = "interleaved"
    summary = "synchronous: v chunks of layers a stage, bubble divided by v"
    uses = frozenset({"micro_batches", "chunks"})

    def __init__(self, shape: PipelineShape, settings: Settings) -> None:
        super().__init__(shape, settings)
        if shape.micro_batches % shape.stages:
            raise FieldError(
                ("pipeline", "micro_batches"),
                f"pipeline.micro_batches={shape.micro_batches} must be a multiple of "
                f"pipeline.stages={shape.stages} for interleaved",
            )

    @property
    def mini_batch(self) -> int:
        """B."""
        return self.shape.micro_batches

    def period(self, stage: int) -> list[Action]:
        """Warm-up of 2(M-m) + (v-1)M forwards, then one F and one B in turn, the remaining B, then all U."""
        stages, chunks, count = self.shape.stages, self.shape.chunks, self.shape.micro_batches
        total = count * chunks
        warm_up = min(total, 2 * (stages - 1 - stage) + (chunks - 1) * stages)
        order = [self._forward(i) for i in range(warm_up)]
        for i in range(total):
            if i + warm_up < total:
                order.append(self._forward(i + warm_up))
            order.append(self._backward(i))
        return order + [Action(UPDATE, k, c) for k in range(count) for c in range(chunks)]

    def _forward(self, i: int) -> Action:
        chunk, micro_batch = self._place(i)
        return Action(FORWARD, micro_batch, chunk)

    def _backward(self, i: int) -> Action:
        chunk, micro_batch = self._place(i)
        return Action(BACKWARD, micro_batch, self.shape.chunks - 1 - chunk)

    def _place(self, i: int) -> tuple[int, int]:
        """Chunk and micro-batch of the i-th forward: groups of M micro-batches go through chunk after chunk."""
        stages, chunks = self.shape.stages, self.shape.chunks
        group, within = divmod(i, stages * chunks)
        return within // stages, group * stages + within % stages
