"""What `aimcsim explain` reads in a run folder: files that somebody else may have written, so all is checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import pydantic

from aimcsim.errors import RunFolderError, harmless
from aimcsim.report.run_reader import MOST
from aimcsim.trace.run_folder import SUMMARY, is_run_folder

Number = Annotated[int, pydantic.Field(ge=0, le=MOST)]
Amount = Annotated[float, pydantic.Field(ge=0, le=float(MOST))]
#: Counts of what was done may be larger than a cycle number.
Large = Annotated[float, pydantic.Field(ge=0, le=1e30)]


class _Record(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, allow_inf_nan=False, extra="ignore")


class Step(_Record):
    """The longest unit of one step of an action, and its nominal cycles."""

    unit: str
    cycles: Number


class Actions(_Record):
    """Number and cycles of one kind of action at one stage, and the steps of one."""

    count: Number
    cycles: Number
    steps: list[Step] = []


class UnitTime(_Record):
    """A time that durations are made of."""

    what: str
    value: Amount
    unit: str
    source: str


class Stage(_Record):
    """One stage: its name, and its actions by kind."""

    name: str
    actions: dict[str, Actions]

    @property
    def busy(self) -> int:
        """Cycles of all its actions."""
        return sum(own.cycles for own in self.actions.values())


class CostLine(_Record):
    """One product of a breakdown: count x unit cost."""

    what: str
    count: Large
    unit_cost: Amount
    unit: str
    source: str


class EnergyLine(CostLine):
    """A line of the energy."""

    joules: Large


class AreaLine(CostLine):
    """A line of the area."""

    mm2: Large


class Energy(_Record):
    """`energy` of a summary."""

    lines: list[EnergyLine]
    unpriced: dict[str, Large]


class Area(_Record):
    """`area` of a summary."""

    lines: list[AreaLine]


class ExplainedRun(_Record):
    """The figures of summary.json that can be traced back."""

    name: str
    schedule: str
    status: str
    durations: str
    samples: Number
    micro_batch: Number
    makespan_cycles: Number
    cycle_ns: Amount | None
    computation_density: Amount | None
    bottleneck: str | None
    energy_j: Large | None
    energy: Energy | None
    area_mm2: Large | None
    area: Area | None
    stage_actions: dict[str, Stage] = pydantic.Field(min_length=1)
    unit_times: list[UnitTime]

    @property
    def seconds(self) -> float | None:
        """Makespan in seconds, None where a cycle has no length."""
        return None if self.cycle_ns is None else self.makespan_cycles * self.cycle_ns * 1e-9


def read_explained(folder: Path) -> ExplainedRun:
    """The run in a folder. Raises RunFolderError for anything else, and for a run that says too little."""
    if not folder.is_dir():
        raise RunFolderError(f"{folder}: no such run folder")
    if not is_run_folder(folder):
        raise RunFolderError(f"{folder} is no run folder of aimcsim")
    path = folder / SUMMARY
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
        return ExplainedRun.model_validate(data)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] == "missing":
            what = "was this run written by an older version of aimcsim? run its scenario.yaml again"
            raise RunFolderError(f"{path} lacks {harmless(str(first['loc'][-1]))}; {what}") from error
        where = ".".join(harmless(str(part)) for part in first["loc"])
        raise RunFolderError(": ".join(part for part in (str(path), where, first["msg"]) if part)) from error
    except (ValueError, RecursionError) as error:
        raise RunFolderError(f"{path} is no JSON text: {error}") from error
