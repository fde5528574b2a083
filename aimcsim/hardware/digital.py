"""Digital operations of the nodes beside the arrays: activations, additions, and the sums of a layer's parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from aimcsim.hardware.floorplan import Floorplan, Unit
from aimcsim.hardware.splitting import Shard
from aimcsim.network.graph import Network
from aimcsim.network.layers import Add, BatchNorm, Concatenate, Flatten, LayerNorm, Pool

#: Of one value that is normalised: into the mean, into the variance, times the scale, plus the shift.
OF_A_NORM = 4


class NodeOperations(NamedTuple):
    """Digital operations of one unit for one sample (and position of its layer) of F, B and U; 0 for an array."""

    forward: int = 0
    backward: int = 0
    update: int = 0


def is_array(unit: Unit) -> bool:
    """True for what a learning algorithm keeps for a shard, False for a digital node, with a matrix or without."""
    return unit.kind in ("tile", "buffer")


def node_operations(network: Network, floorplan: Floorplan) -> tuple[NodeOperations, ...]:
    """By unit. A node does one operation for every value that it reads, an addition one for every value it adds on, a
    pool one for every value under its windows, a norm four a value; flattening and concatenating are none. B does as
    many as F. A sum adds up the parts of the row splits (in B: column splits) and of all arrays read. A node
    that holds a matrix does two operations a weight, a product and a sum, in F, B and U.
    """
    shards: dict[str, list[Shard]] = {}
    for unit in floorplan.units:
        if unit.shard is not None and unit.role == 0:
            shards.setdefault(unit.layer, []).append(unit.shard)
    roles = len(floorplan.plan.read)
    found = []
    for unit in floorplan.units:
        if is_array(unit):
            found.append(NodeOperations())
        elif unit.kind == "sum":
            found.append(_of_sum(shards[unit.layer], roles))
        elif unit.shard is not None:
            found.append(NodeOperations(*[2 * unit.shard.in_size * unit.shard.out_size] * 3))
        else:
            count = _of_node(network, unit.layer)
            found.append(NodeOperations(count, count))
    return tuple(found)


def _of_sum(shards: Sequence[Shard], roles: int) -> NodeOperations:
    """Outputs that several rows give, inputs that several columns give back; groups have columns of their own."""
    columns = Counter(shard.column for shard in shards)
    rows = Counter((shard.group, shard.row) for shard in shards)
    outputs = {shard.column: shard.out_size for shard in shards}
    inputs = {(shard.group, shard.row): shard.in_size for shard in shards}
    return NodeOperations(
        sum(outputs[column] * (parts * roles - 1) for column, parts in columns.items()),
        sum(inputs[row] * (parts * roles - 1) for row, parts in rows.items()),
    )


def _of_node(network: Network, name: str) -> int:
    layer = network.layers[name]
    if isinstance(layer, Flatten | Concatenate):
        return 0
    if isinstance(layer, Pool):
        return layer.size * layer.window.size
    if isinstance(layer, BatchNorm | LayerNorm):
        return OF_A_NORM * layer.size
    read = sum(network.layers[source].size for source in layer.inputs)
    return read - layer.size if isinstance(layer, Add) else read
