"""What the operations of a run amount to, by unit: products, conversions, updates, pulse slots, digital operations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from aimcsim.costs.tally import Tally
from aimcsim.hardware.digital import NodeOperations, is_array
from aimcsim.hardware.durations import product_operations, update_operations
from aimcsim.hardware.floorplan import Floorplan, Unit
from aimcsim.hardware.transfer_times import line_operations
from aimcsim.pipeline.actions import BACKWARD, FORWARD, UPDATE

FORWARD_PRODUCTS = "forward products"
BACKWARD_PRODUCTS = "backward products"
LINE_INPUTS = "line inputs"
CONVERSIONS = "conversions"
UPDATES = "rank-one updates"
SLOTS = "pulse slots"
READS = "transfer reads (lines)"
WRITES = "transfer writes (lines)"
WRITE_SLOTS = "transfer pulse slots"
OPERATIONS = "digital operations"


@dataclass(frozen=True)
class Workload:
    """What one operation does, beside the floorplan: `samples` of a micro-batch, MVMs per sample (`positions`) and
    digital `nodes` by unit.

    `update_kind`: the action that does the rank-one updates, U or W, of `updates_each` micro-batches at once.
    `slots`: those of one rank-one update's train where nothing is counted; None where an executor counts all slots.
    """

    floorplan: Floorplan
    samples: int
    positions: Sequence[int]
    nodes: Sequence[NodeOperations]
    slots: int | None
    update_kind: str = UPDATE
    updates_each: int = 1

    def done(self, unit: Unit, tally: Tally) -> Counter[str]:
        """All that a unit has done, as counts of the names above."""
        found: Counter[str] = Counter()
        index, each = unit.index, self.samples * self.positions[unit.index]
        products = unit.share(each)
        forwards, backwards = tally.operations[FORWARD][index], tally.operations[BACKWARD][index]
        updates = tally.operations[self.update_kind][index] * each * self.updates_each
        if not is_array(unit):
            node = self.nodes[index]
            found[OPERATIONS] = (forwards * node.forward + backwards * node.backward) * products + updates * node.update
            return found
        beside = product_operations(unit, self.floorplan) * products
        found[OPERATIONS] = updates * update_operations(unit, self.floorplan) + (forwards + backwards) * beside
        if unit.is_tile:
            self._products(found, unit, forwards * products + tally.extra[FORWARD][index], FORWARD_PRODUCTS, False)
            self._products(found, unit, backwards * products + tally.extra[BACKWARD][index], BACKWARD_PRODUCTS, True)
            found[UPDATES] = updates
            found[SLOTS] = tally.extra[UPDATE][index] if self.slots is None else updates * self.slots
        self._transfers(found, unit, tally)
        return found

    @staticmethod
    def _products(found: Counter[str], unit: Unit, count: int, name: str, transposed: bool) -> None:
        assert unit.shard is not None
        sizes = unit.shard.in_size, unit.shard.out_size
        found[name] += count
        found[LINE_INPUTS] += count * sizes[transposed]
        found[CONVERSIONS] += count * sizes[not transposed]

    def _transfers(self, found: Counter[str], unit: Unit, tally: Tally) -> None:
        shard = unit.shard
        assert shard is not None
        for number, transfer in enumerate(self.floorplan.plan.transfers):
            lines = transfer.lines_of(shard.in_size)
            reads = tally.reads[number][unit.index] * lines + tally.reads_extra[number][unit.index]
            writes = tally.writes[number][unit.index] * lines
            found[READS] += reads
            # A line is read by a product whose input is 1 there and 0 elsewhere.
            found[LINE_INPUTS] += reads
            found[CONVERSIONS] += reads * shard.out_size
            found[WRITES] += writes
            counted = tally.writes_extra[number][unit.index]
            found[WRITE_SLOTS] += counted if self.slots is None else writes * transfer.slots
            found[OPERATIONS] += writes * line_operations(unit, transfer)
