"""Initial weights, keyed by layer: drawn for the whole layer and then split, so that tiles do not change them."""

from __future__ import annotations

import numpy as np

from aimcsim.crossbar.making import make_tile
from aimcsim.crossbar.tile import AnalogTile
from aimcsim.errors import FieldError
from aimcsim.keys import stream
from aimcsim.learning.analog_sgd import AnalogSGD
from aimcsim.learning.base import Floats, ShardWeights
from aimcsim.learning.digital_sgd import DigitalSGD
from aimcsim.learning.versions import VersionedArray
from aimcsim.network.layers import Dense
from aimcsim.scenario.spec import Scenario
from aimcsim.training.program import Program


def initial_weights(layer: Dense, seed: int) -> tuple[Floats, Floats]:
    """Uniform in ±init_range: W (outputs, inputs) and bias (outputs,), float32."""
    rng = stream(seed, layer.name, "initial weights")
    weights = rng.uniform(-layer.init_range, layer.init_range, (layer.out_size, layer.in_size))
    bias = rng.uniform(-layer.init_range, layer.init_range, layer.out_size)
    return weights.astype(np.float32), bias.astype(np.float32)


def build_weights(
    program: Program, scenario: Scenario, kept_versions: int
) -> tuple[dict[int, ShardWeights], dict[int, VersionedArray]]:
    """Weights by unit and digital biases by layer number. `kept_versions`: old copies that the schedule reads."""
    weights: dict[int, ShardWeights] = {}
    biases: dict[int, VersionedArray] = {}
    for layer in program.layers:
        dense = layer.dense
        if dense is None:
            continue
        matrix, bias = initial_weights(dense, scenario.seed)
        if dense.bias == "analog":
            matrix = np.concatenate([matrix, bias[:, None]], axis=1)
        elif dense.bias == "digital":
            biases[layer.number] = VersionedArray(bias, kept_versions)
        for unit, shard in zip(layer.units, layer.shards, strict=True):
            part = np.ascontiguousarray(matrix[shard.outputs, shard.inputs])
            weights[unit] = _shard_weights(part, f"{dense.name}.{shard.name}", scenario, kept_versions)
    return weights, biases


def _shard_weights(part: Floats, name: str, scenario: Scenario, kept_versions: int) -> ShardWeights:
    if scenario.training.algorithm.name == "digital-sgd":
        return DigitalSGD(part, kept_versions)
    hardware = scenario.hardware
    tile = make_tile(
        *part.shape,
        device=hardware.device,
        io=hardware.io,
        io_backward=hardware.io_backward,
        pulses=hardware.pulses,
        mapping=hardware.mapping,
        seed=scenario.seed,
        name=name,
        weights=part,
    )
    if isinstance(tile, AnalogTile):
        # Rates only fall, so the first is the largest.
        rate = scenario.training.learning_rate
        try:
            tile.check_learning_rate(rate if isinstance(rate, float) else rate.initial)
        except ValueError as error:
            raise FieldError(("training", "learning_rate"), str(error)) from error
    return AnalogSGD(tile)
