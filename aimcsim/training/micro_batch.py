"""What one micro-batch has computed so far: values forward, errors backward. Pulled on demand, kept until used up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aimcsim.hardware.splitting import Shard
from aimcsim.learning.sums import added
from aimcsim.network.functions import NONE, activate_all, add_bias, finish_forward, send_back
from aimcsim.network.layers import Add, Concatenate
from aimcsim.training.digital_pass import Moments, Pass, Vectors
from aimcsim.training.program import DATA, LayerProgram, Program
from aimcsim.training.shard_products import combine
from aimcsim.training.unrolling import LatestLines

Floats = NDArray[np.float32]

#: Stands for the bias of a layer that has none.
NO_BIAS: Floats = np.empty(0, np.float32)
#: Stands for the value of a convolution that only its activation reads, made in one go.
NOT_KEPT: Floats = np.empty((0, 0), np.float32)


class MicroBatch:
    """Values and errors of one micro-batch by layer number; rows are its samples.

    A value is made when it is first asked for, from what its layer's operations have left in `products`; digital
    layers cost nothing to ask for. `input_errors[l]` is what layer l sends back to each layer it reads.
    """

    __slots__ = (
        "_fed",
        "chunks_left",
        "data",
        "errors",
        "first_sample",
        "input_errors",
        "lines",
        "moments",
        "products",
        "program",
        "returned",
        "targets",
        "values",
        "vectors",
        "versions",
    )

    def __init__(
        self, program: Program, first_sample: int, data: Floats, targets: NDArray[Any], vectors: Vectors
    ) -> None:
        count = len(program.layers)
        self.program = program
        self.chunks_left = len(program.chunks)
        self.first_sample = first_sample
        self.data = data
        self.vectors = vectors
        self.versions = [[0, 0] for _ in program.chunks]
        self.moments: dict[int, Moments] = {}
        self.targets = targets
        self.values: list[Floats | None] = [None] * count
        self.errors: list[Floats | None] = [None] * count
        self.input_errors: list[Floats | None] = [None] * count
        #: Products of the shards of a layer with a matrix, forward and backward, by layer number then shard.
        self.products: dict[int, list[Floats | None]] = {}
        self.returned: dict[int, list[Floats | None]] = {}
        self._fed: dict[tuple[int, int], Floats] = {}
        self.lines = LatestLines()

    # ------------------------------------------------------------------ forward

    def value(self, number: int) -> Floats:
        """Output of a layer, (batch, size). Digital layers are computed when first asked for."""
        if number == DATA:
            return self.data
        value = self.values[number]
        if value is None:
            for needed in self._missing(number, self.values, lambda program: program.inputs):
                self.values[needed] = self._digital_value(self.program.layers[needed])
            value = self.values[number]
            assert value is not None
        return value

    def _digital_value(self, program: LayerProgram) -> Floats:
        first, *others = (self.value(number) for number in program.inputs)
        if program.code != NONE:
            y = np.empty_like(first)
            activate_all(first, program.code, y)
            return y
        if program.digital is not None:
            made = program.digital.forward([first, *others], self._pass(program, backward=False))
            if made.moments is not None and self.vectors.training:
                self.moments[program.number] = made.moments
            return made.values
        assert isinstance(program.layer, Add), f"{program.layer.name} has not been computed"
        total = first + others[0]
        for other in others[1:]:
            total += other
        return total

    def _pass(self, program: LayerProgram, backward: bool) -> Pass:
        """What a digital layer is to know of this micro-batch."""
        number, vectors = program.number, self.vectors
        moments = self.moments.get(number) if backward else vectors.moments(number)
        learned = vectors.at(number, self.versions[program.chunk][backward])
        return Pass(self.first_sample, vectors.training, learned, moments)

    def _missing(
        self, number: int, known: list[Floats | None], needs: Callable[[LayerProgram], tuple[int, ...]]
    ) -> Iterator[int]:
        """The layers not yet `known` that `number` needs, in an order in which each finds what it needs; last itself.

        A loop and not a recursion: a network may have thousands of digital layers in a row.
        """
        pending = [number]
        while pending:
            missing = [n for n in needs(self.program.layers[pending[-1]]) if n != DATA and known[n] is None]
            if missing:
                pending += missing
            elif known[pending[-1]] is None:
                yield pending.pop()
            else:
                pending.pop()

    def add_product(
        self, program: LayerProgram, shard: int, product: Floats, bias: Floats | None, role: int | None = 0
    ) -> None:
        """One array of a layer has computed its part; the last one makes the layer's value, bias added."""
        products = self._gathered(self.products, program, shard, product, role)
        if products is not None:
            total = combine(program, products, by_row=True)
            if program.unrolling is not None:
                self._finish_lines(program, total, NO_BIAS if bias is None else bias)
                return
            self.values[program.number] = total
            if program.activation is not None:
                follower, code = program.activation
                self.values[follower] = y = np.empty_like(total)
                finish_forward(total, NO_BIAS if bias is None else bias, code, y)
            elif bias is not None:
                add_bias(total, bias)

    def _finish_lines(self, program: LayerProgram, lines: Floats, bias: Floats) -> None:
        """A convolution's products become its value, or straight away that of the activation that alone reads it."""
        assert program.unrolling is not None
        follower, code = program.activation or (program.number, NONE)
        self.values[program.number] = NOT_KEPT
        self.values[follower] = program.unrolling.finished(lines, bias, code)

    def _gathered(
        self,
        store: dict[int, list[Floats | None]],
        program: LayerProgram,
        shard: int,
        product: Floats,
        role: int | None,
    ) -> list[Floats] | None:
        """Products by shard as soon as all are there, what its arrays gave added up in the order of `program.parts`.

        Without a `role`, a product is that of all arrays of its shard.
        """
        count = len(program.parts) if role is not None else 1
        if len(program.shards) == 1 and count == 1:
            return [product]
        parts = store.setdefault(program.number, [None] * (len(program.shards) * count))
        parts[shard if role is None else shard * count + program.parts.index(role)] = product
        complete = [part for part in parts if part is not None]
        if len(complete) < len(parts):
            return None
        del store[program.number]
        return complete if count == 1 else [added(complete[s : s + count]) for s in range(0, len(complete), count)]

    def array_input(self, program: LayerProgram, index: int, shard: Shard) -> Floats:
        """What one tile is fed, contiguous: its rows of the flattened input, or of every patch, and of the constant 1
        behind it where the bias is analog.
        """
        if program.fed_as_is:
            return self.value(program.inputs[0])
        if program.unrolling is not None:
            return self.lines.patches(program.unrolling, program.number, self.value(program.inputs[0]), shard)
        fed = self._fed.get((program.number, index))
        if fed is None:
            x = self.value(program.inputs[0])
            if program.has_analog_bias:
                x = np.concatenate([x, np.ones((len(x), 1), np.float32)], axis=1)
            fed = x if len(program.shards) == 1 else np.ascontiguousarray(x[:, shard.inputs])
            self._fed[program.number, index] = fed
        return fed

    def array_error(self, program: LayerProgram, index: int, shard: Shard) -> Floats:
        """Error at the outputs that one tile holds, contiguous; a line for each position of a sample."""
        error = self.error(program.number)
        if program.unrolling is not None:
            error = self.lines.error(program.unrolling, program.number, error)
        return error if len(program.shards) == 1 else np.ascontiguousarray(error[:, shard.outputs])

    # ------------------------------------------------------------------ backward

    def error(self, number: int) -> Floats:
        """Error at a layer's output: the sum of what its consumers send back, in the order of their numbers."""
        error = self.errors[number]
        if error is None:
            consumers = self.program.layers[number].consumers
            if len(consumers) == 1 and self._is_at_hand(consumers[0]):
                self.errors[number] = error = self._sent_to(number, consumers[0])
                return error
            for needed in self._missing(number, self.errors, self._digital_consumers):
                parts = [self._sent_to(needed, consumer) for consumer in self.program.layers[needed].consumers]
                total = parts[0]
                for part in parts[1:]:
                    total = total + part
                self.errors[needed] = total
            error = self.errors[number]
            assert error is not None
        return error

    def _is_at_hand(self, number: int) -> bool:
        """Whether a layer has sent its error back, or is an activation whose own error is known: the usual case, which
        needs no search.
        """
        if self.input_errors[number] is not None:
            return True
        program = self.program.layers[number]
        if program.code == NONE:
            return False
        consumers = program.consumers
        known = len(consumers) == 1 and self.input_errors[consumers[0]] is not None
        return known or self.errors[number] is not None

    def _digital_consumers(self, program: LayerProgram) -> tuple[int, ...]:
        """Consumers whose own error decides what they send back; that of layers with a matrix has been computed."""
        layers = self.program.layers
        return tuple(n for n in program.consumers if layers[n].weighted is None and self.input_errors[n] is None)

    def _sent_to(self, number: int, consumer: int) -> Floats:
        """What `consumer` sends back to layer `number`: its own part where what it reads was concatenated."""
        sent, program = self.input_error(consumer), self.program.layers[consumer]
        if not isinstance(program.layer, Concatenate):
            return sent
        at = program.inputs.index(number)
        sizes = program.layer.sizes
        return np.ascontiguousarray(sent[:, sum(sizes[:at]) : sum(sizes[: at + 1])])

    def input_error(self, number: int) -> Floats:
        """What a layer sends back to each of its inputs."""
        sent = self.input_errors[number]
        if sent is None:
            program = self.program.layers[number]
            if program.code != NONE:
                y, error = self.value(number), self.error(number)
                sent = np.empty_like(y)
                send_back(y, error, program.code, sent)
            elif program.digital is not None:
                x, at = self.value(program.inputs[0]), self._pass(program, backward=True)
                sent = program.digital.backward(x, self.error(number), at)
            else:
                assert isinstance(program.layer, Add), f"the error of {program.layer.name} has not been computed"
                sent = self.error(number)
            self.input_errors[number] = sent
        return sent

    def add_returned(self, program: LayerProgram, shard: int, product: Floats, role: int = 0) -> None:
        """One array of a layer has computed its part backward; the last one makes what the layer sends back."""
        products = self._gathered(self.returned, program, shard, product, role)
        if products is not None:
            assert program.weighted is not None
            if program.unrolling is not None:
                self.input_errors[program.number] = program.unrolling.folded(program.shards, products)
                return
            sent = combine(program, products, by_row=False)
            # Nobody wants the error of the constant 1 that an analog bias is fed.
            self.input_errors[program.number] = np.ascontiguousarray(sent[:, : program.weighted.in_size])

    # ------------------------------------------------------------------ checkpoint

    def state(self) -> dict[str, Any]:
        """What has been computed so far; samples and what arrays are fed follow from it and the data."""
        return {
            "versions": self.versions,
            "moments": self.moments,
            "chunks_left": self.chunks_left,
            "values": self.values,
            "errors": self.errors,
            "input_errors": self.input_errors,
            "products": self.products,
            "returned": self.returned,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Put back what `state` gave."""
        self.chunks_left = state["chunks_left"]
        self.versions, self.moments = state["versions"], state["moments"]
        self.values, self.errors, self.input_errors = state["values"], state["errors"], state["input_errors"]
        self.products, self.returned = state["products"], state["returned"]
        self._fed.clear()
        self.lines.forget()
