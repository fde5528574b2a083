"""A run replayed from its op log, without a machine: the log says what each array did when, the kernels do the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aimcsim.scenario.spec import Scenario
from tests.pipeline.machines import Row
from tests.training.plain_network import Floats, Pass, PlainNetwork

#: Order of operations of one array and micro-batch that start and end in the same cycle.
KINDS = "FBWU"


@dataclass
class Replayed:
    """Losses (summed over the samples) by micro-batch; pulse slots by (tile, micro-batch of the update); the arrays and
    biases as they were when `applied` micro-batches were in, and the last cycle at which that came about."""

    plain: PlainNetwork
    losses: dict[int, float] = field(default_factory=dict)
    slots: dict[tuple[str, int], int] = field(default_factory=dict)
    copies: dict[int, dict[tuple[str, int, int], Floats]] = field(default_factory=dict)
    biases: dict[int, dict[str, Any]] = field(default_factory=dict)
    cycle: dict[int, int] = field(default_factory=dict)


def replay(scenario: Scenario, rows: list[Row], mini_batch: int, per_update: int) -> Replayed:
    """Replay. `mini_batch`: micro-batches that a mean is taken over; `per_update`: micro-batches that one U applies."""
    plain = PlainNetwork(scenario, mini_batch * scenario.pipeline.micro_batch)
    found = Replayed(plain)
    passes: dict[int, Pass] = {}
    gradient_apart = any(row.op == "W" for row in rows)
    counts: dict[str, int] = {}
    # What starts at a cycle sees what was committed in it: operations of no length come before longer ones.
    for row in sorted(rows, key=lambda row: (row.start, row.end, row.micro_batch, KINDS.index(row.op), row.tile)):
        _, name, shard = row.tile.split(".")
        if not shard.startswith("r"):
            continue  # a digital node
        r, c = (int(number) for number in shard[1:].split("c"))
        k = row.micro_batch
        batch = passes[k] if k in passes else passes.setdefault(k, plain.micro_batch(k))
        if row.op == "F":
            batch.forward(name, r, c, row.version_read)
        elif row.op == "B":
            if k not in found.losses:
                found.losses[k] = batch.loss()
            batch.backward(name, r, c, row.version_read)
        elif row.op == "W":
            plain.arrays[name, r, c].accumulate(batch.fed(name, r, c), batch.given(name, c), plain.rate(batch.first))
        else:
            applied = [passes[n] for n in range(k - per_update + 1, k + 1)]
            if gradient_apart:
                plain.arrays[name, r, c].step()
                found.slots[row.tile, k] = 0
            else:
                found.slots[row.tile, k] = sum(each.update(name, r, c) for each in applied)
            plain.arrays[name, r, c].commit()
            if (r, c) == (0, 0):
                plain.update_bias(name, applied)
            counts[row.tile] = counts.get(row.tile, 0) + 1
            assert (row.version_read, row.version_written) == (counts[row.tile] - 1, counts[row.tile])
            done = counts[row.tile] * per_update
            found.copies.setdefault(done, {})[name, r, c] = plain.arrays[name, r, c].snapshot()
            found.biases.setdefault(done, {}).update(plain.vector_copies(name))
            found.cycle[done] = max(found.cycle.get(done, 0), row.end)
    return found
