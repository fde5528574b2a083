"""What layers learn digitally beside their matrices: biases, scales and shifts of norms, running moments."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aimcsim.crossbar.kernel_cache import cached_by_source
from aimcsim.learning.versions import VersionedArray
from aimcsim.network.functions import step_bias
from aimcsim.network.layers import BatchNorm
from aimcsim.training.digital_norms import NormOfChannels, NormOfSamples
from aimcsim.training.micro_batch import MicroBatch
from aimcsim.training.program import LayerProgram, Program

with cached_by_source():
    from aimcsim.network.norm_kernels import step_learned
    from aimcsim.network.window_kernels import sums_of_channels

Floats = NDArray[np.float32]
Moments = NDArray[np.float64]


class LearnedVectors:
    """Vectors by layer number: `vectors` are a bias (outputs,), or scale and shift (2, n) of a norm; `running`
    (2, channels) the mean and (unbiased) variance of a batch norm.

    All of it changes at U, in the order of the micro-batches, and at no other time: so the running moments that an
    evaluation after n updates sees are those of the micro-batches that the n updates applied.
    """

    training = True

    def __init__(self, program: Program, vectors: dict[int, VersionedArray]) -> None:
        self.vectors = vectors
        self.running: dict[int, Moments] = {
            each.number: np.stack([np.zeros(each.layer.shape[0]), np.ones(each.layer.shape[0])])
            for each in program.layers
            if isinstance(each.layer, BatchNorm)
        }
        self._layers = program.layers
        self._of_chunk = [tuple(n for n in chunk if n in vectors) for chunk in program.chunks]

    def at(self, number: int, version: int) -> Floats | None:
        """Vectors of a layer after `version` updates, None where it has none."""
        found = self.vectors.get(number)
        return None if found is None else found.at(version)

    def moments(self, number: int) -> Moments | None:
        """A batch norm in training takes the moments of its micro-batch."""
        return None

    def step(self, virtual: int, batches: list[tuple[MicroBatch, float]]) -> None:
        """One update of a chunk by micro-batches in ascending order, each with its rate."""
        for number in self._of_chunk[virtual]:
            vector, program = self.vectors[number], self._layers[number]
            vector.before_update()
            for batch, rate in batches:
                self._step(program, vector.current, batch, rate)
            vector.commit()

    def _step(self, program: LayerProgram, values: Floats, batch: MicroBatch, rate: float) -> None:
        error, number = batch.error(program.number), program.number
        if program.unrolling is not None:
            sums = np.empty((1, len(values)), np.float32)
            sums_of_channels(error, sums[0])
            step_bias(values, sums, rate)
            return
        norm = program.digital
        if not isinstance(norm, NormOfChannels | NormOfSamples):
            step_bias(values, error, rate)
            return
        x, moments = batch.value(program.inputs[0]), batch.moments.get(number)
        step_learned(values, norm.gradients(x, error, moments), rate)
        if isinstance(norm, NormOfChannels) and moments is not None:
            count = x.size // len(moments[0])
            seen = moments * np.array([[1.0], [count / (count - 1)]])
            self.running[number] = (1.0 - norm.momentum) * self.running[number] + norm.momentum * seen

    def copy(self, number: int) -> tuple[Floats, Moments | None] | None:
        """What an evaluation needs of a layer, None where it has nothing."""
        found = self.vectors.get(number)
        return None if found is None else (found.current.copy(), self.running.get(number))

    def named(self, program: LayerProgram) -> dict[str, NDArray[Any]]:
        """What a layer has learned, by the names under which results keep it."""
        number, name = program.number, program.layer.name
        if number not in self.vectors:
            return {}
        values = self.vectors[number].current
        if program.weighted is not None:
            return {f"{name}.bias": values.copy()}
        found: dict[str, NDArray[Any]] = {f"{name}.scale": values[0].copy(), f"{name}.shift": values[1].copy()}
        if number in self.running:
            mean, variance = self.running[number].astype(np.float32)
            found |= {f"{name}.mean": mean, f"{name}.variance": variance}
        return found

    def state(self) -> dict[str, Any]:
        """All of it."""
        return {
            "vectors": {number: vector.state() for number, vector in self.vectors.items()},
            "running": self.running,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Put back what `state` gave."""
        for number, vector in self.vectors.items():
            vector.load_state(state["vectors"][number])
        self.running = state["running"]


class CopiedVectors:
    """The same from the copies of an evaluation, which stand under -1 - layer."""

    training = False

    def __init__(self, copies: dict[int, Any]) -> None:
        self._copies = copies

    def at(self, number: int, version: int) -> Floats | None:
        """Vectors of a layer."""
        found = self._copies.get(-1 - number)
        return None if found is None else found[0]

    def moments(self, number: int) -> Moments | None:
        """Running moments of a batch norm."""
        found = self._copies.get(-1 - number)
        return None if found is None else found[1]
