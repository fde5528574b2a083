"""What skips need to buffer: found by simulating the time of the first micro-batches, without numbers."""

from __future__ import annotations

from typing import Any

from aimcsim.assembly import Assembly, assemble
from aimcsim.pipeline.machine import Machine
from aimcsim.report.floorplan.periods import long_enough
from aimcsim.trace.metrics import MetricsRecorder
from aimcsim.trace.oplog import NoOpLog

#: Micro-batches for each stage, enough to fill the pipeline and come to a steady state.
A_STAGE = 8


def skip_buffers(assembly: Assembly) -> tuple[list[dict[str, Any]], int]:
    """`buffers` as in a summary, and the micro-batches that were simulated for it. Raises Deadlock."""
    scenario = assembly.scenario
    wanted = A_STAGE * len(assembly.floorplan.chunks)
    mini_batches = max(4, -(-wanted // scenario.pipeline.micro_batches))
    short = assemble(scenario.model_copy(update={"training": long_enough(scenario, mini_batches)}))
    recorder = MetricsRecorder(short.floorplan, short.schedule, NoOpLog())
    if recorder.skips.buffers:
        Machine(short.plan, recorder).run()
    size = scenario.hardware.link.value_bytes
    return recorder.skips.figures(short.floorplan, scenario.pipeline.micro_batch, size), short.schedule.shape.total
