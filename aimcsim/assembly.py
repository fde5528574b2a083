"""From a typed scenario to everything a run needs, checked: network, floorplan, times, schedule, links."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from aimcsim.errors import FieldError
from aimcsim.hardware.durations import Durations
from aimcsim.hardware.floorplan import Floorplan, LinkPlan
from aimcsim.hardware.placing import place
from aimcsim.hardware.timing import Times, exact, resolve_timing, whole_cycles
from aimcsim.network.graph import Network, build_network, chain_network
from aimcsim.pipeline.link import LinkTimes
from aimcsim.pipeline.machine import MachinePlan
from aimcsim.pipeline.schedules.base import Schedule
from aimcsim.pipeline.schedules.registry import chunks_of, make_schedule
from aimcsim.scenario.hardware_spec import StageTiming
from aimcsim.scenario.model_spec import ChainSpec
from aimcsim.scenario.spec import Scenario
from aimcsim.scenario.training_spec import AnalogSGD


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
    def is_chain(self) -> bool:
        """True for a schedule study without a network."""
        return isinstance(self.scenario.model, ChainSpec)


def assemble(scenario: Scenario, training_samples: int | None = None) -> Assembly:
    """Put a scenario together. `training_samples`: size of the training set, which turns epochs into samples.

    Raises FieldError or FieldErrors for what its parts alone can not show.
    """
    model, pipeline, hardware = scenario.model, scenario.pipeline, scenario.hardware
    chain = isinstance(model, ChainSpec)
    chunks = chunks_of(pipeline)
    network = chain_network(model.chain * chunks) if isinstance(model, ChainSpec) else build_network(model)
    times = resolve_timing(hardware, chain)
    if chain and pipeline.stages == "auto":
        assert isinstance(model, ChainSpec)
        scenario_for_placing = scenario.model_copy(update={"pipeline": pipeline.model_copy(update={"stages": model.chain})})
    else:
        scenario_for_placing = scenario
    floorplan = place(network, scenario_for_placing, times, chunks)
    if isinstance(hardware.timing, StageTiming) and len(hardware.timing.stages) != floorplan.stages:
        raise FieldError(
            ("hardware", "timing", "stages"), f"needs one triple a stage: {floorplan.stages}", len(hardware.timing.stages)
        )
    samples = total_samples(scenario, training_samples)
    analog = not chain and isinstance(scenario.training.algorithm, AnalogSGD)
    schedule = make_schedule(pipeline, floorplan.stages, samples // pipeline.micro_batch, analog)
    durations = Durations(
        floorplan,
        times,
        samples=pipeline.micro_batch,
        positions=[max(1, network.layers[unit.layer].positions) for unit in floorplan.units],
        nominal_slots=hardware.pulses.desired_bl,
        gradient_apart=schedule.gradient_apart,
    )
    links = tuple(_link_times(scenario, link) for link in floorplan.links)
    plan = MachinePlan(floorplan, schedule, durations, links, times.loss)
    return Assembly(scenario, network, times, floorplan, schedule, plan, samples)


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


def _link_times(scenario: Scenario, link: LinkPlan) -> LinkTimes:
    spec = scenario.hardware.link
    occupancy = 0
    if spec.bandwidth is not None:
        message = link.values * spec.value_bytes * scenario.pipeline.micro_batch
        occupancy = whole_cycles(Fraction(message) / exact(spec.bandwidth))
    return LinkTimes(spec.latency, occupancy, spec.capacity)
