"""Unit costs of a scenario: its own figures, or else those of its preset; each with where it is from."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from aimcsim.errors import FieldError
from aimcsim.hardware.presets import Figure
from aimcsim.hardware.timing import Times, exact, preset_of
from aimcsim.scenario.cost_spec import OF_THE_SCENARIO, AreaSpec, EnergySpec
from aimcsim.scenario.hardware_spec import HardwareSpec

ENERGY = tuple(key for key in EnergySpec.model_fields if key != "source")
AREA = ("cell_um2", "tile_mm2")


@dataclass(frozen=True)
class Price:
    """One unit cost, exact, in the unit that its key ends with (pj, mw, um2, mm2)."""

    value: Fraction
    source: str


def energy_prices(hardware: HardwareSpec, times: Times) -> dict[str, Price]:
    """Unit costs by the keys of `hardware.energy`; a key that nobody gives is absent.

    Raises FieldError for an idle power without a clock.
    """
    preset = preset_of(hardware)
    prices = _prices(hardware.energy, ENERGY, {} if preset is None else preset.energy)
    if "idle_mw" in prices and times.clock_ns is None:
        path = ("hardware", "energy", "idle_mw")
        raise FieldError(path, "needs a timing that says how long a cycle is (clock_ns)", hardware.energy.idle_mw)
    return prices


def area_prices(hardware: HardwareSpec) -> dict[str, Price]:
    """Areas by the keys of `hardware.area`; a key that nobody gives is absent."""
    preset = preset_of(hardware)
    return _prices(hardware.area, AREA, {} if preset is None else preset.area)


def _prices(given: EnergySpec | AreaSpec, keys: tuple[str, ...], of_preset: dict[str, Figure]) -> dict[str, Price]:
    prices = {}
    for key in keys:
        own: float | None = getattr(given, key)
        if own is not None:
            prices[key] = Price(exact(own), given.source or OF_THE_SCENARIO)
        elif key in of_preset:
            prices[key] = Price(Fraction(of_preset[key].value), of_preset[key].origin)
    return prices
