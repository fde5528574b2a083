"""Rule 7: what a run computes hangs on its scenario alone, to the last bit."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from aimcsim.blas_threads import one_blas_thread
from aimcsim.pipeline.machine import Machine
from aimcsim.simulation import simulate
from aimcsim.trace.metrics import MetricsRecorder
from aimcsim.trace.oplog import NoOpLog
from aimcsim.training.session import open_session
from tests.pipeline.machines import Recording, disorder
from tests.training.plain_network import PlainNetwork, plain_loop
from tests.training.rounding import train
from tests.training.scenarios import ANALOG, DIGITAL, HARDWARE, MODEL, Listening, Run, digits, run, same_weights

SYNCHRONOUS: list[dict[str, Any]] = [
    {"schedule": "serial", "micro_batches": 4},
    {"schedule": "gpipe", "micro_batches": 4},
    {"schedule": "one-f-one-b", "micro_batches": 4},
    {"schedule": "one-f-one-b", "micro_batches": 4, "stages": 2},
    {"schedule": "interleaved", "micro_batches": 4, "stages": 2},
    {"schedule": "gpipe", "micro_batches": 4, "stages": [["fc1", "fc2", "fc3"], ["fc4"]]},
    {
        "schedule": {"table": [["0F0", "0F1", "0F2", "0F3", "0B3", "0B1", "0B0", "0B2"]]},
        "micro_batches": 4,
        "stages": 1,
    },
]

FAMILIES: list[dict[str, Any]] = [
    {"schedule": "serial", "micro_batches": 2},
    {"schedule": "one-f-one-b", "micro_batches": 4},
    {"schedule": "interleaved", "micro_batches": 4, "stages": 2},
    {"schedule": "async"},
    {"schedule": "async-greedy"},
    {"schedule": "pipedream"},
    {"schedule": "pipedream-2bw", "micro_batches": 4},
    {"schedule": "zero-bubble-h1", "micro_batches": 4},
]


def names(cases: list[dict[str, Any]]) -> list[str]:
    return [" ".join(str(value) for value in case.values())[:40] for case in cases]


def algorithm_of(pipeline: dict[str, Any]) -> str:
    digital = pipeline["schedule"] in ("pipedream", "pipedream-2bw", "zero-bubble-h1")
    return DIGITAL if digital else ANALOG


def scenario_of_family(pipeline: dict[str, Any], **rest: Any) -> Any:
    return digits({"stages": 4, "micro_batch": 2, **pipeline}, algorithm=algorithm_of(pipeline), **rest)


def same(one: Run, other: Run) -> bool:
    """True where losses, weights, metrics and log are equal."""
    return (
        one.losses == other.losses
        and same_weights(one.weights, other.weights)
        and one.metrics == other.metrics
        and one.rows == other.rows
    )


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("algorithm", [ANALOG, DIGITAL])
@pytest.mark.parametrize("pipeline", SYNCHRONOUS, ids=names(SYNCHRONOUS))
def test_a_synchronous_pipeline_equals_a_plain_loop_over_the_same_micro_batches(
    pipeline: dict[str, Any], algorithm: str, reduction: str
) -> None:
    scenario = digits({"stages": 4, "micro_batch": 2, **pipeline}, algorithm=algorithm, reduction=reduction)
    found = run(scenario)
    with threadpool_limits(1):
        plain, losses = plain_loop(scenario, 4)
    assert [found.losses[k] for k in range(len(losses))] == [loss / 2 for loss in losses]
    assert same_weights(found.weights, plain.final_weights())


@pytest.mark.parametrize("schedule", ["async", "async-greedy"])
def test_an_asynchronous_pipeline_of_one_stage_equals_serial_training(schedule: str) -> None:
    limits = {"max_in_flight": 1} if schedule == "async-greedy" else {}
    serial = run(digits({"stages": 1, "schedule": "serial", "micro_batch": 2}))
    found = run(digits({"stages": 1, "schedule": schedule, "micro_batch": 2, **limits}))
    assert same(found, serial)
    with threadpool_limits(1):
        plain, losses = plain_loop(digits({"schedule": schedule, "micro_batch": 2}), 1)
    assert [found.losses[k] for k in range(len(losses))] == [loss / 2 for loss in losses]
    assert same_weights(found.weights, plain.final_weights())


def test_no_stage_or_tile_number_enters_the_numbers() -> None:
    # The same arrays in one stage or in four, with fewer or more tiles beside them: keys name layer and shard.
    runs = [run(digits({"stages": m, "schedule": "serial", "micro_batch": 2})) for m in (1, 2, 3, 4)]
    assert all(one.losses == runs[0].losses and same_weights(one.weights, runs[0].weights) for one in runs[1:])


@pytest.mark.parametrize("pipeline", FAMILIES, ids=names(FAMILIES))
def test_two_runs_of_one_scenario_are_equal_in_losses_weights_metrics_and_log(pipeline: dict[str, Any]) -> None:
    scenario = scenario_of_family(pipeline)
    one, other = run(scenario), run(scenario)
    assert same(one, other)
    varying = {"wall_seconds"}
    assert {k: v for k, v in one.result.summary.items() if k not in varying} == {
        k: v for k, v in other.result.summary.items() if k not in varying
    }


def test_another_seed_gives_another_run() -> None:
    assert run(scenario_of_family({"schedule": "async"})).losses != (
        run(scenario_of_family({"schedule": "async"}, seed=4)).losses
    )


@pytest.mark.parametrize("pipeline", FAMILIES, ids=names(FAMILIES))
def test_the_order_of_the_event_queue_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, pipeline: dict[str, Any]
) -> None:
    scenario = scenario_of_family(pipeline, samples=16, evaluate_every=8)
    in_order = run(scenario)
    for seed in range(2):
        with monkeypatch.context() as patch:
            disorder(patch, seed)
            assert same(run(scenario), in_order)


def test_two_simulations_side_by_side_on_host_threads_change_nothing() -> None:
    scenarios = [scenario_of_family({"schedule": "async"}, seed=n, samples=64) for n in (3, 4)]
    alone = [simulate(scenario) for scenario in scenarios]
    together: dict[int, Any] = {}

    def work(number: int) -> None:
        together[number] = simulate(scenarios[number])

    threads = [threading.Thread(target=work, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, before in enumerate(alone):
        assert same_weights(together[number].weights, before.weights)
        assert together[number].metrics == before.metrics
        assert together[number].ops == before.ops


def blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_a_simulation_that_ends_leaves_blas_at_one_thread_for_those_that_still_run() -> None:
    # The limit is the whole process's. In truth the order is one of host threads; here one runs inside the other.
    seen: list[set[int]] = []
    with threadpool_limits(2, "blas"):
        before = blas_threads()
        first, second = one_blas_thread(), one_blas_thread()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        seen.append(blas_threads())
        second.__exit__(None, None, None)
        assert seen == [{1}]
        assert blas_threads() == before


@pytest.mark.parametrize("pipeline", FAMILIES, ids=names(FAMILIES))
def test_a_machine_restarted_from_its_data_classes_in_mid_pipeline_computes_the_same(pipeline: dict[str, Any]) -> None:
    hardware = HARDWARE | {"link": {"latency": 2, "bandwidth": 6.0, "capacity": 8}}
    scenario = scenario_of_family(pipeline, hardware=hardware, samples=16, evaluate_every=8)
    whole = run(scenario)
    makespan = whole.result.summary["makespan_cycles"]
    for cycles in ([makespan // 3], [makespan // 2, makespan // 2 + 1], list(range(1, makespan, 5))):
        session = open_session(scenario)
        executor, recording, state = Listening(session.executor), Recording(session.assembly), None
        with threadpool_limits(1):
            session.evaluate_initial_state()
            for cycle in cycles:
                machine = Machine(session.assembly.plan, recording, executor, state)
                machine.run_until(cycle)
                state = machine.state()
            assert Machine(session.assembly.plan, recording, executor, state).run() == "completed"
        assert executor.losses == whole.losses
        assert session.rows == whole.metrics
        assert same_weights(session.final_weights(), whole.weights)
        assert recording.log == sorted(whole.rows, key=lambda r: (r.end, r.start, r.tile, r.op, r.micro_batch))


def test_the_log_being_kept_or_not_changes_nothing() -> None:
    scenario = scenario_of_family({"schedule": "async-greedy"})
    kept = run(scenario)
    session = open_session(scenario)
    recorder = MetricsRecorder(session.assembly.floorplan, session.assembly.schedule, NoOpLog())
    executor = Listening(session.executor)
    with threadpool_limits(1):
        Machine(session.assembly.plan, recorder, executor).run()
    assert executor.losses == kept.losses
    assert recorder.makespan == kept.result.summary["makespan_cycles"]


# ---------------------------------------------------------------------------- split layers

#: Smooth everywhere, so that no rounding can flip a branch.
SMOOTH = {
    **MODEL,
    "layers": [layer | ({"type": "tanh"} if layer["type"] == "relu" else {}) for layer in MODEL["layers"]],
}
IDEAL = {"device": "ideal", "io": {"is_perfect": True}}


@pytest.mark.parametrize("algorithm", [ANALOG, DIGITAL])
@pytest.mark.parametrize("tile", [{"rows": 64, "columns": 4}, {"rows": 13, "columns": 512}, {"rows": 5, "columns": 3}])
def test_a_split_layer_of_ideal_arrays_equals_the_unsplit_one_up_to_the_order_of_sums(
    tile: dict[str, int], algorithm: str
) -> None:
    """Each run is within the bound of `rounding` of what exact arithmetic gives, so two are within twice of it."""
    rest: dict[str, Any] = {"algorithm": algorithm, "model": SMOOTH, "samples": 8, "learning_rate": 0.05}
    pipeline = {"schedule": "one-f-one-b", "stages": 4, "micro_batch": 2, "micro_batches": 2}
    scenario = digits(pipeline, hardware=IDEAL, **rest)
    exact_losses, exact = train(PlainNetwork(scenario, averaged=4), 2, 8, 0.05)
    start = PlainNetwork(scenario).final_weights()
    whole, parts = run(scenario), run(digits(pipeline, hardware=IDEAL | {"tile": tile}, **rest))
    for name, near in exact.items():
        for found in (whole, parts):
            assert (np.abs(found.weights[name] - near.value) <= near.error).all(), name
        assert (np.abs(whole.weights[name] - parts.weights[name]) <= 2 * near.error).all(), name
        # The bound means something: training has moved the weights a hundred times further.
        assert float(np.abs(near.value - start[name]).max()) > 100 * float(near.error.max()), name
    for k, (loss, error) in enumerate(exact_losses):
        for found in (whole, parts):
            assert abs(found.losses[k] - loss) <= error
    assert not same_weights(whole.weights, parts.weights), "they are not computed in the same order"


def test_split_layers_draw_the_same_initial_weights_as_whole_ones() -> None:
    rest: dict[str, Any] = {"learning_rate": 0.0, "algorithm": DIGITAL}
    whole = run(digits({"schedule": "async"}, hardware={}, **rest))
    parts = run(digits({"schedule": "async"}, hardware={"tile": {"rows": 5, "columns": 3}}, **rest))
    assert same_weights(whole.weights, parts.weights)


# ---------------------------------------------------------------------------- biases


def one_layer(bias: str) -> dict[str, Any]:
    return {"input": [64], "layers": [{"name": "fc", "type": "dense", "outputs": 10, "bias": bias}]}


def test_an_analog_bias_is_one_more_column_and_learns_what_a_digital_bias_learns() -> None:
    rest: dict[str, Any] = {"hardware": IDEAL, "learning_rate": 0.05, "samples": 16}
    results = {
        bias: run(digits({"schedule": "serial"}, model=one_layer(bias), **rest)).weights
        for bias in ("analog", "digital", "none")
    }
    assert {name: matrix.shape for name, matrix in results["analog"].items()} == {"fc": (10, 65)}
    assert {name: m.shape for name, m in results["digital"].items()} == {"fc": (10, 64), "fc.bias": (10,)}
    assert {name: matrix.shape for name, matrix in results["none"].items()} == {"fc": (10, 64)}
    # Both are within their bound of the same exact numbers.
    scenario = digits({"schedule": "serial"}, model=one_layer("digital"), **rest)
    _, near = train(PlainNetwork(scenario), 1, 16, 0.05)
    analog, digital = results["analog"]["fc"], results["digital"]
    assert (np.abs(digital["fc"] - near["fc"].value) <= near["fc"].error).all()
    assert (np.abs(analog[:, :64] - near["fc"].value) <= near["fc"].error).all()
    assert (np.abs(digital["fc.bias"] - near["fc.bias"].value) <= near["fc.bias"].error).all()
    assert (np.abs(analog[:, 64] - near["fc.bias"].value) <= near["fc.bias"].error).all()
    assert float(np.abs(results["none"]["fc"] - digital["fc"]).max()) > 20 * near["fc"].error.max()


@pytest.mark.parametrize("stages", [1, 3, 5])
def test_skip_connections_across_stages_compute_what_one_stage_computes(stages: int) -> None:
    pipeline = {"schedule": "one-f-one-b", "stages": stages, "micro_batch": 2, "micro_batches": 4}
    model = {
        "input": [8, 8],
        "layers": [
            {"name": "stem", "type": "dense", "outputs": 12},
            {"name": "act0", "type": "tanh"},
            {"name": "a1", "type": "dense", "outputs": 7},
            {"name": "act1", "type": "relu"},
            {"name": "a2", "type": "dense", "outputs": 12},
            {"name": "add1", "type": "add", "inputs": ["a2", "act0"]},
            {"name": "b1", "type": "dense", "outputs": 12},
            {"name": "add2", "type": "add", "inputs": ["b1", "add1", "act0"]},
            {"name": "head", "type": "dense", "outputs": 10},
        ],
    }
    scenario = digits(pipeline, model=model, hardware={"tile": {"rows": 20, "columns": 8}})
    found = run(scenario)
    with threadpool_limits(1):
        plain, losses = plain_loop(scenario, 4)
    assert [found.losses[k] for k in range(len(losses))] == [loss / 2 for loss in losses]
    assert same_weights(found.weights, plain.final_weights())
