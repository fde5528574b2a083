"""The steps of an action T: which units read and write, one transfer after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aimcsim.hardware.arrays import ArraysPlan
from aimcsim.hardware.floorplan import Step
from aimcsim.pipeline.actions import TRANSFER_READ, TRANSFER_WRITE


class TransferStep(NamedTuple):
    """Units that read or write (`kind`) for transfer number `transfer` at the same time."""

    kind: str
    transfer: int
    units: Step


def transfer_steps(plan: ArraysPlan, arrays: Sequence[Step], numbers: Sequence[int]) -> list[TransferStep]:
    """Each of the transfers `numbers` reads its source on all shards, then writes its target on all.

    `arrays`: units of each role. A later transfer sees what an earlier one has written.
    """
    steps = []
    for number in numbers:
        transfer = plan.transfers[number]
        if transfer.source is not None:
            steps.append(TransferStep(TRANSFER_READ, number, arrays[transfer.source]))
        steps.append(TransferStep(TRANSFER_WRITE, number, arrays[transfer.target]))
    return steps
