"""aimcsim: discrete-event simulation of pipelined analog in-memory-computing training accelerators.

>>> import aimcsim
>>> scenario = aimcsim.load_scenario("quickstart")
>>> result = aimcsim.simulate(scenario)
>>> result.summary["makespan_cycles"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aimcsim.loading import load_scenario
    from aimcsim.simulation import simulate

__version__ = "0.1.0"
__all__ = ["__version__", "load_scenario", "simulate"]


def __getattr__(name: str) -> Any:
    # Imported when first used: `aimcsim --help` should not wait for a simulator it does not run.
    if name == "load_scenario":
        from aimcsim.loading import load_scenario

        return load_scenario
    if name == "simulate":
        from aimcsim.simulation import simulate

        return simulate
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
