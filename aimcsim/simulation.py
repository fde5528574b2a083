"""Run a scenario: ties network, hardware, pipeline, training and trace together."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from aimcsim.assembly import Assembly, assemble
from aimcsim.blas_threads import one_blas_thread
from aimcsim.checkpoint.keeper import KeptParts, RunKeeper
from aimcsim.checkpoint.settings import Checkpoints
from aimcsim.costs.model import energy_model
from aimcsim.data.least_squares import OPTIMUM_COLUMNS
from aimcsim.data.stored import nominal_epoch
from aimcsim.fitting import trains
from aimcsim.pipeline.fast_forward import FastForward
from aimcsim.pipeline.machine import Machine
from aimcsim.result import METRICS_SCHEMA, Result
from aimcsim.scenario.spec import Scenario
from aimcsim.trace.energy_rows import EnergyMeter
from aimcsim.trace.forwarding import fast_forward
from aimcsim.trace.metrics import MetricsRecorder
from aimcsim.trace.oplog import NoOpLog, OpLog
from aimcsim.trace.run_folder import OPS
from aimcsim.trace.scratch import ScratchFolder
from aimcsim.trace.summary import summarise

if TYPE_CHECKING:
    from aimcsim.training.session import TrainingSession


@dataclass(frozen=True)
class RunView:
    """What a watcher of a running simulation may look at, from another thread if it likes."""

    assembly: Assembly
    runner: Machine | FastForward
    session: TrainingSession | None

    @property
    def machine(self) -> Machine:
        """The machine at work; fast-forward replaces it when it jumps."""
        return self.runner.machine if isinstance(self.runner, FastForward) else self.runner

    @property
    def samples(self) -> int:
        """Samples that the first stage has finished with."""
        state = self.machine.stages[0].state
        per_update = self.assembly.schedule.mini_batch if self.assembly.schedule.step == "mini-batch" else 1
        return min(state.updates) * per_update * self.assembly.scenario.pipeline.micro_batch

    @property
    def cycle(self) -> int:
        """The simulated clock."""
        return int(self.machine.env.now)

    @property
    def loss(self) -> float | None:
        """Mean loss of the newest micro-batch at the loss; None without training."""
        return None if self.session is None else self.session.executor.progress.loss


def simulate(
    scenario: Scenario,
    *,
    train: bool = True,
    watch: Callable[[RunView], None] | None = None,
    target: Path | None = None,
    checkpoint: Checkpoints | None = None,
    resume: bool = False,
    threads: int | None = None,
) -> Result:
    """Run `scenario` to its end. Without `train`, for a chain, or for data `none`: the same machine without numbers.

    `watch` is called once, before the run, with a view that stays valid during it. `target`: where the result will
    be saved, if that is known; the op log is then streamed beside it and need not be copied.
    `checkpoint`: where and how often the run is written down, until its result is saved; with `resume` it goes on from
    the newest checkpoint there, or begins where there is none, and ends with the same bytes either way.
    `threads` of the host compute the kernels of operations that are in progress together; None: as many as pay.
    Their number changes no bit.
    Raises FieldError(s) for a scenario that cannot be run, DataMissing, Deadlock; with `checkpoint`, CheckpointError
    for one that can not be gone on from, and RunStopped when asked to stop.
    """
    if resume and checkpoint is None:
        raise ValueError("resume needs to know where the checkpoints are")
    if threads is not None and threads < 1:
        raise ValueError(f"threads must be at least 1 (got {threads})")
    begun = time.perf_counter()
    # Overflow is no mistake but how a run diverges; the loss sees it, and a warning would only repeat it.
    with (
        one_blas_thread(),
        np.errstate(over="ignore", invalid="ignore"),
        ExitStack() as host,
        ExitStack() as on_failure,
    ):
        session = _session(scenario) if train and trains(scenario) else None
        assembly = session.assembly if session is not None else assemble(scenario, nominal_epoch(scenario.data))
        keeper = None
        if checkpoint is not None:
            keeper = RunKeeper(checkpoint, resume, assembly, session, begun)
            on_failure.callback(keeper.close)
        scratch = ScratchFolder(target)
        on_failure.callback(scratch.remove)
        log = _op_log(scenario, scratch.path, assembly, keeper)
        on_failure.callback(log.abandon)
        recorder = MetricsRecorder(assembly.floorplan, assembly.schedule, log)
        model = energy_model(assembly, session is not None)
        meter = EnergyMeter(model, recorder)
        parts = KeptParts(log, recorder, meter, session)
        # What is fast-forwarded takes no time worth a checkpoint; begun anew it ends with the same bytes.
        forward = fast_forward(assembly, recorder) if session is None else None
        saved = None if keeper is None else keeper.put_back(parts)
        watched = recorder if keeper is None else keeper.paced(recorder)
        executor = None if session is None else session.executor
        if session is not None:
            host.enter_context(session.on_host_threads(threads))
        runner = forward or Machine(assembly.plan, watched, executor, saved)
        view = RunView(assembly, runner, session)
        if watch is not None:
            watch(view)
        if session is not None:
            session.when_evaluated = lambda cycle: meter.mark(cycle, [unit.state for unit in view.machine.units])
        if session is not None and saved is None:
            session.evaluate_initial_state()
        status = runner.run() if keeper is None or isinstance(runner, FastForward) else keeper.run(runner, parts)
        if session is not None:
            session.executor.settle()
        on_failure.pop_all()
        log.close()
    meter.settle()
    rows = [] if session is None else session.rows
    for row, joules in zip(rows, meter.joules, strict=True):
        row["energy_j"] = joules
    path = log.path if isinstance(log, OpLog) else None
    wall = time.perf_counter() - begun if keeper is None else keeper.wall_seconds
    summary = summarise(assembly, view.machine, recorder, model, session, status, path, wall)
    if session is not None:
        summary |= session.optimum_figures
    weights = {} if session is None else session.final_weights()
    return Result(scenario, summary, _metrics_table(rows), weights, path, scratch, keeper)


def _session(scenario: Scenario) -> TrainingSession:
    # numba and the kernels take seconds to import: only a run that trains pays for them.
    from aimcsim.training.session import open_session

    return open_session(scenario)


def _op_log(scenario: Scenario, folder: Path, assembly: Assembly, keeper: RunKeeper | None) -> OpLog | NoOpLog:
    kept = scenario.trace.ops
    if kept == "none":
        return NoOpLog()
    spool = None if keeper is None else keeper.spool()
    return OpLog(folder / OPS, assembly.floorplan.units, None if kept == "all" else kept, spool)


def _metrics_table(rows: list[dict[str, Any]]) -> pa.Table:
    schema = METRICS_SCHEMA
    for name in OPTIMUM_COLUMNS:
        if rows and name in rows[0]:
            schema = schema.append(pa.field(name, pa.float64()))
    return pa.Table.from_pylist(rows, schema=schema)
