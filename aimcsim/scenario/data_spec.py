"""The `data:` part: which samples, how many, and where their files are."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from aimcsim.scenario.base import (
    AsList,
    AsNumber,
    Count,
    Flag,
    NonNegativeInt,
    NonNegativeReal,
    PositiveReal,
    Real,
    Spec,
    Text,
    one_of_forms,
)


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


class AugmentationSpec(Spec):
    """Training images are changed at random at every visit."""

    crop: Annotated[NonNegativeInt, Field(le=64)] = Field(
        0, description="pixels of zeros padded on every side of an image, which is then cut back to its size anywhere"
    )
    flip: Flag = Field(False, description="every other image is mirrored, left to right")
    cutout: Annotated[NonNegativeInt, Field(le=1024)] = Field(
        0, description="side of a square of zeros at a random place; 0: none"
    )


PerChannel = Annotated[
    Annotated[Real, AsNumber] | Annotated[list[Real], Field(min_length=1, max_length=1024), AsList],
    one_of_forms("a number, or a list of one a channel"),
]
PositivePerChannel = Annotated[
    Annotated[PositiveReal, AsNumber] | Annotated[list[PositiveReal], Field(min_length=1, max_length=1024), AsList],
    one_of_forms("a number > 0, or a list of one a channel"),
]


class DataSpec(Spec):
    """A data set and how many of its samples to use."""

    name: Literal["digits", "fashion-mnist", "mnist", "cifar10", "cifar100", "least-squares", "none"]
    root: Text | None = Field(
        None, description="folder of the files; default: $AIMCSIM_DATA, then the system's data folders"
    )
    train: Count | None = Field(None, description="number of training samples; default: all")
    test: Count | None = Field(None, description="number of test samples; default: all")
    mean: PerChannel = Field(0.0, description="subtracted from pixels, which lie between 0 and 1")
    std: PositivePerChannel = Field(1.0, description="what pixels are then divided by")
    augmentation: AugmentationSpec | None = Field(None, description="random changes of training images; default: none")
    problem: LeastSquaresSpec | None = Field(None, description="least-squares only")
