"""The cost model of a scenario that has been put together."""

from __future__ import annotations

from collections.abc import Iterable

from aimcsim.assembly import Assembly
from aimcsim.costs.area import Area, area_of
from aimcsim.costs.energy import EnergyModel
from aimcsim.costs.prices import area_prices, energy_prices
from aimcsim.costs.work import Workload
from aimcsim.hardware.digital import node_operations
from aimcsim.hardware.timing import preset_of
from aimcsim.learning.plans import uses_pulses
from aimcsim.pipeline.actions import BACKWARD, FORWARD, UPDATE, WEIGHT_GRADIENT
from aimcsim.scenario.model_spec import ChainSpec


def energy_model(assembly: Assembly, trained: bool) -> EnergyModel:
    """`trained`: an executor counts the slots of every train; otherwise trains have their nominal length."""
    scenario, floorplan, schedule = assembly.scenario, assembly.floorplan, assembly.schedule
    hardware, micro_batch = scenario.hardware, scenario.pipeline.micro_batch
    pulsed = uses_pulses(scenario.training.algorithm, hardware)
    workload = Workload(
        floorplan,
        micro_batch,
        [max(1, assembly.network.layers[unit.layer].positions) for unit in floorplan.units],
        node_operations(assembly.network, floorplan),
        None if trained else hardware.pulses.nominal_slots * pulsed,
        WEIGHT_GRADIENT if schedule.gradient_apart else UPDATE,
        schedule.mini_batch if schedule.step == "mini-batch" and not schedule.gradient_apart else 1,
    )
    sent = {kind: [0] * len(floorplan.chunks) for kind in (FORWARD, BACKWARD)}
    for link in floorplan.links:
        sent[link.kind][link.source] += link.values * hardware.link.value_bytes * micro_batch
    return EnergyModel(workload, energy_prices(hardware, assembly.times), sent, assembly.times.clock_ns)


def area(assembly: Assembly) -> Area:
    """Area of all tiles."""
    scenario = assembly.scenario
    return area_of(
        assembly.floorplan,
        area_prices(scenario.hardware),
        scenario.hardware.area.devices_per_weight,
        not isinstance(scenario.model, ChainSpec),
    )


def cost_notes(assembly: Assembly, unpriced: Iterable[str]) -> list[str]:
    """What to know of the figures, in words. `unpriced`: counts without a unit cost in a run where others have one."""
    preset, tile, notes = preset_of(assembly.scenario.hardware), assembly.scenario.hardware.tile, []
    if preset is not None:
        figures = {**preset.figures, **preset.energy, **preset.area}
        if unverified := ", ".join(name for name, figure in figures.items() if not figure.verified):
            notes.append(f"hardware: {preset.name}'s figures are unverified: {unverified}")
    if names := ", ".join(unpriced):
        notes.append(f"energy: {names} have no unit cost of their own and are no part of energy_j")
    if preset is not None and preset.energy and preset.tile not in (None, (tile.rows, tile.columns)):
        assert preset.tile is not None
        sizes = f"{preset.tile[0]}x{preset.tile[1]}", f"{tile.rows}x{tile.columns}"
        notes.append(
            f"energy: {preset.name} gives figures of tiles of {sizes[0]}, hardware.tile allows {sizes[1]}; they are "
            "not scaled"
        )
    return notes
