"""The `training:`, `evaluation:` and `trace:` parts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict

from aimcsim.scenario.algorithm_spec import AlgorithmSpec as AlgorithmSpec
from aimcsim.scenario.algorithm_spec import AnalogSGD as AnalogSGD
from aimcsim.scenario.algorithm_spec import DigitalSGD as DigitalSGD
from aimcsim.scenario.base import (
    AsMapping,
    AsNumber,
    AsText,
    Count,
    NonNegativeInt,
    NonNegativeReal,
    PositiveReal,
    Spec,
    Text,
    one_of_forms,
)


class StepDecay(Spec):
    """Learning rate that is multiplied by `factor` every `every_epochs` epochs."""

    initial: NonNegativeReal
    factor: Annotated[PositiveReal, Field(le=1)]
    every_epochs: Count


class TrainingSpec(Spec):
    """What is trained, how long, how often it is looked at."""

    algorithm: AlgorithmSpec = AnalogSGD(name="analog-sgd")
    learning_rate: Annotated[
        Annotated[NonNegativeReal, AsNumber] | Annotated[StepDecay, AsMapping],
        one_of_forms("a number >= 0, or {initial, factor, every_epochs}"),
    ] = 0.1
    reduction: Literal["mean", "sum"] = Field(
        "mean",
        description="mean: over the mini-batch (serial, synchronous) or micro-batch (asynchronous); "
        "sum: the same step per sample everywhere",
    )
    epochs: Count | None = None
    samples: Count | None = Field(
        None, description="instead of epochs; rounded down to whole micro_batch × micro_batches"
    )
    evaluate_every: Count | None = Field(
        None, description="samples between evaluations, rounded up to whole mini-batches; default: an epoch"
    )
    target_accuracy: Annotated[float, Strict(), Field(gt=0, le=1)] | None = None
    initial_weights: Text | None = Field(
        None, description="a .npz file of weights to begin with, relative to the scenario file; default: random ones"
    )


class EvaluationSpec(Spec):
    """How a test accuracy is measured: an observer that costs no cycles."""

    io: Literal["training", "perfect"] = "training"


class TraceSpec(Spec):
    """What of the op log is kept, and whether a run without training may jump over what repeats itself."""

    ops: Annotated[
        Annotated[Literal["all", "none"], AsText] | Annotated[NonNegativeInt, AsNumber],
        one_of_forms("all, none, or a whole number of cycles", "all", "none"),
    ] = Field("all", description="all, none, or the first N cycles")
    fast_forward: Literal["auto", "always", "never"] = Field(
        "auto",
        description="runs without training: auto: jump over what repeats itself where the run is long (more than a "
        "million operations, or 10000 if not all are logged); always: however short; never: simulate everything",
    )
