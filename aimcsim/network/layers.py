"""The layers of a network once every name and shape is known: plain immutable records, no weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Literal

from aimcsim.network.windows import Shape as Shape
from aimcsim.network.windows import Window

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
        """Whether it has a matrix: on crossbar arrays, or beside them if marked digital."""
        return False

    @property
    def positions(self) -> int:
        """Matrix-vector products per sample; 0 for a layer without a matrix."""
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
class Weighted(ArrayNode):
    """A layer with a matrix W of shape (out_size, in_size), and a bias: y = W x + b at every position of a sample.

    `init_range` is resolved: initial weights and bias are uniform in ±init_range, or all
    `init_value` where given. A `digital` layer has float weights
    on no array. The outputs are divided into `groups`, one after the other, which read different x.
    """

    in_size: int
    out_size: int
    bias: Bias
    init_range: float
    init_value: float | None = None
    digital: bool = False
    groups: int = 1

    @property
    def lines(self) -> int:
        """Input lines of its matrix: those of W, and one for the bias where it is one more array row."""
        return self.in_size + (self.bias == "analog")

    @property
    def weights(self) -> int:
        """Cells of the matrix."""
        return self.out_size * self.lines


@dataclass(frozen=True, kw_only=True)
class Dense(Weighted):
    """One position; an input of several dimensions is flattened in C order."""

    shape: Shape = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", (self.out_size,))


@dataclass(frozen=True, kw_only=True)
class Convolution(Weighted):
    """A position for every place of the window on an image `read` (channels, height, width).

    x is the part of the image under the window, in_size = channels / groups x kernel, flattened in C order.
    """

    read: Shape
    window: Window

    @property
    def positions(self) -> int:
        """Matrix-vector products per sample."""
        return self.shape[1] * self.shape[2]


@dataclass(frozen=True, kw_only=True)
class Pool(Node):
    """Largest value or mean of every window on every channel of an image `read`."""

    read: Shape
    window: Window
    largest: bool


@dataclass(frozen=True, kw_only=True)
class GlobalPool(Node):
    """Mean of every channel: (channels, height, width) to (channels,)."""

    read: Shape


@dataclass(frozen=True, kw_only=True)
class BatchNorm(Node):
    """Channels (the first dimension) to mean 0 and variance 1 over the micro-batch; learned scale and shift."""

    epsilon: float
    momentum: float

    @property
    def positions_of_a_channel(self) -> int:
        """Values of one channel of a sample."""
        return self.size // self.shape[0]


@dataclass(frozen=True, kw_only=True)
class LayerNorm(Node):
    """A sample to mean 0 and variance 1 over all its values; learned scale and shift of each value."""

    epsilon: float


@dataclass(frozen=True, kw_only=True)
class Dropout(Node):
    """Values are dropped with a probability while training."""

    probability: float


@dataclass(frozen=True, kw_only=True)
class Flatten(Node):
    """The same values in one dimension."""


@dataclass(frozen=True, kw_only=True)
class Activation(Node):
    """Element-wise digital function."""

    function: Function


@dataclass(frozen=True, kw_only=True)
class Add(Node):
    """Element-wise sum of its inputs, which all have its shape."""


@dataclass(frozen=True, kw_only=True)
class Concatenate(Node):
    """Its inputs one behind the other along the first dimension; `sizes` of each, for one sample."""

    sizes: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Opaque(ArrayNode):
    """A stage of a `chain`: takes time on an array, computes nothing, passes one value on."""

    shape: Shape = (1,)


@dataclass(frozen=True, kw_only=True)
class Loss(Node):
    """Where the error is made; `kind` is None at the end of a chain. Its shape is that of the error it returns."""

    name: str = LOSS
    kind: LossKind | None


Layer = (
    Input
    | Dense
    | Convolution
    | Pool
    | GlobalPool
    | BatchNorm
    | LayerNorm
    | Dropout
    | Flatten
    | Activation
    | Add
    | Concatenate
    | Opaque
    | Loss
)
