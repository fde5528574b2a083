"""The network compiled for execution: layers by number, their neighbours, their chunk and their shards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from aimcsim.hardware.floorplan import Floorplan
from aimcsim.hardware.splitting import Shard
from aimcsim.network.functions import CODES, NONE
from aimcsim.network.graph import Network
from aimcsim.network.layers import INPUT, Activation, Convolution, Layer, Weighted
from aimcsim.training.digital_layers import digital_layer
from aimcsim.training.digital_pass import DigitalLayer
from aimcsim.training.unrolling import Unrolling

#: Stands for the samples themselves among the inputs of a layer.
DATA = -1


@dataclass(frozen=True)
class LayerProgram:
    """One layer. `inputs` are layer numbers (DATA: the sample); `consumers` the layers that read it, ascending.

    For a layer with a matrix: `shards` in the order of `units` (each shard's first array), the `parts` that F and B
    add up for each (roles, in this order), whether its error is wanted further back (`sends_error`: False where it
    reads only the data), and `unrolling` where it is a convolution. `digital` computes a layer that has no matrix and
    is neither an activation nor a sum. `activation`: the activation that alone reads this layer, and the kernels'
    number of its function; computed together with the layer's value.
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
    unrolling: Unrolling | None = None
    digital: DigitalLayer | None = None

    @cached_property
    def has_analog_bias(self) -> bool:
        """True where the arrays have one more input line, fed with a constant 1."""
        return self.weighted is not None and self.weighted.bias == "analog"

    @cached_property
    def fed_as_is(self) -> bool:
        """True where the one array of a dense layer is fed what its input layer puts out, unchanged."""
        return len(self.shards) == 1 and not self.has_analog_bias and self.unrolling is None

    @cached_property
    def weighted(self) -> Weighted | None:
        """The layer where it has a matrix, else None."""
        return self.layer if isinstance(self.layer, Weighted) else None

    @cached_property
    def positions(self) -> int:
        """Lines that one sample is to the arrays: it numbers their noise."""
        return max(1, self.layer.positions)

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


def compile_network(network: Network, floorplan: Floorplan, seed: int = 0) -> Program:
    """Number the layers as the machine does and look up their neighbours; `seed` keys what digital layers draw."""
    order = [(name, chunk.virtual) for chunk in floorplan.chunks for name in chunk.layers]
    numbers = {name: number for number, (name, _) in enumerate(order)} | {INPUT: DATA}
    tiles: dict[str, list[int]] = {}
    for unit in floorplan.units:
        if unit.shard is not None and unit.role == 0:
            tiles.setdefault(unit.layer, []).append(unit.index)
    layers = tuple(
        _layer(number, network.layers[name], virtual, numbers, network, tiles.get(name, ()), floorplan, seed)
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
    seed: int,
) -> LayerProgram:
    readers = [name for name in network.graph.successors(layer.name) if name in numbers]
    only = network.layers[readers[0]] if len(readers) == 1 else None
    activation = (numbers[only.name], CODES[only.function]) if isinstance(only, Activation) else None
    is_digital = isinstance(layer, Weighted) and layer.digital
    return LayerProgram(
        number,
        layer,
        virtual,
        tuple(numbers[name] for name in layer.inputs),
        tuple(sorted(numbers[name] for name in readers)),
        any(name != INPUT for name in layer.inputs),
        tuple(units),
        tuple(shard for u in units if (shard := floorplan.units[u].shard) is not None),
        (0,) if is_digital else floorplan.plan.read,
        activation,
        Unrolling(layer) if isinstance(layer, Convolution) else None,
        digital_layer(layer, seed),
    )
