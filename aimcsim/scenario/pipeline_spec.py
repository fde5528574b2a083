"""The `pipeline:` part: how the layers are cut into stages and in what order the stages work."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from aimcsim.scenario.base import Count, Name, Spec, Text

#: A cell of a CSV schedule, in the notation of torch.distributed.pipelining: virtual stage, kind, micro-batch.
ActionCell = Annotated[str, Field(pattern=r"^\s*(\d{1,6}[FBUW]\d{1,6})?\s*$")]


class TableSchedule(Spec):
    """A schedule written out: one row a stage, the actions of one mini-batch."""

    table: list[list[ActionCell]] = Field(min_length=1, max_length=1024)


class PipelineSpec(Spec):
    """Stages, schedule and batch sizes."""

    stages: Annotated[Count, Field(le=1024)] | Literal["auto"] | list[list[Name]] = Field(
        "auto",
        description="a number, auto (the fewest stages whose longest equals the longest layer), or the layers of each stage",
    )
    schedule: Text | TableSchedule = Field(
        "async", description="a name (`aimcsim list schedules`) or a .csv file of actions"
    )
    micro_batch: Annotated[Count, Field(le=2**20)] = Field(1, description="samples of a micro-batch")
    micro_batches: Annotated[Count, Field(le=2**20)] = Field(
        1, description="micro-batches of a mini-batch, between two flushes"
    )
    max_in_flight: (
        Literal["M-m+1", "2(M-m)+1", "unbounded"]
        | Annotated[Count, Field(le=2**20)]
        | list[Annotated[Count, Field(le=2**20)]]
        | None
    ) = Field(
        None,
        description="micro-batches a stage admits before their updates; default M-m+1 (async-greedy: 4M)",
    )
    chunks: Annotated[Count, Field(le=64)] | None = Field(
        None, description="interleaved only: layer groups a stage holds; default 2"
    )
    update: Literal["flush", "after-backward"] | None = Field(
        None, description="CSV schedules without U: when updates happen"
    )
