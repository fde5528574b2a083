"""What a kernel counts that must be known when its operation starts: for its length, or for the energy of the run."""

from __future__ import annotations

from aimcsim.assembly import Assembly
from aimcsim.pipeline.actions import BACKWARD, FORWARD, TRANSFER_READ, TRANSFER_WRITE, UPDATE
from aimcsim.scenario.algorithm_spec import DigitalSGD, SeveralArraysSpec
from aimcsim.scenario.io_spec import IOSpec


def counted_kinds(assembly: Assembly) -> frozenset[str]:
    """Kinds of operation whose counts decide how long they take, or are a part of the energy: pulse slots, and products
    that may be repeated. With any unit cost all of them count: what has no price of its own is listed without.
    """
    hardware, algorithm = assembly.scenario.hardware, assembly.scenario.training.algorithm
    priced = assembly.is_priced
    kinds: set[str] = {UPDATE, TRANSFER_WRITE} if priced or assembly.times.depends_on_data else set()
    if (priced or not assembly.times.per_action) and not isinstance(algorithm, DigitalSGD):
        of_transfers = algorithm.transfer_io if isinstance(algorithm, SeveralArraysSpec) else None
        converters = {FORWARD: hardware.io, BACKWARD: hardware.io_backward, TRANSFER_READ: of_transfers}
        kinds |= {kind for kind, io in converters.items() if io is not None and _may_repeat(io)}
    return frozenset(kinds)


def _may_repeat(io: IOSpec) -> bool:
    return not io.is_perfect and io.bound_management == "iterative"
