"""A run that is stopped at any cycle and gone on with from its file ends with the very bytes of one that was not."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimcsim.data import load
from aimcsim.scenario.spec import Scenario
from aimcsim.trace import oplog
from tests.checkpoint.runs import DIGITAL_ONLY, FAMILIES, in_pieces, small, whole
from tests.pipeline.machines import chain
from tests.training.image_scenarios import IMAGES, SMALL_TILES
from tests.training.scenarios import HARDWARE

#: Read once, not once a piece.
DIGITS = functools.cache(load.load_digits)

DEVICE: dict[str, Any] = {"name": "soft-bounds", "dw_min": 0.01, "dw_min_dtod": 0.3, "dw_min_std": 0.3}
SECONDS: dict[str, Any] = {"time_convention": "simulated"}

DEVICES: dict[str, dict[str, Any]] = {
    "default": {},
    "soft bounds": {"device": DEVICE},
    "leak and walk": {"device": {**DEVICE, **SECONDS, "leak_lifetime_s": 1e-3, "diffusion_per_root_s": 0.1}},
    "drift": {"device": {**DEVICE, **SECONDS, "drift_nu": 0.05, "drift_t0_s": 1e-6}},
    "ages by update": {"device": {**DEVICE, "time_convention": "per-mini-batch", "lifetime": 50.0, "diffusion": 0.01}},
    "hidden state": {"device": {**DEVICE, "write_noise_std": 0.5}},
    "linear": {"device": {"name": "linear-step", "dw_min": 0.01, "dw_min_std": 0.3, "write_noise_std": 0.5}},
    "ideal": {"device": "ideal", "io": {"is_perfect": True}},
}
AVERAGES: dict[str, dict[str, Any]] = {
    "absmax": {},
    "running average": {"io": {"noise_management": "average-abs-max"}},
    "learned factors": {"mapping": {"weight_scaling_omega": 0.4, "learn_out_scaling": True}},
}
LINKS: dict[str, dict[str, Any]] = {
    "instant": {},
    "slow": {"latency": 3, "bandwidth": 2.0},
    "narrow": {"latency": 1, "bandwidth": 6.0, "capacity": 8},
}


def equal_in_pieces(scenario: Scenario, cuts: list[float], rows: int = 40, **options: Any) -> None:
    """`cuts` are parts of the makespan. `rows`: a row group of the op log, so that several are written."""
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(oplog, "ROW_GROUP", rows)
        patch.setattr(load, "load_digits", DIGITS)
        folder = Path(name)
        reference = whole(scenario, **options)
        cycles = sorted({max(1, round(cut * reference.result.summary["makespan_cycles"])) for cut in cuts})
        expected = reference.left(folder / "whole")
        found = in_pieces(scenario, folder / "pieces.checkpoint", cycles, **options).left(folder / "pieces")
        assert found == expected
        assert not (folder / "pieces.checkpoint").exists()


@pytest.mark.parametrize("family", FAMILIES)
def test_each_schedule_goes_on_from_six_files_one_after_another(family: str) -> None:
    equal_in_pieces(small(family), [n / 6 for n in range(6)])


@pytest.mark.long
@pytest.mark.parametrize("family", FAMILIES)
def test_each_schedule_goes_on_from_hundreds_of_files_one_after_another(family: str) -> None:
    equal_in_pieces(small(family), [n / 300 for n in range(300)])


@pytest.mark.parametrize("kind", DEVICES)
def test_each_device_goes_on_with_its_hidden_state(kind: str) -> None:
    hardware = {**HARDWARE, "timing": {**HARDWARE["timing"], "clock_ns": 100}, **DEVICES[kind]}
    equal_in_pieces(small("async", hardware=hardware, samples=16), [0.2, 0.5, 0.8])


ALGORITHMS: list[dict[str, Any]] = [
    {"name": "tiki-taka", "transfer_every": 3},
    {"name": "residual-learning"},
    {"name": "tiki-taka-v2"},
    {"name": "residual-learning-v2"},
    {"name": "c-tiki-taka-v2"},
    {"name": "agad"},
    {"name": "multi-tile-residual", "tiles": 3},
    {"name": "mixed-precision"},
    {"name": "rider"},
    {"name": "e-rider"},
]


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda algorithm: algorithm["name"])
@pytest.mark.parametrize("family", ["async", "one-f-one-b"])
def test_each_learning_algorithm_goes_on_with_all_its_arrays(algorithm: dict[str, Any], family: str) -> None:
    equal_in_pieces(small(family, algorithm=algorithm), [0.15, 0.5, 0.85])


@pytest.mark.parametrize("family", ["async", "one-f-one-b", "stash"])
def test_norms_dropout_and_convolutions_go_on_with_all_that_they_keep(family: str) -> None:
    equal_in_pieces(small(family, model=IMAGES, hardware=SMALL_TILES, samples=16), [0.2, 0.5, 0.55, 0.8])


@st.composite
def cases(draw: st.DrawFn) -> tuple[Scenario, list[float]]:
    family = draw(st.sampled_from(sorted(FAMILIES)))
    kind = "ideal" if family in DIGITAL_ONLY else draw(st.sampled_from(sorted(DEVICES)))
    hardware = {
        **HARDWARE,
        "timing": {**HARDWARE["timing"], "clock_ns": 100},
        "link": LINKS[draw(st.sampled_from(sorted(LINKS)))],
        **AVERAGES[draw(st.sampled_from(sorted(AVERAGES)))],
        **DEVICES[kind],
    }
    scenario = small(
        family,
        hardware=hardware,
        samples=16 * draw(st.integers(1, 3)),
        evaluate_every=draw(st.integers(1, 20)),
        seed=draw(st.integers(0, 9)),
    )
    return scenario, draw(st.lists(st.floats(0.0, 0.999), min_size=1, max_size=4))


@settings(max_examples=12, deadline=None)
@given(cases())
def test_any_run_cut_anywhere_goes_on_to_the_same_bytes(case: tuple[Scenario, list[float]]) -> None:
    equal_in_pieces(*case)


@pytest.mark.long
@settings(max_examples=500, deadline=None)
@given(cases())
def test_hundreds_of_runs_cut_anywhere_go_on_to_the_same_bytes(case: tuple[Scenario, list[float]]) -> None:
    equal_in_pieces(*case)


@pytest.mark.parametrize("link", [{}, {"latency": 1, "bandwidth": 0.5, "capacity": 2}])
@pytest.mark.parametrize("schedule", ["serial", "interleaved", "async", "async-greedy", "zero-bubble-h1"])
def test_runs_of_time_alone_go_on_too(schedule: str, link: dict[str, Any]) -> None:
    scenario = chain(schedule, [(2, 4, 2), (4, 2, 2), (2, 6, 4)], 24, link=link, micro_batches=3)
    equal_in_pieces(scenario, [n / 12 for n in range(12)], rows=7)


@pytest.mark.parametrize("ops", ["none", 100])
def test_a_log_that_is_cut_short_or_not_kept_is_so_after_going_on(ops: Any) -> None:
    scenario = small("greedy").model_copy(update={"trace": small("greedy").trace.model_copy(update={"ops": ops})})
    equal_in_pieces(scenario, [0.1, 0.4, 0.7])


def test_a_run_that_diverges_after_it_was_gone_on_with_says_so_at_the_same_cycle() -> None:
    hardware = {**HARDWARE, "device": "ideal", "io": {"is_perfect": True}}
    model = {
        "input": [64],
        "layers": [{"name": "a", "type": "dense", "outputs": 9}, {"name": "r", "type": "relu"}]
        + [{"name": f"b{n}", "type": "dense", "outputs": 10} for n in range(3)],
    }
    scenario = small("async", model=model, hardware=hardware, samples=128, learning_rate=3.0)
    assert whole(scenario).result.summary["status"] == "diverged"
    equal_in_pieces(scenario, [0.3, 0.6, 0.9])
