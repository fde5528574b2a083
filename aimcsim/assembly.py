"""From a typed scenario to everything a run needs, checked: network, floorplan, times, schedule, links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aimcsim.costs.prices import energy_prices
from aimcsim.data.fit import check_data_fits
from aimcsim.errors import FieldError, FieldErrors, collect
from aimcsim.fitting import check_batch_norms, check_clock, check_float_updates, check_initial_weights, check_length
from aimcsim.hardware.digital import node_operations
from aimcsim.hardware.durations import Durations
from aimcsim.hardware.floorplan import Floorplan, LinkPlan
from aimcsim.hardware.link_times import latency_and_occupancy
from aimcsim.hardware.placing import place
from aimcsim.hardware.timing import Times, resolve_timing, without_pulses
from aimcsim.hardware.topology import placed_topology
from aimcsim.learning.plans import arrays_plan, check_algorithm, uses_pulses
from aimcsim.network.graph import Network, build_network, chain_network
from aimcsim.pipeline.link import LinkTimes
from aimcsim.pipeline.machine import MachinePlan
from aimcsim.pipeline.schedules.base import Schedule
from aimcsim.pipeline.schedules.registry import chunks_of, make_schedule
from aimcsim.scenario.algorithm_spec import SeveralArraysSpec
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
    def is_priced(self) -> bool:
        """Whether anything that operations do has a unit cost of energy."""
        return bool(energy_prices(self.scenario.hardware, self.times))

    @property
    def warnings(self) -> list[FieldError]:
        """What a user should know before the run; nothing of it is wrong."""
        return self.schedule.warnings(self.scenario.hardware.link.capacity)

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
        errors += check_clock(scenario, times)
        collect(errors, lambda: energy_prices(scenario.hardware, times))
    if network:
        errors += check_batch_norms(scenario, network)
        collect(errors, lambda: check_initial_weights(scenario, network))
    errors += check_float_updates(scenario)
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
    collect(errors, lambda: check_length(plan, samples // scenario.pipeline.micro_batch))
    if errors:
        raise FieldErrors(errors)
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
