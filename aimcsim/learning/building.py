"""Build what a learning algorithm keeps for one shard: its arrays, with tiles of their own, and its buffers."""

from __future__ import annotations

import numpy as np

from aimcsim.crossbar.making import Tile, make_tile
from aimcsim.crossbar.tile import AnalogTile
from aimcsim.errors import FieldError
from aimcsim.hardware.arrays import ArraysPlan
from aimcsim.learning.agad import Agad
from aimcsim.learning.analog_sgd import AnalogSGD
from aimcsim.learning.automatic_rates import AutomaticRates, Proportions
from aimcsim.learning.base import Floats, ShardWeights, TransferChoice
from aimcsim.learning.buffered import Pulsing
from aimcsim.learning.chopped import ChoppedTikiTaka
from aimcsim.learning.digital_sgd import DigitalSGD
from aimcsim.learning.e_rider import ERider, SignFlips
from aimcsim.learning.learned_outputs import LearnedOutputs
from aimcsim.learning.mixed_precision import MixedPrecision
from aimcsim.learning.multi_tile import MultiTileResidual
from aimcsim.learning.plans import ALGORITHM, P, W, arrays_plan, lines_of, transfer_pulses
from aimcsim.learning.rates import Rates
from aimcsim.learning.residual import ResidualLearning
from aimcsim.learning.residual_v2 import ResidualLearningV2
from aimcsim.learning.rider import Rider
from aimcsim.learning.several_arrays import SeveralArrays
from aimcsim.learning.tiki_taka import TikiTaka
from aimcsim.learning.tiki_taka_v2 import TikiTakaV2
from aimcsim.learning.warm_start import WarmStart
from aimcsim.scenario import algorithm_spec as specs
from aimcsim.scenario.io_spec import IOSpec
from aimcsim.scenario.spec import Scenario


def shard_weights(part: Floats, name: str, scenario: Scenario, kept_versions: int) -> ShardWeights:
    """The arrays of the shard `name` (`<layer>.r0c0`) that begins with the weights `part` (outputs, inputs).

    The first role's array has the shard's name as its key and begins with the weights; the others' keys are
    `<shard>.<role>`, and they begin at 0. Raises FieldError where a rate or a parameter does not suit the devices.
    """
    algorithm = scenario.training.algorithm
    if isinstance(algorithm, specs.DigitalSGD):
        return DigitalSGD(part, kept_versions)
    if isinstance(algorithm, specs.AnalogSGD):
        return AnalogSGD(_tile(part, name, scenario, 0, True))
    plan = arrays_plan(algorithm, scenario.hardware)
    arrays = [
        AnalogSGD(
            _tile(
                part if number == 0 else np.zeros_like(part),
                f"{name}.{role.name}" if number else name,
                scenario,
                number,
                number in plan.updated,
            )
        )
        for number, role in enumerate(plan.roles)
        if role.kind == "tile"
    ]
    shard = _algorithm(algorithm, arrays, plan, scenario, name)
    mapping = scenario.hardware.mapping
    return LearnedOutputs(shard, mapping.out_scaling_columnwise) if mapping.learn_out_scaling else shard


def _algorithm(
    algorithm: specs.AlgorithmSpec, arrays: list[AnalogSGD], plan: ArraysPlan, scenario: Scenario, name: str
) -> SeveralArrays:
    if isinstance(algorithm, specs.MultiTileResidual):
        return MultiTileResidual(arrays, plan, algorithm)
    if isinstance(algorithm, specs.MixedPrecision):
        return MixedPrecision(arrays, plan, Rates(algorithm.gradient_rate, (), False), _pulsing(algorithm, arrays[W]))
    assert isinstance(algorithm, specs.RatedTransferSpec)
    rates, key = _rates(algorithm, arrays, scenario), (scenario.seed, name)
    if isinstance(algorithm, specs.BufferedSpec):
        pulsing = _pulsing(algorithm, arrays[W], transfer_pulses(algorithm, scenario.hardware).desired_bl)
        if isinstance(algorithm, specs.Agad):
            return Agad(arrays, plan, rates, pulsing, algorithm, key)
        if isinstance(algorithm, specs.ChoppedTikiTaka):
            return ChoppedTikiTaka(arrays, plan, rates, pulsing, algorithm.chop_probability, key)
        if isinstance(algorithm, specs.TikiTakaV2):
            return TikiTakaV2(arrays, plan, rates, pulsing, algorithm)
        assert isinstance(algorithm, specs.ResidualLearningV2)
        return ResidualLearningV2(arrays, plan, rates, pulsing, algorithm)
    if isinstance(algorithm, specs.Rider):
        return Rider(arrays, plan, rates, algorithm)
    if isinstance(algorithm, specs.ERider):
        return ERider(arrays, plan, rates, algorithm)
    if isinstance(algorithm, specs.ResidualLearning):
        return ResidualLearning(arrays, (1.0, algorithm.gamma), plan, rates)
    return TikiTaka(arrays, (1.0, 0.0), plan, rates)


def transfer_choice(scenario: Scenario, plan: ArraysPlan, epoch: int) -> TransferChoice | None:
    """Who says which transfers are due, None where the plan does. `epoch`: samples of the training set."""
    algorithm = scenario.training.algorithm
    if isinstance(algorithm, specs.ERider):
        return SignFlips(plan, algorithm.chop_probability, scenario.seed)
    if isinstance(algorithm, specs.MultiTileResidual) and plan.chosen_by_numbers:
        samples = algorithm.plateau_every or epoch
        return WarmStart(plan, max(1, samples // scenario.pipeline.micro_batch))
    return None


def _pulsing(
    algorithm: specs.BufferedSpec | specs.MixedPrecision, target: AnalogSGD, most: int | None = None
) -> Pulsing:
    """One pulse of the target's devices, or for ideal ones a step of the threshold's size."""
    granularity = target.tile.granularity
    threshold = algorithm.threshold or granularity or 1.0
    return Pulsing(threshold, granularity or threshold, most)


def _rates(algorithm: specs.RatedTransferSpec, arrays: list[AnalogSGD], scenario: Scenario) -> Rates:
    rates = Rates(algorithm.gradient_rate, (algorithm.transfer_rate,), algorithm.scale_transfer_rate)
    if not (isinstance(algorithm, specs.AutoScaledSpec) and algorithm.auto_scale):
        return rates
    written, target = arrays[P].tile, arrays[W].tile
    lines = lines_of(algorithm) or written.in_size
    between = algorithm.transfer_every * scenario.pipeline.micro_batch * written.in_size / lines
    content = _pulsing(algorithm, arrays[W]).threshold / target.granularity
    distance = between * content / algorithm.auto_granularity
    return AutomaticRates(rates, Proportions(scenario.hardware.pulses.desired_bl * written.granularity, distance))


def _tile(part: Floats, name: str, scenario: Scenario, role: int, learns: bool) -> Tile:
    """One tile. Arrays that only transfers write have the transfers' trains."""
    hardware, algorithm = scenario.hardware, scenario.training.algorithm
    io_transfer, pulses, mapping = None, hardware.pulses, hardware.mapping
    if isinstance(algorithm, specs.SeveralArraysSpec):
        io_transfer = algorithm.transfer_io or for_transfers(hardware.io)
        # The factors are the shard's, behind the sum of its arrays: `LearnedOutputs`.
        mapping = mapping.model_copy(update={"learn_out_scaling": False})
        pulses = pulses if learns else transfer_pulses(algorithm, hardware)
    tile = make_tile(
        *part.shape,
        device=hardware.device,
        io=hardware.io,
        io_backward=hardware.io_backward,
        io_transfer=io_transfer,
        pulses=pulses,
        mapping=mapping,
        seed=scenario.seed,
        name=name,
        weights=part,
    )
    if learns and isinstance(tile, AnalogTile):
        _check_rate(tile, scenario)
    return tile


def _check_rate(tile: AnalogTile, scenario: Scenario) -> None:
    """Rates only fall, so the first is the largest."""
    rate = scenario.training.learning_rate
    first = rate if isinstance(rate, float) else rate.initial
    path: tuple[str, ...] = ("training", "learning_rate")
    algorithm = scenario.training.algorithm
    if isinstance(algorithm, specs.AutoScaledSpec) and algorithm.auto_scale:
        return  # trains are managed, `check_algorithm` sees to it
    if isinstance(algorithm, specs.SeveralArraysSpec) and algorithm.gradient_rate is not None:
        first, path = algorithm.gradient_rate, (*ALGORITHM, "gradient_rate")
    try:
        tile.check_learning_rate(first)
    except ValueError as error:
        raise FieldError(path, str(error)) from error


def for_transfers(io: IOSpec) -> IOSpec:
    """Converters of a transfer's reads: those of the products, without management (as in aihwkit's `build_config`)."""
    return io.model_copy(update={"noise_management": "none", "bound_management": "none"})
