"""The `pipeline:` part: how the layers are cut into stages and in what order the stages work."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict

from aimcsim.scenario.base import AsList, AsMapping, AsNumber, AsText, Count, Name, Spec, Text, one_of_forms

#: A cell of a CSV schedule, in the notation of torch.distributed.pipelining: virtual stage, kind, micro-batch.
CELL_PATTERN = r"^\s*([0-9]{1,6}[FBUW][0-9]{1,6})?\s*$"
ActionCell = Annotated[str, Strict(), Field(pattern=CELL_PATTERN)]


class TableSchedule(Spec):
    """A schedule written out: one row a stage, the actions of one mini-batch."""

    table: list[list[ActionCell]] = Field(min_length=1, max_length=1024)


class PipelineSpec(Spec):
    """Stages, schedule and batch sizes."""

    stages: Annotated[
        Annotated[Count, Field(le=1024), AsNumber]
        | Annotated[Literal["auto"], AsText]
        | Annotated[list[list[Name]], Field(min_length=1, max_length=1024), AsList],
        one_of_forms("a whole number, auto, or a list with the layers of each stage", "auto"),
    ] = Field(
        "auto",
        description="a number, auto (the fewest stages whose longest equals the longest layer), "
        "or the layers of each stage",
    )
    schedule: Annotated[
        Annotated[Text, AsText] | Annotated[TableSchedule, AsMapping],
        one_of_forms("the name of a schedule, a .csv file, or `table:`"),
    ] = Field("async", description="a name (`aimcsim list schedules`) or a .csv file of actions")
    micro_batch: Annotated[Count, Field(le=2**20)] = Field(1, description="samples of a micro-batch")
    micro_batches: Annotated[Count, Field(le=2**20)] = Field(
        1, description="micro-batches of a mini-batch, between two flushes"
    )
    max_in_flight: (
        Annotated[
            Annotated[Literal["M-m+1", "2(M-m)+1", "unbounded"], AsText]
            | Annotated[Count, Field(le=2**20), AsNumber]
            | Annotated[list[Annotated[Count, Field(le=2**20)]], Field(min_length=1, max_length=1024), AsList],
            one_of_forms(
                "M-m+1, 2(M-m)+1, unbounded, a whole number, or a list of one a stage",
                "M-m+1",
                "2(M-m)+1",
                "unbounded",
            ),
        ]
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
