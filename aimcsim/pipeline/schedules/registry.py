"""All schedules by name, and how a scenario's `pipeline:` becomes one of them."""

from __future__ import annotations

import difflib

from aimcsim.errors import FieldError
from aimcsim.pipeline.schedules.async_greedy import AsyncGreedy
from aimcsim.pipeline.schedules.asynchronous import Asynchronous
from aimcsim.pipeline.schedules.base import PipelineShape, Schedule, Settings, refuse_on_analog_tiles
from aimcsim.pipeline.schedules.gpipe import GPipe
from aimcsim.pipeline.schedules.interleaved import Interleaved
from aimcsim.pipeline.schedules.one_f_one_b import OneFOneB
from aimcsim.pipeline.schedules.pipedream import PipeDream
from aimcsim.pipeline.schedules.pipedream_2bw import PipeDream2BW
from aimcsim.pipeline.schedules.serial import Serial
from aimcsim.pipeline.schedules.table import Table, parse_table
from aimcsim.pipeline.schedules.zero_bubble_h1 import ZeroBubbleH1
from aimcsim.scenario.pipeline_spec import PipelineSpec, TableSchedule

SCHEDULES: dict[str, type[Schedule]] = {
    schedule.name: schedule
    for schedule in (
        Serial, GPipe, OneFOneB, Interleaved, Asynchronous, AsyncGreedy, PipeDream, PipeDream2BW, ZeroBubbleH1,
    )
}  # fmt: skip

#: Pipeline keys that not every schedule uses.
OPTIONAL_KEYS = ("micro_batches", "max_in_flight", "chunks", "update")


def schedule_class(pipeline: PipelineSpec) -> type[Schedule]:
    """The schedule that a scenario names. Raises FieldError for an unknown name."""
    if isinstance(pipeline.schedule, TableSchedule):
        return Table
    found = SCHEDULES.get(pipeline.schedule)
    if found is None:
        close = difflib.get_close_matches(pipeline.schedule, SCHEDULES, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        known = ", ".join(SCHEDULES)
        raise FieldError(("pipeline", "schedule"), f"must be one of {known}, or a .csv file{hint}", pipeline.schedule)
    return found


def chunks_of(pipeline: PipelineSpec) -> int:
    """Chunks a stage holds: the scenario's `chunks` (default 2) where the schedule uses it, else 1."""
    if schedule_class(pipeline) is Interleaved:
        return 2 if pipeline.chunks is None else pipeline.chunks
    if isinstance(pipeline.schedule, TableSchedule):
        return 1 if pipeline.chunks is None else pipeline.chunks
    return 1


def make_schedule(pipeline: PipelineSpec, stages: int, total: int, analog: bool) -> Schedule:
    """Schedule of `total` micro-batches over `stages`. Raises FieldError(s) where it cannot be run.

    `analog`: the layers are on analog tiles, which hold one weight copy and no gradient buffer.
    """
    shape = PipelineShape(stages, pipeline.micro_batches, total, chunks_of(pipeline))
    table = None
    if isinstance(pipeline.schedule, TableSchedule):
        table = parse_table(pipeline.schedule.table, stages, pipeline.micro_batches, shape.chunks)
    schedule = schedule_class(pipeline)(shape, Settings(pipeline.max_in_flight, table, pipeline.update))
    if analog:
        refuse_on_analog_tiles(schedule)
    return schedule


def unused_keys(pipeline: PipelineSpec, schedule: Schedule) -> tuple[str, ...]:
    """Pipeline keys that the scenario sets and the schedule ignores."""
    given = pipeline.model_fields_set & set(OPTIONAL_KEYS)
    return tuple(f"pipeline.{key}" for key in OPTIONAL_KEYS if key in given and key not in schedule.uses)
