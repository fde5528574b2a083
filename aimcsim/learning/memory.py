"""Digital memory of a learning algorithm beside its arrays, as the papers' tables count it: one byte a value (FP8)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from aimcsim.learning.plans import buffers_per_weight
from aimcsim.scenario.algorithm_spec import (
    Agad,
    AlgorithmSpec,
    BufferedSpec,
    ChoppedTikiTaka,
    MixedPrecision,
    TransferSpec,
)

#: Bits read and written for a transferred line, per input line of the array: Rasch et al., Nat. Commun. 15:7133 (2024),
#: Table 1. A buffer is read and written; chopped, its signs too; AGAD moves its reference and its running mean besides.
BUFFERED_BITS, CHOPPED_BITS, AGAD_BITS = 16, 18, 50
#: Bits of the matrix of mixed precision that are read and written for a weight and transfer.
MATRIX_BITS = 16


@dataclass(frozen=True)
class DigitalMemory:
    """`stored_bytes` at 8 bits a value; `bits_moved` to and from memory for one sample, beside the vectors."""

    stored_bytes: int
    bits_moved: Fraction


def digital_memory(algorithm: AlgorithmSpec, inputs: int, outputs: int, samples_per_update: int) -> DigitalMemory:
    """Of one layer with `inputs` x `outputs` weights. `samples_per_update`: those of one update of its stage.

    Vectors of 2 `inputs` values, of every sample of a mini-batch for mixed precision, and the numbers kept for each
    weight: O(2N), O(N² + 2N), O(3N² + 2N), O(N² + 2NB) of the same table and of arXiv 2510.02516, Tables 5 and 6.
    """
    weights, vectors = inputs * outputs, 2 * inputs
    every = samples_per_update * (algorithm.transfer_every if isinstance(algorithm, TransferSpec) else 1)
    if isinstance(algorithm, MixedPrecision):
        return DigitalMemory(weights + vectors * every, Fraction(MATRIX_BITS * weights, every))
    moved = Fraction(0)
    if isinstance(algorithm, BufferedSpec):
        lines = inputs if isinstance(algorithm.reads_per_transfer, str) else algorithm.reads_per_transfer
        moved = Fraction(_bits(algorithm) * inputs * lines, every)
    return DigitalMemory(weights * buffers_per_weight(algorithm) + vectors, moved)


def _bits(algorithm: BufferedSpec) -> int:
    if isinstance(algorithm, Agad):
        return AGAD_BITS
    return CHOPPED_BITS if isinstance(algorithm, ChoppedTikiTaka) else BUFFERED_BITS
