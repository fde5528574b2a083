"""The `model:` part: a network of layers, or a bare chain of equal stages for schedule studies."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from aimcsim.scenario.base import Count, Name, NonNegativeReal, Real, Spec

#: Most layers a model may have: beyond it the layer graph alone would be the run.
MOST_LAYERS = 4096


class DenseSpec(Spec):
    """Fully connected layer, y = W x + b, on one crossbar array or several."""

    name: Name
    type: Literal["dense"]
    outputs: Annotated[Count, Field(le=2**20)]
    bias: Literal["analog", "digital", "none"] = Field(
        "digital",
        description="analog: one more array row fed with a constant 1; digital: float vector beside the array; none",
    )
    init_range: NonNegativeReal | None = Field(
        None, description="initial weights and bias are uniform in ±init_range; default 1/sqrt(inputs)"
    )
    init_value: Real | None = Field(None, description="all initial weights and biases, in place of random ones")
    inputs: list[Name] | None = Field(
        None, max_length=1, description="name of the one layer it reads; default: the one before"
    )


class ActivationSpec(Spec):
    """Element-wise digital function."""

    name: Name
    type: Literal["sigmoid", "tanh", "relu"]
    inputs: list[Name] | None = Field(
        None, max_length=1, description="name of the one layer it reads; default: the one before"
    )


class AddSpec(Spec):
    """Element-wise sum of two or more layers of one shape: where a skip connection ends."""

    name: Name
    type: Literal["add"]
    inputs: list[Name] = Field(min_length=2, max_length=64)


LayerSpec = Annotated[DenseSpec | ActivationSpec | AddSpec, Field(discriminator="type")]


class NetworkSpec(Spec):
    """Layers in the order of the file; a layer without `inputs` reads the one before it (the first reads `input`)."""

    name: Name = "network"
    input: list[Annotated[Count, Field(le=2**24)]] = Field(
        min_length=1, max_length=3, description="shape of one sample, for instance [784] or [1, 28, 28]"
    )
    layers: list[LayerSpec] = Field(min_length=1, max_length=MOST_LAYERS)
    loss: Literal["cross-entropy", "squared"] = Field(
        "cross-entropy",
        description="cross-entropy: softmax cross-entropy; squared: half the squared distance",
    )


class ChainSpec(Spec):
    """`chain: M` makes M equal stages that compute nothing: a schedule study."""

    chain: Annotated[Count, Field(le=1024)]


def _model_form(value: Any) -> str | None:
    if isinstance(value, Spec):
        return f"({type(value).__name__})"
    if not isinstance(value, dict):
        return None
    return "(ChainSpec)" if "chain" in value and "layers" not in value else "(NetworkSpec)"


ModelSpec = Annotated[
    Annotated[NetworkSpec, Tag("(NetworkSpec)")] | Annotated[ChainSpec, Tag("(ChainSpec)")],
    Discriminator(
        _model_form,
        custom_error_type="wrong_form",
        custom_error_message="must be the path of a model file, a network of layers, or `chain:`",
    ),
]
