"""The `data:` part: which samples, how many, and where their files are."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from aimcsim.scenario.base import Count, NonNegativeReal, PositiveReal, Spec, Text


class LeastSquaresSpec(Spec):
    """The papers' least-squares problem: targets = W* x + noise, all Gaussian (arXiv 2406.12774, 2502.06309)."""

    inputs: Annotated[Count, Field(le=2**16)] = 40
    outputs: Annotated[Count, Field(le=2**16)] = 1
    input_std: PositiveReal = 1.0
    weight_std: PositiveReal = 0.45
    noise_std: NonNegativeReal = Field(0.3, description="noise of the targets, the same at every visit of a sample")
    fresh_noise_std: NonNegativeReal = Field(
        0.0, description="noise of the training targets that is drawn anew at every visit: noise of the gradient alone"
    )


class DataSpec(Spec):
    """A data set and how many of its samples to use."""

    name: Literal["digits", "fashion-mnist", "mnist", "least-squares", "none"]
    root: Text | None = Field(
        None, description="folder of the IDX files; default: $AIMCSIM_DATA, then the system's data folders"
    )
    train: Count | None = Field(None, description="number of training samples; default: all")
    test: Count | None = Field(None, description="number of test samples; default: all")
    problem: LeastSquaresSpec | None = Field(None, description="least-squares only")
