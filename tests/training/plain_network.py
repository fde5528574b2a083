"""A network in plain Python on the kernels of single arrays: the numbers of a run without its machine.

Everything that a micro-batch computes is asked for by name; who asks when is the caller's affair.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aimcsim.crossbar import make_tile
from aimcsim.crossbar.kernel_cache import cached_by_source
from aimcsim.data.load import load_dataset
from aimcsim.data.stream import SampleStream
from aimcsim.keys import key_pair
from aimcsim.network.functions import activate, slope
from aimcsim.network.graph import build_network
from aimcsim.network.layers import (
    Activation,
    Add,
    BatchNorm,
    Concatenate,
    Convolution,
    Dropout,
    Flatten,
    GlobalPool,
    LayerNorm,
    Pool,
    Weighted,
)
from aimcsim.network.losses import loss_of
from aimcsim.scenario.model_spec import NetworkSpec
from aimcsim.scenario.spec import Scenario
from aimcsim.scenario.training_spec import StepDecay
from aimcsim.training.initial import initial_weights
from tests.training import plain_images as images

with cached_by_source():
    from aimcsim.network import norm_kernels as norm

Floats = NDArray[np.float32]


class DigitalArray:
    """Float weights; `versions[n]` are those after n updates."""

    def __init__(self, weights: Floats) -> None:
        self.versions = [weights]
        self.gradient: Floats | None = None
        self._new = weights

    def forward(self, x: Floats, first: int, version: int) -> Floats:
        return x @ self.versions[version].T

    def backward(self, d: Floats, first: int, version: int) -> Floats:
        return d @ self.versions[version]

    def update(self, x: Floats, d: Floats, rate: float, first: int) -> int:
        self._new = self._new - np.float32(rate) * (d.T @ x)
        return 0

    def accumulate(self, x: Floats, d: Floats, rate: float) -> None:
        step = np.float32(rate) * (d.T @ x)
        self.gradient = step if self.gradient is None else self.gradient + step

    def step(self) -> None:
        assert self.gradient is not None
        self._new = self._new - self.gradient
        self.gradient = None

    def commit(self) -> None:
        self.versions.append(self._new)

    def snapshot(self) -> Floats:
        return self.versions[-1]

    def evaluate(self, snapshot: Floats, x: Floats, first: int, draw: int, perfect: bool) -> Floats:
        return x @ snapshot.T

    @property
    def weights(self) -> Floats:
        return self.versions[-1]


class AnalogArray:
    """A tile, of which there is one version only."""

    def __init__(self, tile: Any) -> None:
        self.tile = tile
        self.version = 0

    def forward(self, x: Floats, first: int, version: int) -> Floats:
        assert version == self.version
        return self.tile.forward(x, first_sample=first)

    def backward(self, d: Floats, first: int, version: int) -> Floats:
        assert version == self.version
        return self.tile.backward(d, first_sample=first)

    def update(self, x: Floats, d: Floats, rate: float, first: int) -> int:
        return self.tile.update(x, d, rate, first_sample=first)

    def commit(self) -> None:
        self.version += 1

    def snapshot(self) -> Floats:
        return self.tile.snapshot()

    def evaluate(self, snapshot: Floats, x: Floats, first: int, draw: int, perfect: bool) -> Floats:
        if perfect:
            return x @ (snapshot * np.float32(self.tile.scale)).T
        return self.tile.forward(x, first_sample=first, purpose="evaluation", draw=draw, conductances=snapshot)

    @property
    def weights(self) -> Floats:
        return self.tile.weights


def blocks(size: int, largest: int) -> list[slice]:
    """Fewest parts of at most `largest`, as equal as they can be."""
    count = -(-size // largest)
    return [slice(size * i // count, size * (i + 1) // count) for i in range(count)]


class PlainNetwork:
    """Arrays by (layer, row, column), biases, scales and shifts by layer, the samples; `averaged`: samples that a mean
    is over.
    """

    def __init__(self, scenario: Scenario, averaged: int = 1) -> None:
        assert isinstance(scenario.model, NetworkSpec)
        self.scenario = scenario
        self.network = build_network(scenario.model)
        self.data = load_dataset(scenario.data, scenario.seed)
        self.size = scenario.pipeline.micro_batch
        self.scale = 1.0 / averaged if scenario.training.reduction == "mean" else 1.0
        self.arrays: dict[tuple[str, int, int], Any] = {}
        self.rows: dict[str, list[slice]] = {}
        self.columns: dict[str, list[slice]] = {}
        self.groups: dict[str, list[int]] = {}
        self.biases: dict[str, DigitalArray] = {}
        self.running: dict[str, Any] = {}
        #: Of a norm: the layer with a matrix before it, whose operations say which version it reads, and when it steps.
        self.home: dict[str, str] = {}
        self._stream = SampleStream(len(self.data.train_x), scenario.seed)
        for name in self.network.order:
            layer = self.network.layers[name]
            if isinstance(layer, Weighted):
                self._build(layer)
            elif isinstance(layer, BatchNorm | LayerNorm):
                count = layer.shape[0] if isinstance(layer, BatchNorm) else layer.size
                self.biases[name] = DigitalArray(np.stack([np.ones(count), np.zeros(count)]).astype(np.float32))
                self.home[name] = self._home_of(name)
                if isinstance(layer, BatchNorm):
                    self.running[name] = np.stack([np.zeros(count), np.ones(count)])

    def _home_of(self, name: str) -> str:
        while name not in self.rows:
            name = self.network.layers[name].inputs[0]
        return name

    def _build(self, layer: Weighted) -> None:
        hardware, name = self.scenario.hardware, layer.name
        matrix, bias = initial_weights(layer, self.scenario.seed)
        if layer.bias == "analog":
            matrix = np.hstack([matrix, bias.reshape(-1, 1)])
        elif layer.bias == "digital":
            self.biases[name] = DigitalArray(bias)
        size = len(matrix) // layer.groups
        self.rows[name] = [slice(0, matrix.shape[1])] if layer.digital else blocks(matrix.shape[1], hardware.tile.rows)
        own = [slice(0, size)] if layer.digital else blocks(size, hardware.tile.columns)
        self.groups[name] = [group for group in range(layer.groups) for _ in own]
        self.columns[name] = [
            slice(group * size + part.start, group * size + part.stop) for group in range(layer.groups) for part in own
        ]
        for r, inputs in enumerate(self.rows[name]):
            for c, outputs in enumerate(self.columns[name]):
                part = np.ascontiguousarray(matrix[outputs, inputs])
                if layer.digital or self.scenario.training.algorithm.name == "digital-sgd":
                    self.arrays[name, r, c] = DigitalArray(part)
                    continue
                tile = make_tile(
                    *part.shape,
                    device=hardware.device,
                    io=hardware.io,
                    io_backward=hardware.io_backward,
                    pulses=hardware.pulses,
                    mapping=hardware.mapping,
                    seed=self.scenario.seed,
                    name=f"{name}.r{r}c{c}",
                    weights=part,
                )
                self.arrays[name, r, c] = AnalogArray(tile)

    @property
    def dense(self) -> list[str]:
        """Array layers in network order."""
        return [name for name in self.network.order if name in self.rows]

    def shards(self, name: str) -> list[tuple[int, int]]:
        """Places of a layer's arrays."""
        return [(r, c) for r in range(len(self.rows[name])) for c in range(len(self.columns[name]))]

    def micro_batch(self, number: int) -> Pass:
        """The samples of a micro-batch, nothing computed yet."""
        indices = self._stream.indices(number * self.size, self.size)
        x = self.data.train_x.reshape(len(self.data.train_x), -1)[indices]
        return Pass(self, number * self.size, x, self.data.train_y[indices])

    def rate(self, sample: int) -> float:
        """Learning rate of a sample by its number."""
        rate = self.scenario.training.learning_rate
        if isinstance(rate, StepDecay):
            epochs = sample // len(self.data.train_x)
            return rate.initial * rate.factor ** (epochs // rate.every_epochs)
        return rate

    def update_bias(self, name: str, passes: list[Pass]) -> None:
        """A digital bias, if there is one, follows the summed error of each micro-batch in turn; so do the scales and
        shifts of the norms behind this layer.
        """
        if name in self.biases:
            new = self.biases[name].versions[-1]
            for batch in passes:
                new = new - np.float32(self.rate(batch.first)) * batch.summed_error(name)
            self.biases[name].versions.append(new)
        for each in [each for each, home in self.home.items() if home == name]:
            new = self.biases[each].versions[-1]
            for batch in passes:
                gradient = batch.norm_gradient(each)
                new = (new.astype(float) - self.rate(batch.first) * gradient).astype(np.float32)
                self._move_running(each, batch)
            self.biases[each].versions.append(new)

    def _move_running(self, name: str, batch: Pass) -> None:
        layer = self.network.layers[name]
        if isinstance(layer, BatchNorm):
            count = batch.x.shape[0] * layer.size // layer.shape[0]
            mean, variance = batch.moments[name]
            seen = np.stack([mean, variance * (count / (count - 1))])
            self.running[name] = (1.0 - layer.momentum) * self.running[name] + layer.momentum * seen

    def vector_copies(self, name: str) -> dict[str, Any]:
        """What an evaluation needs of the bias of a layer and of the norms behind it."""
        names = [name, *(each for each, home in self.home.items() if home == name)]
        return {each: (self.biases[each].versions[-1], self.running.get(each)) for each in names if each in self.biases}

    def final_weights(self) -> dict[str, Floats]:
        """Matrices by layer and digital biases as `<layer>.bias`."""
        found: dict[str, Floats] = {}
        for name in self.dense:
            found[name] = np.block(
                [
                    [self.arrays[name, r, c].weights for r in range(len(self.rows[name]))]
                    for c in range(len(self.columns[name]))
                ]
            )
            if name in self.biases:
                found[f"{name}.bias"] = self.biases[name].versions[-1]
        for name in self.home:
            found[f"{name}.scale"], found[f"{name}.shift"] = self.biases[name].versions[-1]
        for name, moments in self.running.items():
            found[f"{name}.mean"], found[f"{name}.variance"] = moments.astype(np.float32)
        return found

    def test(
        self, copies: dict[tuple[str, int, int], Floats], biases: dict[str, Any], draw: int
    ) -> tuple[float, float]:
        """Loss and accuracy of the test set (at most 500 samples, which go through together) on copied arrays."""
        x = self.data.test_x.reshape(len(self.data.test_x), -1)
        batch = Pass(self, 0, x, self.data.test_y, biases)
        perfect = self.scenario.evaluation.io == "perfect"
        for name in self.dense:
            for r, c in self.shards(name):
                fed = batch.fed(name, r, c)
                batch.products[name, r, c] = self.arrays[name, r, c].evaluate(copies[name, r, c], fed, 0, draw, perfect)
            batch.bias_read[name] = biases[name][0] if name in biases else None
        result = loss_of(self.network.loss, batch.value(self.network.output), batch.targets)  # type: ignore[arg-type]
        assert result.correct is not None
        return float(result.losses.sum()) / len(x), result.correct / len(x)


class Pass:
    """One micro-batch on its way: what its arrays have given, and what digital layers make of it.

    In an evaluation norms take `copies`, a vector with its running moments by layer, and nothing is dropped.
    """

    def __init__(
        self, plain: PlainNetwork, first: int, x: Floats, targets: Any, copies: dict[str, Any] | None = None
    ) -> None:
        self.copies = copies
        self.moments: dict[str, Any] = {}
        self.version_forward: dict[str, int] = {}
        self.version_backward = -1
        self.plain, self.first, self.x, self.targets = plain, first, x, targets
        self.products: dict[tuple[str, int, int], Floats] = {}
        self.returned: dict[tuple[str, int, int], Floats] = {}
        self.bias_read: dict[str, Floats | None] = {}
        self._values: dict[str, Floats] = {"input": x}
        self._errors: dict[str, Floats] = {}

    # ------------------------------------------------------------------ operations of one array

    def forward(self, name: str, r: int, c: int, version: int) -> None:
        plain = self.plain
        self.version_forward[name] = version
        first = self.first * self.positions(name)
        self.products[name, r, c] = plain.arrays[name, r, c].forward(self.fed(name, r, c), first, version)
        self.bias_read[name] = plain.biases[name].versions[version] if name in plain.biases else None

    def backward(self, name: str, r: int, c: int, version: int) -> None:
        self.version_backward = version
        first = self.first * self.positions(name)
        self.returned[name, r, c] = self.plain.arrays[name, r, c].backward(self.given(name, c), first, version)

    def update(self, name: str, r: int, c: int) -> int:
        rate = self.plain.rate(self.first)
        first = self.first * self.positions(name)
        return self.plain.arrays[name, r, c].update(self.fed(name, r, c), self.given(name, c), rate, first)

    def positions(self, name: str) -> int:
        """Lines that a sample is to the arrays of a layer."""
        return self.plain.network.layers[name].positions

    def fed(self, name: str, r: int, c: int) -> Floats:
        """Input of the array in row r and column c of a layer."""
        layer = self.plain.network.layers[name]
        x = self.value(layer.inputs[0])
        if isinstance(layer, Convolution):
            x = images.patches(x, layer, self.plain.groups[name][c])
        if isinstance(layer, Weighted) and layer.bias == "analog":
            x = np.hstack([x, np.ones((len(x), 1), np.float32)])
        return np.ascontiguousarray(x[:, self.plain.rows[name][r]])

    def given(self, name: str, c: int) -> Floats:
        """Error at the outputs of the arrays in column c of a layer."""
        error, layer = self.error(name), self.plain.network.layers[name]
        if isinstance(layer, Convolution):
            error = images.positions_first(error, layer.positions)
        return np.ascontiguousarray(error[:, self.plain.columns[name][c]])

    def summed_error(self, name: str) -> Floats:
        """Of a bias: the sum over samples and positions."""
        error, layer = self.error(name), self.plain.network.layers[name]
        if not isinstance(layer, Convolution):
            return error.sum(axis=0)
        return images.channel_sums(images.positions_first(error, layer.positions))

    def norm_gradient(self, name: str) -> Any:
        """Of scale and shift."""
        layer = self.plain.network.layers[name]
        x, error = self.value(layer.inputs[0]), self.error(name)
        sums = np.empty(self.plain.biases[name].versions[-1].shape)
        if isinstance(layer, BatchNorm):
            norm.gradients_of_channels(x, self.moments[name], layer.epsilon, error, sums)
        else:
            assert isinstance(layer, LayerNorm)
            norm.gradients_of_samples(x, layer.epsilon, error, sums)
        return sums

    # ------------------------------------------------------------------ the digital side

    def value(self, name: str) -> Floats:
        """Output of a layer."""
        if name not in self._values:
            layer = self.plain.network.layers[name]
            if isinstance(layer, Weighted):
                y = _joined(self.products, name, range(len(self.plain.columns[name])), len(self.plain.rows[name]), True)
                bias = self.bias_read[name]
                y = y if bias is None else y + bias
                convolved = isinstance(layer, Convolution)
                self._values[name] = images.channels_first(y, layer.positions) if convolved else y
            elif isinstance(layer, Activation):
                self._values[name] = activate(layer.function, self.value(layer.inputs[0]))
            elif isinstance(layer, Add):
                total = self.value(layer.inputs[0])
                for source in layer.inputs[1:]:
                    total = total + self.value(source)
                self._values[name] = total
            else:
                self._values[name] = self._image_value(name, layer)
        return self._values[name]

    def _image_value(self, name: str, layer: Any) -> Floats:
        x = self.value(layer.inputs[0])
        match layer:
            case Pool():
                return images.pooled(x, layer)
            case GlobalPool():
                return images.channel_means(x, layer.size)
            case BatchNorm() | LayerNorm():
                return self._normalised(name, layer, x)
            case Dropout():
                return x if self.copies is not None else self._dropped(layer, x)
            case Flatten():
                return x
        return np.hstack([self.value(source) for source in layer.inputs])

    def _normalised(self, name: str, layer: Any, x: Floats) -> Floats:
        y = np.empty_like(x)
        if self.copies is not None:
            learned, moments = self.copies[name]
        else:
            version = self.version_forward[self.plain.home[name]]
            learned, moments = self.plain.biases[name].versions[version], np.empty((2, layer.shape[0]))
            if isinstance(layer, BatchNorm):
                norm.moments_of_channels(x, moments)
                self.moments[name] = moments
        if isinstance(layer, BatchNorm):
            norm.normalise_channels(x, moments, layer.epsilon, learned, y)
        else:
            norm.normalise_samples(x, layer.epsilon, learned, y)
        return y

    def _dropped(self, layer: Any, x: Floats) -> Floats:
        y = np.empty_like(x)
        norm.drop(x, layer.probability, *key_pair(self.plain.scenario.seed, layer.name, "dropout"), self.first, y)
        return y

    def loss(self) -> float:
        """Summed loss of the samples; their error at the output goes into the network."""
        plain = self.plain
        result = loss_of(plain.network.loss, self.value(plain.network.output), self.targets)  # type: ignore[arg-type]
        self._errors[plain.network.output] = result.error * np.float32(plain.scale)
        return float(result.losses.sum())

    def error(self, name: str) -> Floats:
        """Error at a layer's output: what all that read it send back, in network order."""
        if name not in self._errors:
            network = self.plain.network
            parts = [self._sent_back(n, name) for n in network.order if name in network.layers[n].inputs]
            total = parts[0]
            for part in parts[1:]:
                total = total + part
            self._errors[name] = total
        return self._errors[name]

    def _sent_back(self, name: str, to: str) -> Floats:
        layer = self.plain.network.layers[name]
        if isinstance(layer, Weighted):
            sent = []
            for group in range(layer.groups):
                columns = [c for c, of in enumerate(self.plain.groups[name]) if of == group]
                joined = _joined(self.returned, name, columns, len(self.plain.rows[name]), False)
                sent.append(joined[:, : layer.in_size])
            return images.folded(sent, layer) if isinstance(layer, Convolution) else sent[0]
        if isinstance(layer, Activation):
            return slope(layer.function, self.value(name)) * self.error(name)
        return self._image_sent_back(layer, to)

    def _image_sent_back(self, layer: Any, to: str) -> Floats:
        name, x, error = layer.name, self.value(layer.inputs[0]), self.error(layer.name)
        sent = np.empty_like(x)
        match layer:
            case Pool():
                return images.unpooled(x, error, layer)
            case GlobalPool():
                places = x.shape[1] // layer.size
                return np.repeat(error * (np.float32(1) / np.float32(places)), places, axis=1)
            case BatchNorm() | LayerNorm():
                learned = self.plain.biases[name].versions[self.version_backward]
                if isinstance(layer, BatchNorm):
                    sums, moments = self.norm_gradient(name), self.moments[name]
                    norm.send_back_channels(x, moments, layer.epsilon, learned, error, sums, sent)
                else:
                    norm.send_back_samples(x, layer.epsilon, learned, error, sent)
                return sent
            case Dropout():
                return self._dropped(layer, error)
            case Concatenate():
                at = layer.inputs.index(to)
                before = sum(layer.sizes[:at])
                return error[:, before : before + layer.sizes[at]]
        return error


def _joined(parts: dict[tuple[str, int, int], Floats], name: str, columns: Any, rows: int, forward: bool) -> Floats:
    """Forward sums over rows and sets columns side by side; backward the other way round."""
    outer, inner = (columns, range(rows)) if forward else (range(rows), columns)
    found = []
    for o in outer:
        places = [(name, i, o) if forward else (name, o, i) for i in inner]
        total = parts[places[0]]
        for place in places[1:]:
            total = total + parts[place]
        found.append(total)
    return np.hstack(found) if len(found) > 1 else found[0]


def plain_loop(scenario: Scenario, mini_batch: int) -> tuple[PlainNetwork, list[float]]:
    """Train without a machine, one mini-batch of `mini_batch` micro-batches after the other. Losses by micro-batch."""
    plain = PlainNetwork(scenario, mini_batch * scenario.pipeline.micro_batch)
    losses = []
    assert scenario.training.samples is not None
    for j in range(scenario.training.samples // (mini_batch * plain.size)):
        passes = [plain.micro_batch(k) for k in range(j * mini_batch, (j + 1) * mini_batch)]
        places = [(name, *shard) for name in plain.dense for shard in plain.shards(name)]
        version = j * mini_batch
        for batch in passes:
            for place in places:
                batch.forward(*place, version)
            losses.append(batch.loss())
            for place in reversed(places):
                batch.backward(*place, version)
        for batch in passes:
            for name in plain.dense:
                for shard in plain.shards(name):
                    batch.update(name, *shard)
                    plain.arrays[(name, *shard)].commit()
                plain.update_bias(name, [batch])
    return plain, losses
