"""The arrays and transfers that each learning algorithm asks of the hardware.

Imports no kernels: time needs this too.
"""

from __future__ import annotations

from aimcsim.errors import FieldError
from aimcsim.hardware.arrays import NO_WORK, ONE_ARRAY, PREPROCESSING, ArraysPlan, DigitalWork, Role, Transfer
from aimcsim.scenario.algorithm_spec import (
    Agad,
    AlgorithmSpec,
    AnalogSGD,
    AutoScaledSpec,
    BufferedSpec,
    DigitalSGD,
    ERider,
    MixedPrecision,
    MultiTileResidual,
    ResidualLearning,
    ResidualLearningV2,
    Rider,
    SeveralArraysSpec,
)
from aimcsim.scenario.device_spec import IdealDevice
from aimcsim.scenario.hardware_spec import HardwareSpec, PulseSpec
from aimcsim.scenario.pulse_spec import UNPULSED

W = 0
P = 1
#: Certain trains of one slot: a write of one pulse (aihwkit's transfer trains of the buffered algorithms).
SINGLE_PULSE = {"desired_bl": 1, "fixed_bl": True, "update_management": False, "update_bl_management": False}
ALGORITHM = ("training", "algorithm")
#: Digital work of a transferred line with a reference that follows what is read: 6N operations (AGAD, Rasch et al.,
#: Nat. Commun. 15:7133 (2024), Table 1).
REFERENCED = DigitalWork(per_input=6)
#: A product with a digital matrix: a product and a sum for every weight, the last sums being those with the array's.
DIGITAL_PRODUCT = DigitalWork(per_weight=2)


def arrays_plan(algorithm: AlgorithmSpec, hardware: HardwareSpec) -> ArraysPlan:
    """What `algorithm` keeps on arrays. Raises FieldError for parameters that do not go together."""
    if isinstance(algorithm, DigitalSGD | AnalogSGD):
        return ONE_ARRAY
    slots = nominal_slots(algorithm, hardware)
    lines = lines_of(algorithm)
    if isinstance(algorithm, MultiTileResidual):
        return _multi_tile(algorithm, lines, slots)
    if isinstance(algorithm, MixedPrecision):
        transfer = Transfer(None, W, algorithm.transfer_every, lines, slots)
        buffer = (Role("W"), Role("H", "buffer"))
        work = DigitalWork(per_input=1, per_weight=algorithm.operations_per_weight)
        return ArraysPlan(
            buffer, updated=(P,), transfers=(transfer,), accumulate=algorithm.accumulate, update_work=work
        )
    work = REFERENCED if isinstance(algorithm, Agad | Rider | ERider) else PREPROCESSING
    transfer = Transfer(P, W, algorithm.transfer_every, lines, slots, work)
    if isinstance(algorithm, ERider):
        return _with_reference(algorithm, transfer, slots)
    seen = isinstance(algorithm, ResidualLearning | ResidualLearningV2 | Rider) and algorithm.gamma > 0.0
    # What RIDER sees of P is P x - Q x, the second product digital.
    beside = DIGITAL_PRODUCT if isinstance(algorithm, Rider) and seen else NO_WORK
    roles = (Role("W"), Role("P", work=beside))
    return ArraysPlan(roles, (W, P) if seen else (W,), (P,), (transfer,))


def check_algorithm(algorithm: AlgorithmSpec, hardware: HardwareSpec) -> list[FieldError]:
    """What an algorithm with several arrays and its hardware cannot do together."""
    if not isinstance(algorithm, SeveralArraysSpec):
        return []
    errors, mapping = [], hardware.mapping
    buffered = isinstance(algorithm, BufferedSpec | MixedPrecision)
    if isinstance(algorithm, ResidualLearningV2) and algorithm.write == "filtered":
        buffered = False
    if buffered and mapping.weight_scaling_columnwise:
        what = f"gives every output line a granularity of its own, and {algorithm.name} has one threshold"
        errors.append(FieldError(("hardware", "mapping", "weight_scaling_columnwise"), what))
    if buffered and isinstance(hardware.device, IdealDevice) and getattr(algorithm, "threshold", None) is None:
        what = "needs a value, because hardware.device=ideal has no granularity"
        errors.append(FieldError((*ALGORITHM, "threshold"), what))
    if isinstance(algorithm, AutoScaledSpec) and algorithm.auto_scale:
        errors += _unfit_for_auto_scale(hardware)
    return errors


def _unfit_for_auto_scale(hardware: HardwareSpec) -> list[FieldError]:
    """Automatic rates aim at a train's length in pulses."""
    path, pulses = (*ALGORITHM, "auto_scale"), hardware.pulses
    if isinstance(hardware.device, IdealDevice) or pulses.pulse_type in UNPULSED:
        return [FieldError(path, "counts in pulses, and these devices are written without them")]
    if not (pulses.fixed_bl or pulses.update_bl_management):
        return [FieldError(path, "needs hardware.pulses.fixed_bl or update_bl_management: trains of bounded length")]
    return []


def buffers_per_weight(algorithm: AlgorithmSpec) -> int:
    """Numbers kept digitally for every weight."""
    if isinstance(algorithm, Agad):
        return 3
    return int(isinstance(algorithm, BufferedSpec | MixedPrecision | Rider | ERider))


def lines_of(algorithm: SeveralArraysSpec) -> int | None:
    """Input lines that a transfer takes, None for all."""
    return None if isinstance(algorithm.reads_per_transfer, str) else algorithm.reads_per_transfer


def transfer_pulses(algorithm: SeveralArraysSpec, hardware: HardwareSpec) -> PulseSpec:
    """Trains of the writes: as given; single pulses where a buffer decides about each; else those of gradients."""
    if algorithm.transfer_pulses is not None:
        return algorithm.transfer_pulses
    one_by_one = isinstance(algorithm, BufferedSpec)
    if one_by_one and not (isinstance(algorithm, ResidualLearningV2) and algorithm.write == "filtered"):
        return hardware.pulses.model_copy(update=SINGLE_PULSE)
    return hardware.pulses


def nominal_slots(algorithm: SeveralArraysSpec, hardware: HardwareSpec) -> int:
    """Slots of one line's write where nothing is counted."""
    pulses = transfer_pulses(algorithm, hardware)
    return 0 if isinstance(hardware.device, IdealDevice) else pulses.nominal_slots


def uses_pulses(algorithm: AlgorithmSpec, hardware: HardwareSpec) -> bool:
    """True where any array of the algorithm is written by pulse trains."""
    if isinstance(algorithm, DigitalSGD) or isinstance(hardware.device, IdealDevice):
        return False
    if isinstance(algorithm, AnalogSGD):
        return hardware.pulses.pulse_type not in UNPULSED
    return not {hardware.pulses.pulse_type, transfer_pulses(algorithm, hardware).pulse_type} <= set(UNPULSED)


def rates_upwards(algorithm: MultiTileResidual) -> tuple[list[int], list[float]]:
    """Updates between transfers and rate of each, from the gradient tile upwards. FieldError where a list is short."""
    count = algorithm.tiles - 1
    every, rate = algorithm.transfer_every, algorithm.transfer_rate
    for name, given in (("transfer_every", every), ("transfer_rate", rate)):
        if isinstance(given, list) and len(given) != count:
            raise FieldError((*ALGORITHM, name), f"needs {count} values, tiles={algorithm.tiles} - 1", len(given))
    return (
        every if isinstance(every, list) else [every * algorithm.transfer_every_growth**j for j in range(count)],
        rate if isinstance(rate, list) else [rate * algorithm.transfer_rate_growth**j for j in range(count)],
    )


def _multi_tile(algorithm: MultiTileResidual, lines: int | None, slots: int) -> ArraysPlan:
    """W0 … WN. The first N transfers go one tile up, in the order in which they follow each other: N → N-1 first.

    With a warm start N - 1 more go from the gradient tile straight to tiles 0 … N-2; which are due the loss decides.
    Transfers have no digital work (arXiv 2510.02516, Table 5: 2N operations a sample in all).
    """
    last = algorithm.tiles - 1
    every, _ = rates_upwards(algorithm)
    roles = tuple(Role(f"W{n}") for n in range(last + 1))
    cascade = tuple(Transfer(last - j, last - j - 1, every[j], lines, slots, NO_WORK) for j in range(last))
    warm = last > 1 and algorithm.warm_start
    straight = tuple(Transfer(last, n, every[0], lines, slots) for n in range(last - 1)) if warm else ()
    every_role = tuple(range(last + 1))
    return ArraysPlan(roles, every_role, (last,), cascade + straight, tuple(range(last)), chosen_by_numbers=warm)


def _with_reference(algorithm: ERider, transfer: Transfer, slots: int) -> ArraysPlan:
    """E-RIDER's third array is programmed anew when the sign changes: nominally once in 1/probability transfers."""
    roles = (Role("W"), Role("P"), Role("Q"))
    distance = round(1.0 / algorithm.chop_probability) if algorithm.chop_probability else 0
    programming = Transfer(None, 2, max(1, distance) * transfer.every, None, slots, PREPROCESSING)
    read = (W, P, 2) if algorithm.gamma > 0.0 else (W,)
    nominal = (0, 1) if distance else (0,)
    return ArraysPlan(roles, read, (P,), (transfer, programming), nominal, chosen_by_numbers=True)
