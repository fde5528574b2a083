"""PipeDream-2BW: no flush, one update a mini-batch, two weight copies; digital only."""

from __future__ import annotations

from aimcsim.errors import FieldError
from aimcsim.pipeline.actions import BACKWARD, FORWARD, UPDATE, Action
from aimcsim.pipeline.schedules.base import FixedOrder, PipelineShape, Settings


class PipeDream2BW(FixedOrder):
    """Endless 1F1B; the gradients of B ≥ M micro-batches make one step (Narayanan et al., ICML 2021).

    Mini-batch j uses the weights after j-1 steps, in forward and backward: staleness 1 step, 2 weight copies.
    U of a mini-batch bears the number of its last micro-batch. Period per mini-batch at least B·(tf+tb) + tu of the
    slowest stage.

    4 stages, 2 mini-batches of 4; F, B and U take 1 cycle:

        stage 1  F0 F1 F2 F3 .  .  .  B0 F4 B1 F5 B2 F6 B3 U3 F7 B4 .  B5 .  B6 .  B7 U7
        stage 2  .  F0 F1 F2 .  .  B0 F3 B1 F4 B2 F5 B3 U3 F6 B4 F7 B5 .  B6 .  B7 U7 .
        stage 3  .  .  F0 F1 .  B0 F2 B1 F3 B2 F4 B3 U3 F5 B4 F6 B5 F7 B6 .  B7 U7 .  .
        stage 4  .  .  .  F0 B0 F1 B1 F2 B2 F3 B3 U3 F4 B4 F5 B5 F6 B6 F7 B7 U7 .  .  .
    """

    name = "pipedream-2bw"
    summary = "digital reference: one step a mini-batch, double-buffered weights, staleness 1"
    uses = frozenset({"micro_batches"})
    weights = "double-buffer"
    step = "mini-batch"

    def __init__(self, shape: PipelineShape, settings: Settings) -> None:
        super().__init__(shape, settings)
        if shape.micro_batches < shape.stages:
            raise FieldError(
                ("pipeline", "micro_batches"),
                f"pipeline.micro_batches={shape.micro_batches} must be at least "
                f"pipeline.stages={shape.stages} for pipedream-2bw",
            )

    @property
    def mini_batch(self) -> int:
        """B."""
        return self.shape.micro_batches

    def period(self, stage: int) -> list[Action]:
        """F of a later micro-batch, B of an earlier one, B times; then one U."""
        count, ahead = self.shape.micro_batches, self.shape.depth(stage) - 1
        pairs = [action for k in range(count) for action in (Action(FORWARD, k + ahead), Action(BACKWARD, k))]
        return [*pairs, Action(UPDATE, count - 1)]
