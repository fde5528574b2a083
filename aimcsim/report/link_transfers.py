"""Messages on the links of a run, worked out from its op log and its scenario by the links' own rules.

The op log holds tile operations only. But a stage sends when its action ends, a link is first come, first served, and
takes a message when it has room; so the ends and starts of the actions determine every transfer (`pipeline.link` is the
rule). A message sent before a window began is not seen in it: of a window in mid-run the first transfers of a narrow
link may be drawn too early.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aimcsim.pipeline.actions import BACKWARD, FORWARD
from aimcsim.pipeline.link import LinkTimes
from aimcsim.pipeline.machine import MachinePlan
from aimcsim.report.op_table import Column
from aimcsim.report.stage_actions import StageActions

#: Stands for a cycle beyond the window: room that is not made, a message that is not taken in it.
NEVER = np.iinfo(np.int64).max // 4


@dataclass(frozen=True)
class Transfers:
    """Messages of one link (or, with `name` loss, of the loss), in the order in which they were sent.

    `source` and `target` are places of actions (target −1 where it is not in the window). A message is `offered` when
    its source ends, `accepted` when the link has room (NEVER if that is not in the window), is on the transmitter from
    `sending` on, and `arrived` after the latency.
    """

    name: str
    kind: str
    target_virtual: int
    times: LinkTimes
    source: Column
    target: Column
    offered: Column
    accepted: Column
    sending: Column
    arrived: Column


def transfers(actions: StageActions, plan: MachinePlan) -> list[Transfers]:
    """Messages of every link in the order of the floorplan, those of the loss last."""
    stages = plan.floorplan.stages
    found = []
    for link, times in zip(plan.floorplan.links, plan.links, strict=True):
        ends = link.source % stages + 1, link.target % stages + 1
        name = f"link.{link.kind}.s{ends[0]}.s{ends[1]}"
        if plan.floorplan.chunks_per_stage > 1:
            name += f".c{link.source // stages}.c{link.target // stages}"
        sources, targets = actions.of(link.source, link.kind), actions.of(link.target, link.kind)
        found.append(_carried(name, link.kind, link.target, times, actions, sources, targets))
    last = len(plan.floorplan.chunks) - 1
    sources, targets = actions.of(last, FORWARD), actions.of(last, BACKWARD)
    loss = LinkTimes(latency=plan.loss_cycles)
    found.append(_carried("loss", BACKWARD, last, loss, actions, sources, targets))
    return found


def _carried(
    name: str,
    kind: str,
    target_virtual: int,
    times: LinkTimes,
    actions: StageActions,
    sources: Column,
    targets: Column,
) -> Transfers:
    sources = sources[np.argsort(actions.end[sources], kind="stable")]
    matching = actions.matching(sources, targets)
    offered = actions.end[sources]
    accepted = offered
    if times.capacity is not None:
        accepted = _accepted(offered, actions.start[targets], len(targets) - int((matching >= 0).sum()), times.capacity)
    # The transmitter is free for message i when it has sent those before: a running maximum of when it could begin.
    ahead = np.arange(len(sources)) * times.occupancy
    sending = np.maximum.accumulate(accepted - ahead) + ahead if len(sources) else accepted
    arrived = sending + times.occupancy + times.latency
    return Transfers(name, kind, target_virtual, times, sources, matching, offered, accepted, sending, arrived)


def _accepted(offered: Column, taken: Column, held: int, capacity: int) -> Column:
    """When a link of `capacity` accepts each message; it `held` some at first, and each start in `taken` makes room."""
    needed = np.arange(len(offered)) + held - capacity
    taken = np.append(np.sort(taken), NEVER)
    room = taken[np.clip(needed, 0, len(taken) - 1)]
    accepted = np.where(needed < 0, offered, np.maximum(offered, room))
    return np.maximum.accumulate(accepted) if len(accepted) else accepted
