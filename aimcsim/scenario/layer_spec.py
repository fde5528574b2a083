"""Layers of a network as a model file writes them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from aimcsim.scenario.base import (
    AsList,
    AsNumber,
    Count,
    Flag,
    Name,
    NonNegativeInt,
    NonNegativeReal,
    Real,
    Spec,
    one_of_forms,
)

#: Largest kernel, stride or padding: beyond it no image would be left.
LARGEST_STEP = 2**16

Bias = Literal["analog", "digital", "none"]
OneInput = Annotated[
    list[Name] | None, Field(max_length=1, description="name of the one layer it reads; default: the one before")
]
Step = Annotated[Count, Field(le=LARGEST_STEP)]
Border = Annotated[NonNegativeInt, Field(le=LARGEST_STEP)]
PAIR = "a whole number or [height, width]"
Steps = Annotated[
    Annotated[Step, AsNumber] | Annotated[list[Step], Field(min_length=2, max_length=2), AsList], one_of_forms(PAIR)
]
Borders = Annotated[
    Annotated[Border, AsNumber] | Annotated[list[Border], Field(min_length=2, max_length=2), AsList],
    one_of_forms(PAIR),
]


class LayerBase(Spec):
    """What every layer has."""

    name: Name


class WeightedSpec(LayerBase):
    """A layer with a matrix, on one crossbar array or several unless it is marked digital."""

    outputs: Annotated[Count, Field(le=2**20)]
    bias: Bias = Field(
        "digital",
        description="analog: one more array row fed with a constant 1; digital: float vector beside the array; none",
    )
    init_range: NonNegativeReal | None = Field(
        None, description="initial weights and bias are uniform in ±init_range; default 1/sqrt(inputs)"
    )
    init_value: Real | None = Field(None, description="all initial weights and biases, in place of random ones")
    digital: Flag = Field(False, description="float weights on no array: exact products, digital SGD, digital times")
    inputs: OneInput = None


class DenseSpec(WeightedSpec):
    """Fully connected layer, y = W x + b."""

    type: Literal["dense"]


class ConvolutionSpec(WeightedSpec):
    """Convolution of an image [channels, height, width]: one product y = W x + b for every output position."""

    type: Literal["conv2d"]
    kernel: Steps
    stride: Steps = 1
    padding: Borders = 0
    groups: Count = Field(1, description="parts that channels and outputs are divided into, each on arrays of its own")


class PoolSpec(LayerBase):
    """Largest value, or mean, of every window of an image."""

    type: Literal["max-pool", "average-pool"]
    kernel: Steps
    stride: Steps | None = Field(None, description="default: the kernel, so that windows do not overlap")
    padding: Borders = Field(0, description="zeros around the image, which a mean counts and a maximum does not")
    inputs: OneInput = None


class BatchNormSpec(LayerBase):
    """Every channel to mean 0 and variance 1 over the micro-batch, then a learned scale and shift."""

    type: Literal["batch-norm"]
    epsilon: Annotated[float, Field(gt=0, le=1, strict=True)] = Field(1e-5, description="added to the variance")
    momentum: Annotated[float, Field(gt=0, le=1, strict=True)] = Field(
        0.1, description="weight of a micro-batch in the running mean and variance that evaluations use"
    )
    inputs: OneInput = None


class LayerNormSpec(LayerBase):
    """Every sample to mean 0 and variance 1 over all its values, then a learned scale and shift for each value."""

    type: Literal["layer-norm"]
    epsilon: Annotated[float, Field(gt=0, le=1, strict=True)] = Field(1e-5, description="added to the variance")
    inputs: OneInput = None


class DropoutSpec(LayerBase):
    """Values set to 0 at random while training, the others divided by what is left; evaluations drop nothing."""

    type: Literal["dropout"]
    probability: Annotated[float, Field(ge=0, lt=1, strict=True)] = 0.5
    inputs: OneInput = None


class PlainSpec(LayerBase):
    """A digital layer without parameters: an element-wise function, a new shape, the mean of every channel."""

    type: Literal["sigmoid", "tanh", "relu", "flatten", "global-average-pool"]
    inputs: OneInput = None


class JoinSpec(LayerBase):
    """Two layers or more come together: element-wise sum, or one behind the other along the first dimension."""

    type: Literal["add", "concatenate"]
    inputs: list[Name] = Field(min_length=2, max_length=64)


LayerSpec = Annotated[
    DenseSpec | ConvolutionSpec | PoolSpec | BatchNormSpec | LayerNormSpec | DropoutSpec | PlainSpec | JoinSpec,
    Field(discriminator="type"),
]
