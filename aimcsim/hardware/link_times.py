"""Cycles of a link from what a scenario says of it, in cycles or in nanoseconds."""

from __future__ import annotations

from fractions import Fraction

from aimcsim.errors import FieldError
from aimcsim.hardware.timing import Times, exact, whole_cycles
from aimcsim.scenario.hardware_spec import LinkSpec

PATH = ("hardware", "link")


def latency_and_occupancy(spec: LinkSpec, message: int, times: Times) -> tuple[int, int]:
    """Cycles of the latency, and those for which a message of `message` bytes occupies the transmitter.

    Raises FieldError for nanoseconds without a clock, or beside cycles.
    """
    latency, bandwidth = spec.latency, None if spec.bandwidth is None else exact(spec.bandwidth)
    if spec.latency_ns is not None:
        _refuse_both("latency_ns", "latency", spec.latency != 0)
        latency = whole_cycles(exact(spec.latency_ns) / _clock("latency_ns", times))
    if spec.bytes_per_ns is not None:
        _refuse_both("bytes_per_ns", "bandwidth", spec.bandwidth is not None)
        bandwidth = exact(spec.bytes_per_ns) * _clock("bytes_per_ns", times)
    return latency, 0 if bandwidth is None else whole_cycles(Fraction(message) / bandwidth)


def _refuse_both(key: str, other: str, given: bool) -> None:
    if given:
        raise FieldError((*PATH, key), f"stands in place of {other}: give one or the other")


def _clock(key: str, times: Times) -> Fraction:
    if times.clock_ns is None:
        raise FieldError((*PATH, key), "needs a timing that says how long a cycle is (clock_ns)")
    return times.clock_ns
