"""The `training.algorithm:` part: learning algorithms and their parameters."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from aimcsim.scenario.base import (
    AsList,
    AsNumber,
    AsText,
    Count,
    Flag,
    NonNegativeInt,
    NonNegativeReal,
    PositiveReal,
    Spec,
    one_of_forms,
)
from aimcsim.scenario.io_spec import IOSpec
from aimcsim.scenario.pulse_spec import PulseSpec

Lines = Annotated[
    Annotated[Literal["all"], AsText] | Annotated[Count, AsNumber],
    one_of_forms("all or a whole number of input lines", "all"),
]
Share = Annotated[NonNegativeReal, Field(le=1)]
PositiveShare = Annotated[PositiveReal, Field(le=1)]


class DigitalSGD(Spec):
    """Float weights, exact products: the digital reference."""

    name: Literal["digital-sgd"]


class AnalogSGD(Spec):
    """In-place pulsed updates of one array per layer."""

    name: Literal["analog-sgd"]


class SeveralArraysSpec(Spec):
    """What all algorithms share that keep more than one array."""

    gradient_rate: PositiveReal | None = Field(
        None, description="rate at which gradients are written; default: training.learning_rate and its schedule"
    )
    reads_per_transfer: Lines = Field(1, description="input lines that a transfer takes, in turn; all: the whole array")
    transfer_io: IOSpec | None = Field(
        None, description="converters of the reads; default: as hardware.io, without bound management"
    )
    transfer_pulses: PulseSpec | None = Field(None, description="trains of the writes; default: see algorithms.md")


class TransferSpec(SeveralArraysSpec):
    """Transfers at even distances."""

    transfer_every: Count = Field(
        1, description="updates of the stage (one a micro-batch) from one transfer to the next"
    )


class RatedTransferSpec(TransferSpec):
    """Transfers that have a rate."""

    transfer_rate: NonNegativeReal = Field(1.0, description="rate at which what was read is written")
    scale_transfer_rate: Flag = Field(True, description="transfer_rate is multiplied by training.learning_rate")


class TikiTaka(RatedTransferSpec):
    """Tiki-Taka v1: gradients go to P, whose read-outs go to W; the network sees W."""

    name: Literal["tiki-taka"]


class ResidualLearning(RatedTransferSpec):
    """Residual learning (v1): as Tiki-Taka, but the network sees W + gamma P."""

    name: Literal["residual-learning"]
    gamma: NonNegativeReal = Field(0.4, description="weight of the residual array in the products")


class BufferedSpec(RatedTransferSpec):
    """Read-outs of P are gathered in a digital buffer and written to W pulse by pulse."""

    threshold: PositiveReal | None = Field(
        None, description="content of the buffer that makes one pulse; default: the granularity of W"
    )


class AutoScaledSpec(BufferedSpec):
    """Both rates may follow the data, as Nat. Commun. 15:7133 (2024) has it in eqs. 14 and 15."""

    auto_scale: Flag = Field(
        False,
        description="rates follow the data; gradient_rate (then by default 1) and transfer_rate are factors of them",
    )
    auto_granularity: PositiveReal = Field(
        1000.0, description="with auto_scale: the larger, the more read-outs make one pulse on W (γ₀ of the paper)"
    )


class TikiTakaV2(AutoScaledSpec):
    """Tiki-Taka v2: a digital buffer between P and W that sends single pulses."""

    name: Literal["tiki-taka-v2"]
    momentum: Share = Field(
        0.0, description="part of a pulse that stays in the buffer, of all of it with forget_buffer"
    )
    forget_buffer: Flag = Field(False, description="a pulse empties the buffer but for the momentum, as in aihwkit")


class ResidualLearningV2(BufferedSpec):
    """Residual learning v2: a low-pass filtered buffer between P and W; the network sees W + gamma P."""

    name: Literal["residual-learning-v2"]
    gamma: NonNegativeReal = Field(0.4, description="weight of the residual array in the products")
    transfer_rate: PositiveShare = Field(0.1, description="rate of the filter, and of the filtered write")
    scale_transfer_rate: Flag = Field(False, description="transfer_rate is multiplied by training.learning_rate")
    write: Literal["pulses", "filtered"] = Field(
        "pulses",
        description="pulses: one where the buffer passes the threshold; filtered: transfer_rate times the buffer",
    )


class ChoppedTikiTaka(AutoScaledSpec):
    """c-TTv2: Tiki-Taka v2 whose inputs change sign now and then, so that offsets of P cancel."""

    name: Literal["c-tiki-taka-v2"]
    chop_probability: Share = Field(0.1, description="probability that a line changes its sign after a read")


class Agad(AutoScaledSpec):
    """AGAD: chopped, and what is read counts from a digital reference that follows P."""

    name: Literal["agad"]
    chop_probability: Share = Field(0.1, description="probability that a line changes its sign after a read")
    reference_rate: PositiveShare = Field(0.5, description="rate of the running mean of the reads")


class MultiTileResidual(SeveralArraysSpec):
    """Multi-tile residual learning: tiles of falling significance, the last of which learns the residual of all."""

    name: Literal["multi-tile-residual"]
    tiles: Annotated[Count, Field(le=32)] = Field(4, description="arrays a shard: N + 1; 1 is analog SGD")
    gamma: PositiveReal = Field(0.5, description="weight of a tile relative to the next more significant one")
    transfer_every: Annotated[
        Annotated[Count, AsNumber] | Annotated[list[Count], Field(min_length=1), AsList],
        one_of_forms("a whole number, or a list of one a transfer"),
    ] = Field(2, description="updates between transfers of the gradient tile, or a list from it upwards")
    transfer_every_growth: Count = Field(5, description="factor of transfer_every from one tile up to the next")
    transfer_rate: Annotated[
        Annotated[NonNegativeReal, AsNumber] | Annotated[list[NonNegativeReal], Field(min_length=1), AsList],
        one_of_forms("a number >= 0, or a list of one a transfer"),
    ] = Field(0.1, description="rate of transfers from the gradient tile, or a list from it upwards")
    transfer_rate_growth: PositiveReal = Field(1.2, description="factor of transfer_rate from one tile up to the next")
    scale_transfer_rate: Flag = Field(False, description="transfer_rate is multiplied by training.learning_rate")
    warm_start: Flag = Field(True, description="fill the tiles one after the other first, as the loss settles")
    plateau_every: Count | None = Field(
        None, description="samples whose mean loss is one entry of the plateau rule; default: an epoch"
    )


class MixedPrecision(TransferSpec):
    """Mixed precision: gradients gather in a digital matrix, whole pulses of it go to W."""

    name: Literal["mixed-precision"]
    reads_per_transfer: Lines = Field(
        "all", description="input lines that a transfer takes, in turn; all: the whole array"
    )
    threshold: PositiveReal | None = Field(
        None, description="content of the buffer that makes one pulse; default: the granularity of W"
    )
    accumulate: NonNegativeInt = Field(0, description="cycles of the digital rank-one update of one sample")
    operations_per_weight: Annotated[Count, Field(le=16)] = Field(
        2, description="digital operations of that update for one weight: a product and a sum; 1: fused"
    )


class Rider(RatedTransferSpec):
    """RIDER (reconstructed from the paper's prose): P's symmetric point is tracked digitally while it trains."""

    name: Literal["rider"]
    gamma: NonNegativeReal = Field(0.1, description="weight of P minus its reference in the products")
    reference_rate: PositiveShare = Field(
        0.1, description="rate of the running mean that estimates the symmetric point"
    )


class ERider(RatedTransferSpec):
    """E-RIDER (reconstructed from the paper's prose): chopped, with the reference on an array of its own."""

    name: Literal["e-rider"]
    gamma: NonNegativeReal = Field(0.1, description="weight of P minus its reference in the products")
    reference_rate: PositiveShare = Field(
        0.1, description="rate of the running mean that estimates the symmetric point"
    )
    chop_probability: Share = Field(0.05, description="probability that the sign changes after a transfer")


AlgorithmSpec = Annotated[
    DigitalSGD
    | AnalogSGD
    | TikiTaka
    | ResidualLearning
    | TikiTakaV2
    | ResidualLearningV2
    | ChoppedTikiTaka
    | Agad
    | MultiTileResidual
    | MixedPrecision
    | Rider
    | ERider,
    Field(discriminator="name"),
]
