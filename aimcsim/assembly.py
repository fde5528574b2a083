"""From a typed scenario to everything a run needs, checked: network, floorplan, times, schedule, links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aimcsim.costs.prices import energy_prices
from aimcsim.data.fit import check_data_fits
from aimcsim.errors import FieldError, FieldErrors, collect
from aimcsim.hardware.digital import node_operations
from aimcsim.hardware.durations import Durations
from aimcsim.hardware.floorplan import Floorplan, LinkPlan
from aimcsim.hardware.link_times import latency_and_occupancy
from aimcsim.hardware.placing import place
from aimcsim.hardware.timing import Times, resolve_timing, without_pulses
from aimcsim.hardware.topology import placed_topology
from aimcsim.learning.plans import arrays_plan, check_algorithm, uses_pulses
from aimcsim.network.graph import Network, build_network, chain_network
from aimcsim.network.layers import BatchNorm
from aimcsim.network.shape_errors import text
from aimcsim.network.weight_files import check_weight_file, shapes_of_weights
from aimcsim.network.wiring import layer_path
from aimcsim.pipeline.link import LinkTimes
from aimcsim.pipeline.machine import MachinePlan
from aimcsim.pipeline.schedules.base import Schedule
from aimcsim.pipeline.schedules.registry import chunks_of, make_schedule
from aimcsim.scenario.algorithm_spec import SeveralArraysSpec
from aimcsim.scenario.device_spec import IdealDevice, SoftBoundsDevice
from aimcsim.scenario.hardware_spec import StageTiming
from aimcsim.scenario.model_spec import ChainSpec, NetworkSpec
from aimcsim.scenario.spec import Scenario
from aimcsim.scenario.training_spec import DigitalSGD

if TYPE_CHECKING:
    from aimcsim.hardware.topology import Topology


@dataclass(frozen=True)
class Assembly:
    """A scenario put together. `samples` is rounded down to whole mini-batches."""

    scenario: Scenario
    network: Network
    times: Times
    floorplan: Floorplan
    schedule: Schedule
    plan: MachinePlan
    samples: int

    @property
    def cycle_seconds(self) -> float | None:
        """Length of a cycle in seconds, None where the scenario gives none."""
        return None if self.times.clock_ns is None else float(self.times.clock_ns) * 1e-9

    @property
    def samples_averaged(self) -> int:
        """Samples over which an update's gradient is averaged: 1 for reduction sum, else mini-batch or micro-batch."""
        if self.scenario.training.reduction == "sum":
            return 1
        return self.schedule.mini_batch * self.scenario.pipeline.micro_batch

    @property
    def topology(self) -> Topology:
        """The placed topology: source, tiles, digital nodes, links and loss as a networkx DiGraph."""
        return placed_topology(self.network, self.floorplan)


def assemble(scenario: Scenario, training_samples: int | None = None) -> Assembly:
    """Put a scenario together. `training_samples`: size of the training set, which turns epochs into samples.

    Raises FieldErrors with all that its parts alone can not show.
    """
    errors: list[FieldError] = []
    network = collect(errors, lambda: _network(scenario))
    times = collect(errors, lambda: _times(scenario))
    samples = collect(errors, lambda: total_samples(scenario, training_samples))
    floorplan = collect(errors, lambda: _floorplan(scenario, network, times)) if network and times else None
    if network:
        errors += check_data_fits(scenario.data, network)
    if times:
        errors += _check_clock(scenario, times)
        collect(errors, lambda: energy_prices(scenario.hardware, times))
    if network:
        errors += _check_batch_norms(scenario, network)
        collect(errors, lambda: _check_initial_weights(scenario, network))
    errors += _check_float_updates(scenario)
    errors += check_algorithm(scenario.training.algorithm, scenario.hardware)
    schedule = collect(errors, lambda: _schedule(scenario, floorplan, samples or 0)) if floorplan else None
    if errors or network is None or times is None or samples is None or floorplan is None or schedule is None:
        raise FieldErrors(errors)
    durations = collect(errors, lambda: _durations(scenario, network, floorplan, times, schedule))
    if durations is None:
        raise FieldErrors(errors)
    links = collect(errors, lambda: tuple(_link_times(scenario, link, times) for link in floorplan.links))
    if links is None:
        raise FieldErrors(errors)
    plan = MachinePlan(floorplan, schedule, durations, links, times.loss)
    return Assembly(scenario, network, times, floorplan, schedule, plan, samples)


def _network(scenario: Scenario) -> Network:
    model = scenario.model
    return (
        chain_network(model.chain * chunks_of(scenario.pipeline))
        if isinstance(model, ChainSpec)
        else build_network(model)
    )


def _times(scenario: Scenario) -> Times:
    hardware = scenario.hardware
    times = resolve_timing(hardware, isinstance(scenario.model, ChainSpec))
    return times if uses_pulses(scenario.training.algorithm, hardware) else without_pulses(times)


def _check_float_updates(scenario: Scenario) -> list[FieldError]:
    """Float updates with the device's response are there for soft bounds (and the ideal device) alone."""
    device, pulse_type = scenario.hardware.device, scenario.hardware.pulses.pulse_type
    plain = isinstance(device, IdealDevice) or (isinstance(device, SoftBoundsDevice) and not device.needs_seconds)
    if pulse_type != "none-with-device" or plain:
        return []
    what = "none-with-device knows the ideal device and soft bounds that do not age"
    return [FieldError(("hardware", "pulses", "pulse_type"), what, device.name)]


def _check_batch_norms(scenario: Scenario, network: Network) -> list[FieldError]:
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


def _check_initial_weights(scenario: Scenario, network: Network) -> None:
    file = scenario.training.initial_weights
    if file is not None:
        check_weight_file(file, shapes_of_weights(network.layers.values()))


def _floorplan(scenario: Scenario, network: Network, times: Times) -> Floorplan:
    model, timing = scenario.model, scenario.hardware.timing
    stages = scenario.pipeline.stages
    if isinstance(model, ChainSpec) and stages == "auto":
        stages = model.chain
    plan = arrays_plan(scenario.training.algorithm, scenario.hardware)
    floorplan = place(
        network, scenario.hardware.tile, stages, times, chunks_of(scenario.pipeline), plan, scenario.hardware.placement
    )
    if isinstance(timing, StageTiming) and len(timing.stages) != floorplan.stages:
        what = f"needs one triple a stage, {floorplan.stages}"
        raise FieldError(("hardware", "timing", "stages"), what, len(timing.stages))
    return floorplan


def _schedule(scenario: Scenario, floorplan: Floorplan, samples: int) -> Schedule:
    algorithm = scenario.training.algorithm
    analog = not isinstance(algorithm, DigitalSGD) and (
        isinstance(scenario.model, NetworkSpec) or isinstance(algorithm, SeveralArraysSpec)
    )
    total = samples // scenario.pipeline.micro_batch
    return make_schedule(scenario.pipeline, floorplan.stages, total, analog)


def _durations(
    scenario: Scenario, network: Network, floorplan: Floorplan, times: Times, schedule: Schedule
) -> Durations:
    return Durations(
        floorplan,
        times,
        samples=scenario.pipeline.micro_batch,
        positions=[max(1, network.layers[unit.layer].positions) for unit in floorplan.units],
        nominal_slots=scenario.hardware.pulses.nominal_slots,
        gradient_apart=schedule.gradient_apart,
        nodes=node_operations(network, floorplan) if times.digital else (),
    )


def total_samples(scenario: Scenario, training_samples: int | None) -> int:
    """Samples of the run, rounded down to whole mini-batches for every schedule alike."""
    training, pipeline = scenario.training, scenario.pipeline
    if training.samples is not None:
        wanted, path = training.samples, "samples"
    else:
        assert training.epochs is not None
        wanted, path = training.epochs * (training_samples or 0), "epochs"
    mini_batch = pipeline.micro_batch * pipeline.micro_batches
    if wanted < mini_batch:
        raise FieldError(
            ("training", path),
            f"{wanted} samples are less than one mini-batch of "
            f"pipeline.micro_batch={pipeline.micro_batch} x pipeline.micro_batches={pipeline.micro_batches}",
        )
    return wanted // mini_batch * mini_batch


def _link_times(scenario: Scenario, link: LinkPlan, times: Times) -> LinkTimes:
    spec = scenario.hardware.link
    message = link.values * spec.value_bytes * scenario.pipeline.micro_batch
    return LinkTimes(*latency_and_occupancy(spec, message, times), spec.capacity)


def _check_clock(scenario: Scenario, times: Times) -> list[FieldError]:
    """Devices that change with simulated time need to know how long a cycle is."""
    device = scenario.hardware.device
    if times.clock_ns is not None or isinstance(device, IdealDevice) or not device.needs_seconds:
        return []
    what = f"needs clock_ns, because hardware.device={device.name} changes with simulated time"
    return [FieldError(("hardware", "timing"), what)]
