"""The network compiled for execution: layers by number, their neighbours, their chunk and their shards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from aimcsim.hardware.floorplan import Floorplan
from aimcsim.hardware.splitting import Shard
from aimcsim.network.functions import CODES, NONE
from aimcsim.network.graph import Network
from aimcsim.network.layers import INPUT, Activation, Dense, Layer

#: Stands for the samples themselves among the inputs of a layer.
DATA = -1


@dataclass(frozen=True)
class LayerProgram:
    """One layer. `inputs` are layer numbers (DATA: the sample); `consumers` the layers that read it, ascending.

    For a dense layer: `shards` in the order of `units` (each shard's first array), the `parts` that F and B add up
    for each (roles, in this order), and whether its error is wanted further back (`sends_error`: False for a layer
    that reads only the data). `activation`: the activation that alone reads this
    layer, and the kernels' number of its function; computed together with the layer's value.
    """

    number: int
    layer: Layer
    chunk: int
    inputs: tuple[int, ...]
    consumers: tuple[int, ...]
    sends_error: bool
    units: tuple[int, ...] = ()
    shards: tuple[Shard, ...] = ()
    parts: tuple[int, ...] = (0,)
    activation: tuple[int, int] | None = None

    @cached_property
    def has_analog_bias(self) -> bool:
        """True where the arrays have one more input line, fed with a constant 1."""
        return isinstance(self.layer, Dense) and self.layer.bias == "analog"

    @cached_property
    def fed_as_is(self) -> bool:
        """True where the one array of a dense layer is fed what its input layer puts out, unchanged."""
        return len(self.shards) == 1 and not self.has_analog_bias

    @cached_property
    def dense(self) -> Dense | None:
        """The layer where it is dense, else None."""
        return self.layer if isinstance(self.layer, Dense) else None

    @cached_property
    def code(self) -> int:
        """The kernels' number of the function of an activation, NONE of any other layer."""
        return CODES[self.layer.function] if isinstance(self.layer, Activation) else NONE


@dataclass(frozen=True)
class Program:
    """All layers in the machine's numbering (chunk after chunk) and the numbers each chunk holds."""

    layers: tuple[LayerProgram, ...]
    chunks: tuple[tuple[int, ...], ...]
    output: int


def compile_network(network: Network, floorplan: Floorplan) -> Program:
    """Number the layers as the machine does and look up their neighbours."""
    order = [(name, chunk.virtual) for chunk in floorplan.chunks for name in chunk.layers]
    numbers = {name: number for number, (name, _) in enumerate(order)} | {INPUT: DATA}
    tiles: dict[str, list[int]] = {}
    for unit in floorplan.units:
        if unit.shard is not None and unit.role == 0:
            tiles.setdefault(unit.layer, []).append(unit.index)
    layers = tuple(
        _layer(number, network.layers[name], virtual, numbers, network, tiles.get(name, ()), floorplan)
        for number, (name, virtual) in enumerate(order)
    )
    chunks = tuple(tuple(numbers[name] for name in chunk.layers) for chunk in floorplan.chunks)
    return Program(layers, chunks, numbers[network.output])


def _layer(
    number: int,
    layer: Layer,
    virtual: int,
    numbers: dict[str, int],
    network: Network,
    units: Sequence[int],
    floorplan: Floorplan,
) -> LayerProgram:
    readers = [name for name in network.graph.successors(layer.name) if name in numbers]
    only = network.layers[readers[0]] if len(readers) == 1 else None
    activation = (numbers[only.name], CODES[only.function]) if isinstance(only, Activation) else None
    return LayerProgram(
        number,
        layer,
        virtual,
        tuple(numbers[name] for name in layer.inputs),
        tuple(sorted(numbers[name] for name in readers)),
        any(name != INPUT for name in layer.inputs),
        tuple(units),
        tuple(shard for u in units if (shard := floorplan.units[u].shard) is not None),
        floorplan.plan.read,
        activation,
    )
