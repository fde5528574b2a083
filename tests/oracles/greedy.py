"""async-greedy, cycle by cycle: an idle stage starts U before B before F, the smallest micro-batch first.

*In flight* at a stage = F started and own U not committed. The cap limits the start of F only.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.oracles.stepped import Machine, step_through
from tests.oracles.vocabulary import Action, Links, Timed, Times


def greedy_schedule(
    count: int, times: Times, caps: Sequence[int] | None = None, links: Links | None = None
) -> list[Timed]:
    """Actions of `count` micro-batches on len(times.tf) stages, sorted by start, stage and end.

    `caps` holds the most micro-batches in flight at each stage; None means unbounded. Raises Deadlock.
    """
    stages = len(times.tf)

    def most_urgent(machine: Machine, stage: int) -> Action | None:
        in_flight = machine.done[stage, "F"] - machine.done[stage, "U"]
        for kind in "UBF":
            # Messages arrive in the order of the micro-batches: the smallest ready one is the next of its kind.
            action = Action(kind, machine.done[stage, kind])
            full = kind == "F" and caps is not None and in_flight >= caps[stage]
            if action.micro_batch < count and not full and machine.may_start(stage, action):
                return action
        return None

    return step_through(Machine(stages, times, links or Links(), None), most_urgent, 3 * count * stages)
