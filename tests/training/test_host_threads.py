"""The threads themselves: who computes, what becomes of errors, and how they end."""

from __future__ import annotations

import importlib
import pkgutil
import threading
from typing import Any

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

import aimcsim.crossbar
import aimcsim.network
from aimcsim.training.host_threads import HostThreads

PATIENCE = 30.0


def test_two_calls_are_under_way_at_the_same_time() -> None:
    host, meeting = HostThreads(2), threading.Barrier(2)
    one, other = (host.submit(lambda: (meeting.wait(PATIENCE), threading.get_ident())[1]) for _ in range(2))
    who = {host.complete(one), host.complete(other)}
    host.close()
    assert len(who) == 2


def test_who_waits_computes_what_nobody_has_begun() -> None:
    host, begun, gate = HostThreads(2), threading.Event(), threading.Event()
    held = host.submit(lambda: begun.set() or gate.wait(PATIENCE))
    assert begun.wait(PATIENCE)  # by the other thread, which it keeps busy
    calls = [host.submit(threading.get_ident) for _ in range(5)]
    last = host.submit(lambda: gate.set() or threading.get_ident())
    assert host.complete(last) == threading.get_ident()
    assert {host.complete(call) for call in calls} == {threading.get_ident()}
    assert host.complete(held)
    host.close()


def test_an_error_waits_for_the_one_who_asks() -> None:
    host = HostThreads(2)
    failing, sound = host.submit(lambda: [][0]), host.submit(lambda: 5)
    assert host.complete(sound) == 5
    with pytest.raises(IndexError):
        host.complete(failing)
    host.close()


def test_closing_drops_what_has_not_begun_and_waits_for_what_has() -> None:
    host, gate, seen = HostThreads(2), threading.Event(), []
    begun = threading.Event()

    def first() -> None:
        begun.set()
        assert gate.wait(PATIENCE)
        seen.append(1)

    host.submit(first)
    assert begun.wait(PATIENCE)
    host.submit(lambda: seen.append(2))
    threading.Timer(0.05, gate.set).start()
    host.close()
    assert seen == [1]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("aimcsim kernels")]


def test_threads_start_when_they_are_needed_and_see_the_error_state_of_who_needs_them() -> None:
    before = threading.active_count()
    host = HostThreads(3)
    assert threading.active_count() == before
    meeting = threading.Barrier(3)
    with np.errstate(over="ignore", invalid="raise"):
        seen = [host.submit(lambda: (meeting.wait(PATIENCE), np.geterr())[1]) for _ in range(3)]
        assert [host.complete(each)["invalid"] for each in seen] == ["raise"] * 3
    assert threading.active_count() == before + 2
    host.close()


def kernels() -> dict[str, Dispatcher]:
    """Every compiled function of the rooms that hold some, by name."""
    found: dict[str, Any] = {}
    for package in (aimcsim.crossbar, aimcsim.network):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            for name, value in vars(importlib.import_module(module.name)).items():
                if isinstance(value, Dispatcher):
                    found[f"{module.name}.{name}"] = value
    return found


def test_every_kernel_lets_other_threads_run() -> None:
    found = kernels()
    assert len(found) > 100
    assert [name for name, kernel in found.items() if not kernel.targetoptions.get("nogil")] == []
