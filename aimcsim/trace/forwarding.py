"""Whether a run is fast-forwarded, what of it is simulated all the same, and what the summary says about the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aimcsim.assembly import Assembly
from aimcsim.pipeline.fast_forward import FastForward, Kept, can_repeat
from aimcsim.pipeline.seam import Jump
from aimcsim.trace.bottleneck import needs_log
from aimcsim.trace.critical_path import MOST_OPERATIONS, middle_half
from aimcsim.trace.metrics import MetricsRecorder

#: With `fast_forward: auto` a run of no more operations is simulated whole. With a log that is to hold everything: some
#: ten seconds and some ten megabytes, for which one may look at any of its cycles. Otherwise: a tenth of a second.
MOST_LOGGED, MOST_UNLOGGED = 1_000_000, 10_000

#: Micro-batches that a log shows in any case: a timeline without further wishes draws up to sixteen and their fill.
FIRST_LOGGED = 32


def fast_forward(assembly: Assembly, recorder: MetricsRecorder) -> FastForward | None:
    """The runner of a timing-only run, None where it has to be, or had better be, simulated whole."""
    trace = assembly.scenario.trace
    if trace.fast_forward == "never" or not can_repeat(assembly.schedule):
        return None
    if assembly.floorplan.plan.transfers:
        # Which transfers are due depends on how many updates there have been, and the period of that is not looked for.
        return None
    most = MOST_LOGGED if trace.ops == "all" else MOST_UNLOGGED
    if trace.fast_forward == "auto" and _operations(assembly) <= most:
        return None
    return FastForward(assembly.plan, recorder, _kept(assembly))


def _operations(assembly: Assembly) -> int:
    """Tile operations of F, B and U in the whole run."""
    steps = (step for chunk in assembly.floorplan.chunks for step in (*chunk.forward, *chunk.backward, *chunk.update))
    return sum(map(len, steps)) * assembly.schedule.shape.total


def _kept(assembly: Assembly) -> Kept:
    ops = assembly.scenario.trace.ops
    if isinstance(ops, int):
        return Kept(first_cycles=ops)
    if ops == "none":
        return Kept()
    if not needs_log(assembly, trained=False):
        return Kept(first_micro_batches=FIRST_LOGGED)
    return Kept(0, FIRST_LOGGED, MOST_OPERATIONS, lambda end: middle_half(end)[0])


def forwarding_figures(jumps: Sequence[Jump]) -> dict[str, Any] | None:
    """`fast_forward` of the summary, None for a run that was simulated whole."""
    if not jumps:
        return None
    return {
        "micro_batches": sum(jump.periods * jump.micro_batches for jump in jumps),
        "cycles": sum(jump.periods * jump.cycles for jump in jumps),
        "repeats_every": {"cycles": jumps[0].cycles, "micro_batches": jumps[0].micro_batches},
        "skipped_cycles": [[jump.first, jump.end] for jump in jumps],
    }


def forwarding_notes(jumps: Sequence[Jump], assembly: Assembly) -> list[str]:
    """What was not simulated, in words."""
    if not jumps:
        return []
    jumped, one = sum(jump.periods * jump.micro_batches for jump in jumps), jumps[0]
    length = "1 micro-batch" if one.micro_batches == 1 else f"{one.micro_batches} micro-batches"
    note = (
        f"fast-forward: {jumped} of {assembly.schedule.shape.total} micro-batches repeat what came before them every "
        f"{one.cycles} cycles ({length}) and were counted without being simulated"
    )
    if assembly.scenario.trace.ops == "all":
        gaps = ", ".join(f"{jump.first} to {jump.end}" for jump in jumps)
        note += f"; the op log lacks cycles {gaps} (trace.fast_forward: never keeps it whole)"
    return [note]
