"""Algorithms with transfers in whole simulated trainings: pipelines, restarts of the order of events, evaluation."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from aimcsim.learning.building import shard_weights, transfer_choice
from aimcsim.learning.plans import arrays_plan
from aimcsim.learning.warm_start import WarmStart, loss_plateau
from aimcsim.simulation import simulate
from aimcsim.training.initial import initial_weights
from tests.learning.driver import drive, scenario_with
from tests.pipeline.machines import disorder
from tests.training.plain_network import PlainNetwork
from tests.training.scenarios import HARDWARE, digits, run, same_weights

#: Every algorithm that keeps more than one array, at settings that make them do something within a few samples.
SHORT: list[dict[str, Any]] = [
    {"name": "tiki-taka", "reads_per_transfer": 2},
    {"name": "residual-learning", "transfer_every": 3},
    {"name": "tiki-taka-v2", "transfer_rate": 5.0},
    {"name": "residual-learning-v2", "threshold": 0.001},
    {"name": "c-tiki-taka-v2", "transfer_rate": 5.0, "chop_probability": 0.4},
    {"name": "agad", "transfer_rate": 5.0, "chop_probability": 0.4},
    {"name": "agad", "auto_scale": True, "auto_granularity": 50.0},
    {"name": "multi-tile-residual", "tiles": 3, "plateau_every": 4, "transfer_every_growth": 2},
    {"name": "mixed-precision", "transfer_every": 2},
    {"name": "rider", "reads_per_transfer": "all"},
    {"name": "e-rider", "chop_probability": 0.3},
]
NAMES = [algorithm["name"] for algorithm in SHORT]
every_algorithm = pytest.mark.parametrize("algorithm", SHORT, ids=NAMES)


class LoopedArray:
    """A shard under an algorithm as the plain network's array: after each update come the transfers that are due."""

    def __init__(self, inner: Any, plan: Any, choice: Any, rate: float, size: int) -> None:
        self.inner, self.plan, self.choice, self.rate, self.size = inner, plan, choice, rate, size
        self.updates = 0

    def forward(self, x: Any, first: int, version: int) -> Any:
        return self._sum([self.inner.forward(x, first, version, role) for role in self.plan.read])

    def backward(self, d: Any, first: int, version: int) -> Any:
        return self._sum([self.inner.backward(d, first, version, role) for role in self.plan.read])

    def update(self, x: Any, d: Any, rate: float, first: int) -> int:
        slots = self.inner.update(x, d, rate, first)
        self.updates += 1
        due = self.plan.due(self.updates)
        if self.choice is not None:
            due = self.choice.due(first // self.size, self.updates)
        for transfer in due:
            if self.plan.transfers[transfer].source is not None:
                self.inner.read(transfer, self.updates)
            self.inner.write(transfer, self.updates, rate)
        return slots

    def commit(self) -> None:
        self.inner.commit()

    @property
    def weights(self) -> Any:
        return self.inner.weights

    @staticmethod
    def _sum(parts: list[Any]) -> Any:
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total


def looped(scenario: Any, mini_batch: int) -> tuple[Any, list[float]]:
    """The plain loop over mini-batches, without a machine; losses by micro-batch."""
    plain = PlainNetwork(scenario, mini_batch * scenario.pipeline.micro_batch)
    plan = arrays_plan(scenario.training.algorithm, scenario.hardware)
    choice = transfer_choice(scenario, plan, len(plain.data.train_x))
    for name, r, c in plain.arrays:
        layer = plain.network.layers[name]
        matrix, bias = initial_weights(layer, scenario.seed)  # type: ignore[arg-type]
        if layer.bias == "analog":  # type: ignore[union-attr]
            matrix = np.hstack([matrix, bias.reshape(-1, 1)])
        part = np.ascontiguousarray(matrix[plain.columns[name][c], plain.rows[name][r]])
        inner = shard_weights(part, f"{name}.r{r}c{c}", scenario, 0)
        plain.arrays[name, r, c] = LoopedArray(inner, plan, choice, scenario.training.learning_rate, plain.size)
    losses: list[float] = []
    for j in range(scenario.training.samples // (mini_batch * plain.size)):
        numbers = range(j * mini_batch, (j + 1) * mini_batch)
        passes = [plain.micro_batch(k) for k in numbers]
        places = [(name, *shard) for name in plain.dense for shard in plain.shards(name)]
        for number, batch in zip(numbers, passes, strict=True):
            for place in places:
                batch.forward(*place, j * mini_batch)
            losses.append(batch.loss())
            if choice is not None:
                choice.add_loss(number, losses[-1] / plain.size)
            for place in reversed(places):
                batch.backward(*place, j * mini_batch)
        for batch in passes:
            for name in plain.dense:
                for shard in plain.shards(name):
                    batch.update(name, *shard)
                plain.update_bias(name, [batch])
    return plain, losses


@pytest.mark.parametrize("schedule", ["gpipe", "one-f-one-b"])
@every_algorithm
def test_a_synchronous_pipeline_equals_a_plain_loop_over_the_same_micro_batches(algorithm: Any, schedule: str) -> None:
    pipeline = {"stages": 4, "micro_batch": 2, "schedule": schedule, "micro_batches": 4}
    scenario = digits(pipeline, algorithm=algorithm)
    found = run(scenario)
    with threadpool_limits(1):
        plain, losses = looped(scenario, 4)
    assert [found.losses[k] for k in range(len(losses))] == [loss / 2 for loss in losses]
    assert same_weights(found.weights, plain.final_weights())


def test_learned_factors_go_through_a_pipeline_as_through_a_loop() -> None:
    pipeline = {"stages": 4, "micro_batch": 2, "schedule": "gpipe", "micro_batches": 4}
    hardware = {**HARDWARE, "mapping": {"weight_scaling_omega": 0.4, "learn_out_scaling": True}}
    scenario = digits(pipeline, algorithm={"name": "residual-learning"}, hardware=hardware)
    found = run(scenario)
    with threadpool_limits(1):
        plain, losses = looped(scenario, 4)
    assert [found.losses[k] for k in range(len(losses))] == [loss / 2 for loss in losses]
    assert same_weights(found.weights, plain.final_weights())
    assert run(digits(pipeline, algorithm={"name": "residual-learning"})).losses != found.losses


@every_algorithm
def test_an_asynchronous_pipeline_of_one_stage_equals_serial_training(algorithm: Any) -> None:
    serial = run(digits({"stages": 1, "schedule": "serial", "micro_batch": 2}, algorithm=algorithm))
    found = run(digits({"stages": 1, "schedule": "async", "micro_batch": 2}, algorithm=algorithm))
    assert found.losses == serial.losses
    assert found.rows == serial.rows
    assert same_weights(found.weights, serial.weights)
    with threadpool_limits(1):
        _, losses = looped(digits({"schedule": "serial", "micro_batch": 2}, algorithm=algorithm), 1)
    assert [found.losses[k] for k in range(len(losses))] == [loss / 2 for loss in losses]


@every_algorithm
def test_the_order_of_the_event_queue_changes_nothing(monkeypatch: pytest.MonkeyPatch, algorithm: Any) -> None:
    pipeline = {"stages": 3, "schedule": "async-greedy", "micro_batch": 2}
    scenario = digits(pipeline, algorithm=algorithm, samples=20, evaluate_every=8)
    in_order = run(scenario)
    with monkeypatch.context() as patch:
        disorder(patch, 1)
        again = run(scenario)
    assert (again.losses, again.rows, again.metrics) == (in_order.losses, in_order.rows, in_order.metrics)
    assert same_weights(again.weights, in_order.weights)


@every_algorithm
def test_a_transfer_moves_the_clock_and_its_arrays_have_rows_of_their_own(algorithm: Any) -> None:
    pipeline = {"stages": 2, "schedule": "async", "micro_batch": 2}
    result = simulate(digits(pipeline, algorithm=algorithm, samples=24))
    rows = result.ops.to_pylist() if result.ops is not None else []
    moved = {row["tile"] for row in rows if row["op"] == "T"}
    assert all((row["version_written"] is None) or row["end"] > row["start"] for row in rows if row["op"] == "T")
    plan = arrays_plan(digits(pipeline, algorithm=algorithm).training.algorithm, result.scenario.hardware)
    assert {name.split(".")[3] for name in {row["tile"] for row in rows} if name.count(".") == 3} == {
        role.name for role in plan.roles[1:]
    }
    assert moved
    # Weights of the four layers, an analog bias included.
    weights, arrays = 64 * 9 + 10 * 9 + 9 * 9 + 9 * 10, sum(role.kind == "tile" for role in plan.roles)
    numbers = {"agad": 3, "tiki-taka": 0, "residual-learning": 0, "multi-tile-residual": 0}.get(algorithm["name"], 1)
    state = result.summary["state"]
    assert state["devices"] == arrays * weights
    assert state["digital_values"] == numbers * weights
    # Two layers a stage; stage 1 holds 2 micro-batches of 2 samples, stage 2 holds 1.
    assert state["pair_values"] == 2 * 2 * (64 + 9 + 9 + 9) + 2 * (9 + 9 + 9 + 10)


def test_the_last_evaluation_sees_the_last_transfer() -> None:
    algorithm = {"name": "tiki-taka", "reads_per_transfer": "all"}
    scenario = digits({"stages": 2, "schedule": "async", "micro_batch": 2}, algorithm=algorithm, samples=24)
    result = simulate(scenario)
    assert result.ops is not None
    last = max(row["end"] for row in result.ops.to_pylist())
    assert result.metrics.to_pylist()[-1]["cycle"] == last == result.summary["makespan_cycles"]


@pytest.mark.parametrize("algorithm", ["analog-sgd", *SHORT], ids=["analog-sgd", *NAMES])
def test_the_state_taken_in_the_middle_of_a_transfer_gives_the_same_numbers_again(algorithm: Any) -> None:
    scenario = scenario_with(algorithm, {})
    whole = [shard.weights.copy() for shard in drive(scenario, 30)]
    plan = arrays_plan(scenario.training.algorithm, scenario.hardware)
    # The same steps once more: at each one the shard is replaced by a new one that holds its state.
    kept: list[Any] = []
    for shard in drive(scenario, 30):
        fresh = shard_weights(np.zeros((shard_size(shard)), np.float32), "fc.r0c0", scenario, 0)
        fresh.load_state(copy.deepcopy(shard.state()))  # type: ignore[attr-defined]
        kept.append(fresh.weights.copy())
        if plan.transfers and plan.transfers[0].source is not None:
            shard.read(0, 10**6 * plan.transfers[0].every)
            fresh.load_state(shard.state())  # type: ignore[attr-defined]
            one, other = (copy.deepcopy(each) for each in (shard, fresh))
            for each in (one, other):
                each.write(0, 10**6 * plan.transfers[0].every, 0.1)
            assert np.array_equal(one.weights, other.weights)
    assert all(np.array_equal(one, other) for one, other in zip(whole, kept, strict=True))


def shard_size(shard: Any) -> tuple[int, int]:
    return shard.weights.shape


# ---------------------------------------------------------------------------- warm start


def test_the_plateau_rule_is_the_papers() -> None:
    # arXiv 2510.02516, Algorithm 1: up to k = 3 one rise is enough; then 2 rises among the last 5 differences of 6.
    assert not loss_plateau([1.0], 0)
    assert loss_plateau([1.0, 1.1], 3)
    assert not loss_plateau([1.0, 0.9], 3)
    assert not loss_plateau([1.0, 1.1, 1.2], 4)
    assert loss_plateau([3.0, 2.0, 2.5, 2.0, 2.5, 1.0], 4)
    assert not loss_plateau([3.0, 2.0, 2.5, 2.0, 1.5, 1.0], 4)
    assert not loss_plateau([1.0, 2.0, 1.9, 1.8, 1.7, 1.6, 1.5], 4)


def test_a_warm_start_fills_one_tile_after_the_other_and_then_cascades() -> None:
    algorithm = {"name": "multi-tile-residual", "tiles": 4, "transfer_every": 2, "transfer_every_growth": 2}
    scenario = scenario_with(algorithm)
    plan = arrays_plan(scenario.training.algorithm, scenario.hardware)
    start = WarmStart(plan, window=2)
    # Means of two micro-batches: 5, 6 (rise), 3, 4 (rise), 2, 1, 7 (rise). The list is cleared at each move.
    for k, loss in enumerate([4.0, 6.0, 6.0, 6.0, 3.0, 3.0, 4.0, 4.0, 2.0, 2.0, 1.0, 1.0, 7.0, 7.0]):
        start.add_loss(k, loss)
    assert [start.pointer(k) for k in range(14)] == [0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3]

    def moves(micro_batch: int, updates: int) -> list[tuple[int | None, int]]:
        return [(plan.transfers[t].source, plan.transfers[t].target) for t in start.due(micro_batch, updates)]

    assert moves(0, 1) == []
    assert moves(1, 2) == [(3, 0)]
    assert moves(3, 4) == [(3, 1)]
    assert moves(7, 8) == [(3, 2)]
    assert moves(13, 14) == [(3, 2)]
    assert moves(15, 16) == [(3, 2), (2, 1), (1, 0)]
    other = WarmStart(plan, window=2)
    other.load_state(start.state())
    assert [other.pointer(k) for k in range(14)] == [start.pointer(k) for k in range(14)]


# ---------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("algorithm", "hardware", "path", "what"),
    [
        ({"name": "tiki-taka-v2"}, {"device": "ideal"}, "training.algorithm.threshold", "needs a value"),
        ({"name": "mixed-precision"}, {"device": "ideal"}, "training.algorithm.threshold", "no granularity"),
        ("agad", {"mapping": {"weight_scaling_columnwise": True}}, "hardware.mapping.weight_scaling_columnwise", "one"),
        (
            {"name": "multi-tile-residual", "tiles": 3, "transfer_every": [2]},
            {},
            "training.algorithm.transfer_every",
            "needs 2 values",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(algorithm: Any, hardware: Any, path: str, what: str) -> None:
    from aimcsim.assembly import assemble
    from aimcsim.errors import FieldErrors

    with pytest.raises(FieldErrors) as caught:
        assemble(scenario_with(algorithm, hardware))
    (error,) = caught.value.errors
    assert ".".join(map(str, error.path)) == path
    assert what in str(error)


def test_an_algorithm_with_several_arrays_refuses_schedules_that_need_weight_copies() -> None:
    from aimcsim.assembly import assemble
    from aimcsim.errors import FieldErrors

    with pytest.raises(FieldErrors, match="second weight copy"):
        assemble(digits({"schedule": "pipedream", "stages": 2}, algorithm="tiki-taka"))
