"""Kernels on host threads: the very bytes of a run on one thread, whatever is handed over, and nothing left behind."""

from __future__ import annotations

import functools
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimcsim.data import load
from aimcsim.learning.analog_sgd import AnalogSGD
from aimcsim.scenario.spec import Scenario
from aimcsim.simulation import RunView, simulate
from aimcsim.training import side_by_side
from aimcsim.training.counted import counted_kinds
from aimcsim.training.host_threads import SWITCH_INTERVAL
from aimcsim.training.session import open_session
from tests.checkpoint.runs import DIGITAL_ONLY, FAMILIES, Finished, beside, piece, small, whole
from tests.checkpoint.test_going_on import ALGORITHMS, DEVICES
from tests.training.scenarios import HARDWARE, digits

#: Read once, not once a run.
DIGITS = functools.cache(load.load_digits)

#: Times that no count decides: products are handed over too. With HARDWARE, slots and repetitions decide.
PER_ACTION = {**HARDWARE, "timing": {"forward": 2, "backward": 4, "update": 6, "per": "action"}}


@pytest.fixture(autouse=True)
def all_is_handed_over_and_nothing_left_behind(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """However short a kernel is, and each test ends with the threads and the switch interval it began with."""
    monkeypatch.setattr(side_by_side, "WORTH", 0.0)
    monkeypatch.setattr(load, "load_digits", DIGITS)
    before = set(threading.enumerate()), sys.getswitchinterval()
    yield
    assert (set(threading.enumerate()), sys.getswitchinterval()) == before


def left_by(run: Finished) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        return run.left(Path(folder) / "run")


def equal_on_threads(scenario: Scenario, *counts: int) -> None:
    expected = left_by(whole(scenario, threads=1))
    for threads in counts:
        assert left_by(whole(scenario, threads=threads)) == expected


# ------------------------------------------------------------------ the bits


@pytest.mark.parametrize("hardware", [HARDWARE, PER_ACTION], ids=["counted", "per action"])
@pytest.mark.parametrize("family", FAMILIES)
def test_each_schedule_gives_the_same_bytes_on_any_number_of_threads(family: str, hardware: dict[str, Any]) -> None:
    equal_on_threads(small(family, hardware=hardware), 2, 5)


@pytest.mark.parametrize("hardware", [HARDWARE, PER_ACTION], ids=["counted", "per action"])
@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda algorithm: algorithm["name"])
def test_each_learning_algorithm_gives_the_same_bytes(algorithm: dict[str, Any], hardware: dict[str, Any]) -> None:
    equal_on_threads(small("async", algorithm=algorithm, hardware=hardware), 3)


@pytest.mark.parametrize("kind", DEVICES)
def test_each_device_gives_the_same_bytes(kind: str) -> None:
    hardware = {**HARDWARE, "timing": {**HARDWARE["timing"], "clock_ns": 100}, **DEVICES[kind]}
    equal_on_threads(small("greedy", hardware=hardware, samples=16), 3)


OPTIONS: dict[str, dict[str, Any]] = {
    "products repeated": {"io": {"out_bound": 0.3, "bound_management": "iterative"}},
    "repeated backwards": {"io_backward": {"out_bound": 0.05, "bound_management": "iterative"}},
    "nothing repeated": {"io": {"bound_management": "none"}},
    "running average": {"io": {"noise_management": "average-abs-max", "bound_management": "none"}},
    "learned factors": {"mapping": {"weight_scaling_omega": 0.4, "learn_out_scaling": True}},
    "fixed trains": {"pulses": {"update_bl_management": False, "update_management": False, "fixed_bl": False}},
    "two phases": {"pulses": {"pulse_type": "stochastic", "desired_bl": 40, "update_bl_management": False}},
    "no pulses": {"pulses": {"pulse_type": "none"}},
}


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("hardware", [HARDWARE, PER_ACTION], ids=["counted", "per action"])
def test_durations_that_depend_on_the_data_are_the_same(option: str, hardware: dict[str, Any]) -> None:
    equal_on_threads(small("async", hardware={**hardware, **OPTIONS[option]}), 2)


@pytest.mark.parametrize("io", [{}, {"out_bound": 0.3, "bound_management": "iterative"}], ids=["slots", "products"])
def test_the_energy_is_the_same_where_what_it_counts_takes_no_time(io: dict[str, Any]) -> None:
    priced = {**PER_ACTION, "energy": {"forward_pj": 2, "pulse_pj": 1}, "io": {**HARDWARE.get("io", {}), **io}}
    scenario = small("async", hardware=priced)
    expected = simulate(scenario, threads=1).summary
    assert expected["energy_j"] > 0
    for threads in (2, 5):
        assert simulate(scenario, threads=threads).summary["energy"] == expected["energy"]


@st.composite
def cases(draw: st.DrawFn) -> tuple[Scenario, int, list[tuple[float, int]]]:
    """A scenario, a number of threads, and cuts: parts of the makespan, with the number of threads before each."""
    family = draw(st.sampled_from(sorted(FAMILIES)))
    hardware = draw(st.sampled_from([HARDWARE, PER_ACTION]))
    algorithm = {} if family in DIGITAL_ONLY else {"algorithm": draw(st.sampled_from(ALGORITHMS))}
    scenario = small(
        family, hardware=hardware, evaluate_every=draw(st.integers(1, 20)), seed=draw(st.integers(0, 9)), **algorithm
    )
    cuts = draw(st.lists(st.tuples(st.floats(0.01, 0.99), st.integers(1, 4)), min_size=1, max_size=4))
    return scenario, draw(st.integers(1, 4)), sorted(cuts)


def equal_in_pieces(scenario: Scenario, last: int, cuts: list[tuple[float, int]]) -> None:
    reference = whole(scenario, threads=1)
    makespan = reference.result.summary["makespan_cycles"]
    expected = left_by(reference)
    with tempfile.TemporaryDirectory() as name:
        checkpoints = Path(name) / "run.checkpoint"
        for part, threads in cuts:
            assert piece(scenario, checkpoints, max(1, int(part * makespan)), threads=threads) is None
        found = piece(scenario, checkpoints, None, threads=last)
        assert found is not None
        assert left_by(found) == expected


@settings(max_examples=12, deadline=None)
@given(cases())
def test_checkpoints_taken_while_kernels_run_go_on_with_another_number_of_threads(
    case: tuple[Scenario, int, list[tuple[float, int]]],
) -> None:
    equal_in_pieces(*case)


@pytest.mark.long
@settings(max_examples=400, deadline=None)
@given(cases())
def test_hundreds_of_runs_in_pieces_go_on_with_another_number_of_threads(
    case: tuple[Scenario, int, list[tuple[float, int]]],
) -> None:
    equal_in_pieces(*case)


# ------------------------------------------------------------------ runs that end early


def test_a_run_that_diverges_ends_with_the_same_bytes() -> None:
    model = {
        "input": [64],
        "layers": [{"name": "a", "type": "dense", "outputs": 9}, {"name": "r", "type": "relu"}]
        + [{"name": f"b{n}", "type": "dense", "outputs": 10} for n in range(3)],
    }
    hardware = {**PER_ACTION, "device": "ideal", "io": {"is_perfect": True}}
    scenario = small("async", model=model, hardware=hardware, samples=128, learning_rate=3.0)
    assert whole(scenario, threads=3).result.summary["status"] == "diverged"
    equal_on_threads(scenario, 2, 3)


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("call", ["forward", "update"])
def test_what_a_kernel_raises_comes_out_of_simulate(call: str, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: AnalogSGD, *arguments: Any) -> Any:
        raise OSError(f"no {call}")

    with pytest.raises(OSError, match=f"no {call}"):
        simulate(
            small("async", hardware=PER_ACTION),
            watch=lambda _: monkeypatch.setattr(AnalogSGD, call, broken),
            threads=threads,
        )


def test_an_interrupt_ends_the_run_while_kernels_are_handed_over() -> None:
    def interrupting(view: RunView) -> Iterator[Any]:
        yield view.machine.env.timeout(40)
        assert view.session is not None
        assert view.session.executor.side_by_side is not None
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(small("async", hardware=PER_ACTION), watch=lambda view: beside(view, interrupting), threads=3)


# ------------------------------------------------------------------ what is handed over


def test_stages_that_are_busy_in_the_same_cycles_have_their_kernels_under_way_together() -> None:
    most = 0

    def looking(view: RunView) -> Iterator[Any]:
        nonlocal most
        assert view.session is not None
        assert sys.getswitchinterval() == pytest.approx(SWITCH_INTERVAL)
        beside = view.session.executor.side_by_side
        assert beside is not None
        while True:
            yield view.machine.env.timeout(1)
            most = max(most, len({view.machine.units[unit].unit.stage for unit in beside._pending}))

    scenario = digits({"stages": 4, "micro_batch": 2, "schedule": "async"}, hardware=PER_ACTION)
    simulate(scenario, watch=lambda view: beside(view, looking), threads=2)
    assert most == 4


def test_short_kernels_are_computed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "WORTH", 1e9)
    monkeypatch.setattr(side_by_side.SideBySide, "begin", lambda *_: pytest.fail("handed over"))
    simulate(small("async"), threads=2)


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({}, {"F", "U", "T>"}),
        ({"io": {"bound_management": "none"}}, {"U", "T>"}),
        ({"io": {"is_perfect": True}, "io_backward": {"bound_management": "iterative"}}, {"B", "U", "T>"}),
        ({"timing": {"forward": 2, "backward": 3, "update": 1}}, {"F"}),
        ({"timing": PER_ACTION["timing"]}, set()),
    ],
)
def test_counts_decide_where_slots_take_time_and_products_can_be_repeated(
    changes: dict[str, Any], kinds: set[str]
) -> None:
    assert counted_kinds(open_session(small("async", hardware={**HARDWARE, **changes})).assembly) == kinds


def test_a_number_of_threads_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match=r"threads must be at least 1 \(got 0\)"):
        simulate(small("async"), threads=0)


def wide(width: int, layers: int) -> dict[str, Any]:
    """Dense layers, all of one width but for the inputs and outputs that the digits have."""
    sizes = [width] * (layers - 1) + [10]
    return {"input": [64], "layers": [{"name": f"l{n}", "type": "dense", "outputs": m} for n, m in enumerate(sizes)]}


@pytest.mark.parametrize(
    ("width", "layers", "micro_batch", "algorithm", "cores", "threads"),
    [
        (512, 5, 8, "analog-sgd", 8, 3),  # 512·512·8 is 2.1 million, and the first and the last layer are smaller
        (512, 5, 8, "analog-sgd", 2, 2),
        (512, 5, 8, "analog-sgd", 1, 1),
        (512, 5, 7, "analog-sgd", 8, 1),
        (512, 3, 8, "analog-sgd", 8, 1),  # one long update has nobody beside it
        (512, 5, 8, "digital-sgd", 8, 1),
    ],
)
def test_by_default_there_is_a_thread_for_each_long_update_and_none_where_there_is_but_one(
    width: int, layers: int, micro_batch: int, algorithm: str, cores: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(side_by_side, "cores", lambda: cores)
    pipeline = {"stages": layers, "micro_batch": micro_batch, "schedule": "async"}
    layout: dict[str, Any] = {"tile": {"rows": 1024, "columns": 1024}}
    scenario = digits(pipeline, model=wide(width, layers), hardware=layout, algorithm=algorithm)
    session = open_session(scenario)
    with session.on_host_threads(None):
        beside = session.executor.side_by_side
        assert (1 if beside is None else beside.threads.count) == threads
    assert session.executor.side_by_side is None
