"""The layers of a network once every name and shape is known: plain immutable records, no weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Literal

Shape = tuple[int, ...]
Bias = Literal["analog", "digital", "none"]
Function = Literal["sigmoid", "tanh", "relu"]
LossKind = Literal["cross-entropy", "squared"]

#: Names of the two ends of every network; no layer of a model may take them.
INPUT = "input"
LOSS = "loss"


@dataclass(frozen=True, kw_only=True)
class Node:
    """What all layers have: a name, the names of the layers it reads, in order, and the shape of its output
    for one sample.
    """

    name: str
    inputs: tuple[str, ...]
    shape: Shape

    @property
    def size(self) -> int:
        """Values in the output for one sample."""
        return prod(self.shape)

    @property
    def is_array(self) -> bool:
        """Whether its weights live on crossbar arrays."""
        return False

    @property
    def positions(self) -> int:
        """Matrix-vector products per sample; 0 for a digital layer."""
        return 0


@dataclass(frozen=True, kw_only=True)
class ArrayNode(Node):
    """A layer that lives on crossbar arrays; one matrix-vector product per sample unless it says otherwise."""

    @property
    def is_array(self) -> bool:
        """True."""
        return True

    @property
    def positions(self) -> int:
        """Matrix-vector products per sample."""
        return 1


@dataclass(frozen=True, kw_only=True)
class Input(Node):
    """Where the samples enter."""

    name: str = INPUT
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Dense(ArrayNode):
    """y = W x + b with W of shape (out_size, in_size); an input of several dimensions is flattened in C order.

    `init_range` is resolved: initial weights and bias are uniform in ±init_range, or all `init_value` where given.
    """

    shape: Shape = field(init=False)
    in_size: int
    out_size: int
    bias: Bias
    init_range: float
    init_value: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", (self.out_size,))

    @property
    def weights(self) -> int:
        """Cells on arrays: W, and the bias where it is one more array row."""
        return self.out_size * (self.in_size + (self.bias == "analog"))


@dataclass(frozen=True, kw_only=True)
class Activation(Node):
    """Element-wise digital function."""

    function: Function


@dataclass(frozen=True, kw_only=True)
class Add(Node):
    """Element-wise sum of its inputs, which all have its shape."""


@dataclass(frozen=True, kw_only=True)
class Opaque(ArrayNode):
    """A stage of a `chain`: takes time on an array, computes nothing, passes one value on."""

    shape: Shape = (1,)


@dataclass(frozen=True, kw_only=True)
class Loss(Node):
    """Where the error is made; `kind` is None at the end of a chain. Its shape is that of the error it returns."""

    name: str = LOSS
    kind: LossKind | None


Layer = Input | Dense | Activation | Add | Opaque | Loss
