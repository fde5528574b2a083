"""The `model:` part: a network of layers, or a bare chain of equal stages for schedule studies."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from aimcsim.scenario.base import Count, Name, Spec
from aimcsim.scenario.layer_spec import LayerSpec as LayerSpec

#: Most layers a model may have: beyond it the layer graph alone would be the run.
MOST_LAYERS = 4096


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
