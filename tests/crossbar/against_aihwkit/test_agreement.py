"""Every device, pulse type and converter setting of both simulators, run by both, within their sampling errors."""

from __future__ import annotations

import os
import subprocess

import numpy as np
import pytest

from tests.crossbar.against_aihwkit.agreement import holm
from tests.crossbar.against_aihwkit.our_side import their_version
from tests.crossbar.against_aihwkit.tables import exact_difference, measure, reason_of

pytestmark = pytest.mark.long

#: A right program fails one of the six statistical tests with probability 6e-4 at most; aihwkit's noise has no seed.
FALSE_ALARM = 1e-4
TILES = 24


@pytest.fixture(scope="session")
def python() -> str:
    """The interpreter with aihwkit."""
    path = os.environ.get("AIHWKIT_PYTHON")
    if path is None:
        pytest.skip("AIHWKIT_PYTHON is not set: it must be the interpreter of an environment with aihwkit")
    try:
        their_version(path)
    except (OSError, subprocess.CalledProcessError) as problem:
        pytest.skip(f"aihwkit cannot be imported by {path}: {problem}")
    return path


@pytest.mark.parametrize("protocol", ["trajectories", "long trains", "updates", "pulses", "ageing", "noisy products"])
def test_both_simulators_agree_within_sampling_error(protocol: str, python: str) -> None:
    result = measure(protocol, TILES, python)
    assert [(each.subject, each.quantity, each.z) for each in holm(result.counted, FALSE_ALARM)] == []
    # Not by blunt errors alone: were they overestimated, the deviates would be too small.
    z = np.array([each.z for each in result.counted])
    assert 0.6 < np.sqrt((z**2).mean()) < 1.7


def test_updates_without_chance_are_the_same_numbers(python: str) -> None:
    result = measure("exact updates", 1, python)
    for subject, theirs in result.theirs.items():
        share, largest = exact_difference(result.ours["auto"][subject], theirs)
        # A count within rounding of a tie may go either way: a pulse of 0.001, of a largest weight of 0.58.
        assert share < 2e-3, subject
        assert largest < 4e-3, subject


def test_products_without_noise_are_the_same_numbers(python: str) -> None:
    result = measure("exact products", 1, python)
    apart = {
        subject: exact_difference(result.ours["auto"][subject], theirs)
        for subject, theirs in result.theirs.items()
        if reason_of(subject, "") is None
    }
    # A value within rounding of a tie may be converted either way: one output in a thousand, by no more than a step.
    assert {subject: found for subject, found in apart.items() if found[0] > 1e-3} == {}
