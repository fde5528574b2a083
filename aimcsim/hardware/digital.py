"""Digital operations of the nodes beside the arrays: activations, additions, and the sums of a layer's parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aimcsim.hardware.floorplan import Floorplan, Unit
from aimcsim.hardware.splitting import Shard
from aimcsim.network.graph import Network
from aimcsim.network.layers import Add


class NodeOperations(NamedTuple):
    """Digital operations of one unit for one sample (and position of its layer) of F, B and U; 0 for an array."""

    forward: int = 0
    backward: int = 0
    update: int = 0


def is_array(unit: Unit) -> bool:
    """True for what a learning algorithm keeps for a shard, False for a digital node, with a matrix or without."""
    return unit.kind in ("tile", "buffer")


def node_operations(network: Network, floorplan: Floorplan) -> tuple[NodeOperations, ...]:
    """By unit. A node does one operation for every value that it reads, an addition one for every value it adds on;
    B does as many as F. A sum adds up the parts of the row splits (in B: column splits) and of all arrays read. A node
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
    rows = max(shard.row for shard in shards) + 1
    columns = max(shard.column for shard in shards) + 1
    outputs = sum(shard.out_size for shard in shards if shard.row == 0)
    inputs = sum(shard.in_size for shard in shards if shard.column == 0)
    return NodeOperations(outputs * (rows * roles - 1), inputs * (columns * roles - 1))


def _of_node(network: Network, name: str) -> int:
    layer = network.layers[name]
    read = sum(network.layers[source].size for source in layer.inputs)
    return read - layer.size if isinstance(layer, Add) else read
