"""Keeps a run: takes its checkpoints, puts a saved one back, and stops it when asked to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

from aimcsim.assembly import Assembly
from aimcsim.checkpoint.container import read_container
from aimcsim.checkpoint.folder import CheckpointFolder, checkpoint_before
from aimcsim.checkpoint.identity import identity_of
from aimcsim.checkpoint.pacing import Pacer
from aimcsim.checkpoint.plain import Packer, unpack
from aimcsim.checkpoint.settings import Checkpoints, Interval
from aimcsim.errors import CheckpointError, RunStopped
from aimcsim.pipeline.machine import Machine
from aimcsim.pipeline.state import MachineState
from aimcsim.trace.energy_rows import EnergyMeter
from aimcsim.trace.metrics import MetricsRecorder
from aimcsim.trace.oplog import NoOpLog, OpLog
from aimcsim.trace.row_spool import RowSpool

if TYPE_CHECKING:
    from aimcsim.training.session import TrainingSession


@dataclass(frozen=True)
class KeptParts:
    """Everything of a run that changes, beside the machine."""

    log: OpLog | NoOpLog
    metrics: MetricsRecorder
    energy: EnergyMeter
    session: TrainingSession | None


class RunKeeper:
    """One run with checkpoints. Raises CheckpointError where a checkpoint can not be used, OSError.

    With `resume` it begins at the newest checkpoint; where there is none, at the beginning.
    """

    def __init__(
        self, settings: Checkpoints, resume: bool, assembly: Assembly, session: TrainingSession | None, begun: float
    ) -> None:
        self._settings = settings
        self._assembly = assembly
        self._begun = begun
        schedule = assembly.schedule
        applied = schedule.mini_batch if schedule.step == "mini-batch" else 1
        self._per_update = applied * assembly.scenario.pipeline.micro_batch
        self._identity = identity_of(assembly.scenario, None if session is None else session.dataset)
        self._folder = CheckpointFolder(settings.folder)
        self._spool: RowSpool | None = None
        self._saved: dict[str, Any] | None = None
        newest = self._folder.newest
        try:
            if resume and newest is not None:
                self._saved = self._read(newest)
        except BaseException:
            self.close()
            raise
        every = None if self._saved is None else self._saved["every"]
        self._every = settings.every or (None if every is None else Interval(**every))

    @property
    def wall_seconds(self) -> float:
        """Host time of the run, that before the checkpoint included."""
        before = 0.0 if self._saved is None else self._saved["wall_seconds"]
        return float(before) + perf_counter() - self._begun

    def spool(self) -> RowSpool:
        """Where the rows of the op log wait."""
        if self._saved is None:
            self._spool = RowSpool(self._folder.new_rows())
        else:
            mark = self._saved["log"]["spool"]
            self._spool = RowSpool(self._folder.path / mark.file, mark)
        return self._spool

    def put_back(self, parts: KeptParts) -> MachineState | None:
        """Give the parts of a resumed run what they had; returns the machine's state, None where the run begins."""
        saved = self._saved
        if saved is None:
            return None
        try:
            parts.log.load_state(saved["log"])
            parts.metrics.load_state(saved["metrics"])
            parts.energy.load_state(saved["energy"])
            if parts.session is not None:
                parts.session.load_state(saved["session"])
        except LookupError as error:
            raise CheckpointError(f"{self._folder.newest} does not hold all that a run has") from error
        machine: MachineState = saved["machine"]
        self._saved = {"wall_seconds": saved["wall_seconds"], "every": saved["every"]}
        return machine

    def paced(self, metrics: MetricsRecorder) -> Pacer:
        """The recorder that the machine shall have."""
        self._pacer = Pacer(metrics, self._every, self._settings.stop, self._per_update)
        return self._pacer

    def run(self, machine: Machine, parts: KeptParts) -> Literal["completed", "diverged"]:
        """Run to the end, with a checkpoint whenever one is due. Raises RunStopped when asked to stop, after one."""
        stop = self._settings.stop
        while True:
            samples = machine.stages[0].state.updates[0] * self._per_update
            if stop.asked and machine.env.now:
                raise RunStopped(
                    f"stopped at {samples} of {self._assembly.samples} samples, cycle {int(machine.env.now)}; "
                    f"{self._folder.path} holds the checkpoint: the same command with --resume goes on",
                    stop.signal,
                )
            self._pacer.begin(samples, machine.pause)
            status = machine.run()
            if status != "paused":
                return status
            self._write(machine, parts)

    def close(self) -> None:
        """The run stops before its end: its checkpoints stay."""
        if self._spool is not None:
            self._spool.close()
        self._folder.close()

    def remove(self) -> None:
        """The result of the run is saved: its checkpoints are not needed any more."""
        if self._spool is not None:
            self._spool.close()
        self._folder.remove()

    def _write(self, machine: Machine, parts: KeptParts) -> None:
        packer = Packer()
        document = {
            **self._identity.document(),
            "every": None if self._every is None else asdict(self._every),
            "wall_seconds": self.wall_seconds,
            "log": packer.pack(parts.log.state()),
            "metrics": packer.pack(parts.metrics.state()),
            "energy": packer.pack(parts.energy.state()),
            "session": None if parts.session is None else packer.pack(parts.session.state()),
            "machine": packer.pack(machine.state()),
        }
        self._folder.write(document, packer.arrays)

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            document, arrays = read_container(path)
        except CheckpointError as error:
            before = checkpoint_before(path)
            hint = "" if before is None else f"; without this file, --resume goes on from {before.name}"
            raise CheckpointError(f"{error}{hint}") from error
        self._identity.check(document, path)
        try:
            parts = ("log", "metrics", "energy", "session", "machine")
            return {**document, **{part: unpack(document[part], arrays) for part in parts}}
        except (LookupError, ValueError) as error:
            raise CheckpointError(f"{path} does not hold what this version of aimcsim writes") from error
