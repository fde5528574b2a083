"""A training session: data, weights, executor and evaluations of one run, put together from its scenario."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aimcsim.assembly import Assembly, assemble
from aimcsim.data.dataset import Dataset
from aimcsim.data.feed import Feed
from aimcsim.data.load import load_dataset
from aimcsim.data.stream import SampleStream
from aimcsim.errors import FieldErrors
from aimcsim.fitting import check_trainable
from aimcsim.learning.building import transfer_choice
from aimcsim.pipeline.schedules.in_flight import fixed_limits
from aimcsim.scenario.algorithm_spec import DigitalSGD
from aimcsim.scenario.spec import Scenario
from aimcsim.training.counted import counted_kinds
from aimcsim.training.evaluation import EvaluationPoints
from aimcsim.training.evaluator import Evaluator
from aimcsim.training.executor import TrainingExecutor
from aimcsim.training.host_threads import HostThreads, switching_quickly
from aimcsim.training.in_flight import Floats
from aimcsim.training.initial import build_weights, given_weights
from aimcsim.training.learned import LearnedVectors
from aimcsim.training.learning_rate import LearningRate
from aimcsim.training.optimum import final_figures, optimum_observer
from aimcsim.training.plan import TrainingPlan
from aimcsim.training.program import compile_network
from aimcsim.training.side_by_side import SideBySide, threads_that_pay

#: Samples that are gathered from the data set together, and how many such blocks are kept.
BLOCK = 512
KEPT_BLOCKS = 2


class TrainingSession:
    """The numbers' side of a run. `rows` grows by one dict an evaluation, in the columns of metrics.csv."""

    def __init__(self, assembly: Assembly, dataset: Dataset) -> None:
        scenario = assembly.scenario
        schedule, pipeline = assembly.schedule, scenario.pipeline
        self.assembly = assembly
        self.dataset = dataset
        self.rows: list[dict[str, Any]] = []
        #: Called with the cycle of every evaluation, after its row was added.
        self.when_evaluated: Callable[[int], None] = lambda cycle: None
        self._epoch = len(dataset.train_x)
        self._stream = SampleStream(self._epoch, scenario.seed)
        self._blocks: dict[int, tuple[Floats, NDArray[Any]]] = {}
        self._feed = Feed(dataset, scenario.data, scenario.seed)
        self._program = compile_network(assembly.network, assembly.floorplan, scenario.seed)
        given = given_weights(self._program, scenario)
        weights, vectors = build_weights(self._program, scenario, kept_versions(assembly), given)
        total = assembly.samples // pipeline.micro_batch
        points = EvaluationPoints(
            evaluation_interval(assembly, self._epoch),
            total,
            len(assembly.floorplan.chunks),
            pipeline.micro_batch,
            self._evaluate,
        )
        plan = TrainingPlan(
            program=self._program,
            loss=str(assembly.network.loss),
            micro_batch=pipeline.micro_batch,
            stages=assembly.floorplan.stages,
            learning_rate=LearningRate(scenario.training.learning_rate, self._epoch),
            error_scale=1.0 / assembly.samples_averaged,
            mini_batch=schedule.mini_batch if schedule.step == "mini-batch" else 1,
            gradient_apart=schedule.gradient_apart,
            cycle_seconds=assembly.cycle_seconds,
            arrays=assembly.floorplan.plan,
            counted=counted_kinds(assembly),
        )
        choice = transfer_choice(scenario, plan.arrays, self._epoch)
        learned = LearnedVectors(self._program, vectors, given)
        self.executor = TrainingExecutor(plan, weights, learned, self._fetch, points, choice)
        self._evaluator = Evaluator(
            self._program, weights, plan.loss, self._feed, dataset.test_y, scenario.evaluation.io == "perfect"
        )
        self._optimum = optimum_observer(self._program, weights, dataset, plan.loss)

    def evaluate_initial_state(self) -> None:
        """Row 0: the network before any update."""
        copies: dict[int, Any] = {}
        for virtual in range(len(self._program.chunks)):
            copies.update(self.executor.copy_chunk(virtual))
        self._evaluate(0, copies, 0, None)

    @contextmanager
    def on_host_threads(self, threads: int | None) -> Iterator[None]:
        """Compute on as many threads for the length of the block, which `settle`s the executor where it wants results.

        None: as many as pay, which for digital weights is one: a product is over too soon.
        """
        if threads is None:
            scenario = self.assembly.scenario
            digital = isinstance(scenario.training.algorithm, DigitalSGD)
            threads = 1 if digital else threads_that_pay(self._program, scenario.pipeline.micro_batch)
        if threads == 1:
            yield
            return
        host = HostThreads(threads)
        self.executor.side_by_side = SideBySide(host)
        try:
            with switching_quickly():
                yield
        finally:
            self.executor.side_by_side = None
            host.close()

    def final_weights(self) -> dict[str, NDArray[np.float32]]:
        """Weight matrices by layer name, joined from their tiles; what is learned digitally as `<layer>.bias`,
        `.scale`, `.shift`, and the running `.mean` and `.variance` of batch norms.
        """
        found: dict[str, NDArray[np.float32]] = {}
        for layer in self._program.layers:
            if layer.weighted is None:
                found |= self.executor.learned.named(layer)
                continue
            rows, columns = layer.shards[-1].outputs.stop, layer.shards[-1].inputs.stop
            matrix = np.empty((rows, columns), np.float32)
            for unit, shard in zip(layer.units, layer.shards, strict=True):
                matrix[shard.outputs, shard.inputs] = self.executor.weights[unit].weights
            found[layer.layer.name] = matrix
            found |= self.executor.learned.named(layer)
        return found

    @property
    def optimum_figures(self) -> dict[str, Any]:
        """How far the end of the run is from the optimum, for the summary; empty where that is not known."""
        return final_figures(self.rows, self._optimum is not None)

    def state(self) -> dict[str, Any]:
        """All that changes in a run; the data position is that of the micro-batches in flight."""
        return {"rows": self.rows, "executor": self.executor.state()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Put back what `state` gave into a session that has not begun."""
        self.rows += state["rows"]
        self.executor.load_state(state["executor"])

    def _fetch(self, first: int, count: int) -> tuple[Floats, NDArray[Any]]:
        """Samples first … first + count - 1 of the stream, one micro-batch; gathered a block of them at a time."""
        size = max(1, BLOCK // count) * count
        block, start = divmod(first, size)
        if block not in self._blocks:
            while len(self._blocks) >= KEPT_BLOCKS:
                del self._blocks[next(iter(self._blocks))]
            numbered = block * size
            indices = self._stream.indices(numbered, size)
            self._blocks[block] = self._feed.training(indices, numbered), self._feed.targets(indices, numbered)
        x, y = self._blocks[block]
        return x[start : start + count], y[start : start + count]

    def _evaluate(self, micro_batches: int, copies: dict[int, Any], cycle: int, train_loss: float | None) -> None:
        samples = micro_batches * self.assembly.scenario.pipeline.micro_batch
        test = self._evaluator.evaluate(copies, samples)
        seconds = self.assembly.cycle_seconds
        self.rows.append(
            {
                "samples": samples,
                "epoch": samples / self._epoch,
                "cycle": cycle,
                "seconds": None if seconds is None else cycle * seconds,
                "train_loss": train_loss,
                "test_loss": test.loss if np.isfinite(test.loss) else None,
                "test_accuracy": test.accuracy,
                "energy_j": None,
            }
            | ({} if self._optimum is None else self._optimum.figures(copies))
        )
        self.when_evaluated(cycle)


def open_session(scenario: Scenario) -> TrainingSession:
    """Load the data and put the session together. Raises FieldError(s), DataMissing."""
    if wrong := check_trainable(scenario):
        raise FieldErrors(wrong)
    dataset = load_dataset(scenario.data, scenario.seed)
    return TrainingSession(assemble(scenario, len(dataset.train_x)), dataset)


def kept_versions(assembly: Assembly) -> int:
    """Old weight copies that the schedule reads: none in place, one for 2BW, up to the in-flight limit for a stash."""
    schedule = assembly.schedule
    if schedule.weights == "in-place":
        return 0
    if schedule.weights == "double-buffer":
        return 2
    return max(fixed_limits(schedule.shape, schedule.settings))


def evaluation_interval(assembly: Assembly, epoch: int) -> int:
    """Micro-batches between evaluations: `evaluate_every` samples (an epoch) rounded up to whole mini-batches."""
    pipeline = assembly.scenario.pipeline
    samples = assembly.scenario.training.evaluate_every or epoch
    mini_batch = pipeline.micro_batch * pipeline.micro_batches
    return -(-samples // mini_batch) * pipeline.micro_batches
