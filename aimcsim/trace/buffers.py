"""How much waits on the links that pass over a stage: the buffers that skip connections need."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aimcsim.hardware.floorplan import Floorplan, LinkPlan


@dataclass
class SkipBuffer:
    """One direction of a skip. `made`: cycles at which what waits was made; `peak`: most that waited at once."""

    link: LinkPlan
    made: deque[int] = field(default_factory=deque)
    peak: int = 0

    def taken(self, cycle: int) -> None:
        """The consumer takes a micro-batch at `cycle`, of which what was made before is known by now.

        Between two takings the number only grows: it is largest right before one. What is taken in the cycle of its
        making has not waited.
        """
        waiting = sum(made < cycle for made in self.made)
        self.peak = max(self.peak, waiting)
        self.made.popleft()


class SkipBuffers:
    """The buffers of all links that pass over a virtual stage, counted from the ends of stage actions."""

    def __init__(self, floorplan: Floorplan) -> None:
        self.buffers = [SkipBuffer(link) for link in floorplan.links if abs(link.target - link.source) > 1]
        self._makes: dict[tuple[str, int], list[SkipBuffer]] = {}
        self._takes: dict[tuple[str, int], list[SkipBuffer]] = {}
        for buffer in self.buffers:
            self._makes.setdefault((buffer.link.kind, buffer.link.source), []).append(buffer)
            self._takes.setdefault((buffer.link.kind, buffer.link.target), []).append(buffer)

    def action(self, kind: str, virtual: int, start: int, end: int) -> None:
        """An action of a chunk has ended. It took what it needs when it started: F and B last at least a cycle, so that
        all that was made by then has been told.
        """
        for buffer in self._takes.get((kind, virtual), ()):
            buffer.taken(start)
        for buffer in self._makes.get((kind, virtual), ()):
            buffer.made.append(end)

    def skip(self, cycles: int) -> None:
        """Cycles that repeat what came before them have passed: as much waits as did, made so much later."""
        for buffer in self.buffers:
            buffer.made = deque(made + cycles for made in buffer.made)

    def figures(self, floorplan: Floorplan, micro_batch: int, value_bytes: int) -> list[dict[str, Any]]:
        """`buffers` of the summary."""
        return [
            {
                "name": f"{buffer.link.kind} {'+'.join(buffer.link.tensors)}",
                "from_stage": buffer.link.source % floorplan.stages + 1,
                "to_stage": buffer.link.target % floorplan.stages + 1,
                "values_per_sample": buffer.link.values,
                "peak_micro_batches": buffer.peak,
                "peak_bytes": buffer.peak * micro_batch * buffer.link.values * value_bytes,
            }
            for buffer in self.buffers
        ]

    def state(self) -> list[dict[str, Any]]:
        """What waits and has waited, by link."""
        return [{"made": list(buffer.made), "peak": buffer.peak} for buffer in self.buffers]

    def load_state(self, state: list[dict[str, Any]]) -> None:
        """Put back what `state` gave."""
        for buffer, own in zip(self.buffers, state, strict=True):
            buffer.made, buffer.peak = deque(own["made"]), own["peak"]
