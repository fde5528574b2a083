"""Initial weights, keyed by layer: drawn for the whole layer and then split, so that tiles do not change them."""

from __future__ import annotations

import numpy as np

from aimcsim.keys import stream
from aimcsim.learning.base import Floats, ShardWeights
from aimcsim.learning.building import shard_weights
from aimcsim.learning.digital_sgd import DigitalSGD
from aimcsim.learning.versions import VersionedArray
from aimcsim.network.layers import BatchNorm, LayerNorm, Weighted
from aimcsim.scenario.spec import Scenario
from aimcsim.training.program import Program


def initial_weights(layer: Weighted, seed: int) -> tuple[Floats, Floats]:
    """Uniform in ±init_range, or all init_value where given: W (outputs, inputs) and bias (outputs,), float32."""
    if layer.init_value is not None:
        value = np.float32(layer.init_value)
        return np.full((layer.out_size, layer.in_size), value), np.full(layer.out_size, value)
    rng = stream(seed, layer.name, "initial weights")
    weights = rng.uniform(-layer.init_range, layer.init_range, (layer.out_size, layer.in_size))
    bias = rng.uniform(-layer.init_range, layer.init_range, layer.out_size)
    return weights.astype(np.float32), bias.astype(np.float32)


def build_weights(
    program: Program, scenario: Scenario, kept_versions: int
) -> tuple[dict[int, ShardWeights], dict[int, VersionedArray]]:
    """Weights by the unit of each shard's first array, and by layer number what layers learn digitally: a bias
    (outputs,), or scale and shift (2, n) of a norm, 1 and 0 at first.

    `kept_versions`: old copies that the schedule reads.
    """
    weights: dict[int, ShardWeights] = {}
    vectors: dict[int, VersionedArray] = {}
    for each in program.layers:
        number, layer = each.number, each.layer
        if isinstance(layer, BatchNorm | LayerNorm):
            count = layer.shape[0] if isinstance(layer, BatchNorm) else layer.size
            vectors[number] = VersionedArray(np.stack([np.ones(count), np.zeros(count)]), kept_versions)
        if not isinstance(layer, Weighted):
            continue
        matrix, bias = initial_weights(layer, scenario.seed)
        if layer.bias == "analog":
            matrix = np.concatenate([matrix, bias[:, None]], axis=1)
        elif layer.bias == "digital":
            vectors[number] = VersionedArray(bias, kept_versions)
        for unit, shard in zip(each.units, each.shards, strict=True):
            part = np.ascontiguousarray(matrix[shard.outputs, shard.inputs])
            if layer.digital:
                weights[unit] = DigitalSGD(part, kept_versions)
            else:
                weights[unit] = shard_weights(part, f"{layer.name}.{shard.name}", scenario, kept_versions)
    return weights, vectors
