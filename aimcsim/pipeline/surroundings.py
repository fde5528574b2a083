"""What a stage sees of the machine that it is a part of."""

from __future__ import annotations

from typing import Protocol

from aimcsim.hardware.floorplan import Floorplan
from aimcsim.pipeline.link import Link
from aimcsim.pipeline.seam import Executor, Recorder


class Surroundings(Protocol):
    """The machine around a stage: what it shares, and whom it tells."""

    floorplan: Floorplan
    links: list[Link]
    links_may_fill: bool
    executor: Executor | None
    recorder: Recorder

    def gate_is_open(self, micro_batch: int) -> bool:
        """True when the first stage may start F of `micro_batch`."""

    def offer_to_loss(self, micro_batch: int) -> None:
        """The last forward of `micro_batch` has ended."""

    def update_committed(self) -> None:
        """An update of some stage has committed."""

    def stage_finished(self) -> None:
        """A stage has no work left."""
