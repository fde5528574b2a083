"""All that a trace of one run is written from: operations, stage actions and messages between the stages."""

from __future__ import annotations

from dataclasses import dataclass

from aimcsim.assembly import Assembly
from aimcsim.pipeline.machine import MachinePlan
from aimcsim.report.counters import Series, queue
from aimcsim.report.link_transfers import Transfers, transfers
from aimcsim.report.op_table import Column, OpTable
from aimcsim.report.run_reader import Run, read_run
from aimcsim.report.run_window import RunWindow
from aimcsim.report.stage_actions import StageActions, assembly_of, stage_actions, virtual_stages


@dataclass(frozen=True)
class RunFlow:
    """A run in a window. `table` holds all tiles, `is_drawn` says which of them were asked for.

    `virtual` is the virtual stage of each tile, `queues` have one element a stage.
    """

    window: RunWindow
    run: Run
    assembly: Assembly
    table: OpTable
    is_drawn: tuple[bool, ...]
    virtual: Column
    actions: StageActions
    messages: list[Transfers]
    queues: list[Series]

    @property
    def plan(self) -> MachinePlan:
        """What the machine was built from."""
        return self.assembly.plan

    @property
    def stage(self) -> Column:
        """The stage (from 0) of each tile."""
        return self.virtual % self.plan.floorplan.stages

    @property
    def chunk(self) -> Column:
        """The chunk (from 0) of each tile."""
        return self.virtual // self.plan.floorplan.stages


def run_flow(window: RunWindow) -> RunFlow:
    """Read a window and put it together. Raises RunFolderError."""
    run = read_run(window.folder)
    assembly = assembly_of(run)
    plan = assembly.plan
    table = window.whole_table()
    virtual = virtual_stages(plan.floorplan, table.tiles)
    actions = stage_actions(table, virtual)
    messages = transfers(actions, plan)
    stages = range(plan.floorplan.stages)
    queues = [queue(actions, plan, messages, stage, window.first, window.end) for stage in stages]
    wanted = set(window.tiles)
    drawn = tuple(tile in wanted for tile in table.tiles)
    return RunFlow(window, run, assembly, table, drawn, virtual, actions, messages, queues)
