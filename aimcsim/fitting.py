"""Whether the parts of a scenario fit together, beyond what putting each of them together shows by itself."""

from __future__ import annotations

from aimcsim.errors import FieldError
from aimcsim.hardware.timing import Times
from aimcsim.network.graph import Network
from aimcsim.network.layers import BatchNorm
from aimcsim.network.shape_errors import text
from aimcsim.network.weight_files import check_weight_file, shapes_of_weights
from aimcsim.network.wiring import layer_path
from aimcsim.pipeline.actions import BACKWARD, FORWARD, UPDATE, WEIGHT_GRADIENT
from aimcsim.pipeline.machine import MachinePlan
from aimcsim.scenario.device_spec import IdealDevice, SoftBoundsDevice
from aimcsim.scenario.model_spec import NetworkSpec
from aimcsim.scenario.spec import Scenario
from aimcsim.scenario.training_spec import DigitalSGD

#: Longest run, in cycles: its clock is a whole number of 64 bits in the log.
MOST_CYCLES = 10**18


def check_float_updates(scenario: Scenario) -> list[FieldError]:
    """Float updates with the device's response are there for soft bounds (and the ideal device) alone."""
    device, pulse_type = scenario.hardware.device, scenario.hardware.pulses.pulse_type
    plain = isinstance(device, IdealDevice) or (isinstance(device, SoftBoundsDevice) and not device.needs_seconds)
    if pulse_type != "none-with-device" or plain:
        return []
    what = "none-with-device knows the ideal device and soft bounds that do not age"
    return [FieldError(("hardware", "pulses", "pulse_type"), what, device.name)]


def check_batch_norms(scenario: Scenario, network: Network) -> list[FieldError]:
    """The variance of a single value is nothing to divide by."""
    if scenario.pipeline.micro_batch > 1 or not isinstance(scenario.model, NetworkSpec):
        return []
    return [
        FieldError(
            layer_path(index),
            f"{spec.name} normalises {text(layer.shape)} over micro-batches of 1 sample: one value a channel; "
            "use a larger pipeline.micro_batch, or layer-norm",
        )
        for index, spec in enumerate(scenario.model.layers)
        if isinstance(layer := network.layers[spec.name], BatchNorm) and layer.positions_of_a_channel == 1
    ]


def check_initial_weights(scenario: Scenario, network: Network) -> None:
    """Raises FieldError where the file of initial weights is none of this network."""
    file = scenario.training.initial_weights
    if file is not None:
        check_weight_file(file, shapes_of_weights(network.layers.values()))


def check_clock(scenario: Scenario, times: Times) -> list[FieldError]:
    """Devices that change with simulated time need to know how long a cycle is."""
    device = scenario.hardware.device
    if times.clock_ns is not None or isinstance(device, IdealDevice) or not device.needs_seconds:
        return []
    what = f"needs clock_ns, because hardware.device={device.name} changes with simulated time"
    return [FieldError(("hardware", "timing"), what)]


def check_length(plan: MachinePlan, micro_batches: int) -> None:
    """Raises FieldError for a run that could take more than MOST_CYCLES, were nothing of it to overlap."""
    kinds = (FORWARD, BACKWARD, UPDATE, WEIGHT_GRADIENT)
    parts = {
        "timing": sum(sum(plan.times.table(kind)) for kind in kinds) + plan.loss_cycles,
        "link": sum(link.latency + link.occupancy for link in plan.links),
    }
    if sum(parts.values()) * micro_batches > MOST_CYCLES:
        longest = max(parts, key=lambda part: parts[part])
        what = f"with times so long {micro_batches} micro-batches could take more than 10^18 cycles"
        raise FieldError(("hardware", longest), what)


def trains(scenario: Scenario) -> bool:
    """True where a scenario has a network and data to train it on."""
    return isinstance(scenario.model, NetworkSpec) and scenario.data.name != "none"


def check_trainable(scenario: Scenario) -> list[FieldError]:
    """What can be timed, but not trained: arrays of a layer that would have to stay equal do not, pulses are random."""
    copied = any(copies > 1 for copies in scenario.hardware.placement.replicas.values())
    if not trains(scenario) or not copied or isinstance(scenario.training.algorithm, DigitalSGD):
        return []
    what = "copies on analog arrays drift apart and can not be trained: use digital-sgd, or time alone (--no-train)"
    return [FieldError(("hardware", "placement", "replicas"), what)]
