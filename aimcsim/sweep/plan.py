"""What study.json says: the points of a study, and what they are compared by."""

from __future__ import annotations

from typing import Any, Literal

import pydantic

Kind = Literal["sweep", "search"]


class Planned(pydantic.BaseModel):
    """A point as study.json names it; `error` where its scenario is none."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    id: str = pydantic.Field(pattern="^[0-9a-f]{16}$")
    settings: dict[str, Any]
    trial: int | None = None
    error: str | None = None


class Plan(pydantic.BaseModel):
    """study.json. `total` is the number of points in the end, `goals` a search's values and whether more is better."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: Kind
    total: int
    axes: list[str]
    goals: dict[str, bool] = {}
    points: list[Planned]
