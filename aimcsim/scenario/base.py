"""What all parts of a scenario share: strict, frozen pydantic models and the constrained number types."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, Strict

#: Largest count a scenario may ask for. Cycle arithmetic is exact at any size; this bound only turns a slip of
#: the keyboard (or a hostile file) into an error instead of a run that never ends.
LARGEST = 10**12

NAME_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$"
RUN_NAME_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$"


class Spec(BaseModel):
    """A part of a scenario: unknown keys refused, no silent conversions, immutable once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


Count = Annotated[int, Strict(), Field(ge=1, le=LARGEST)]
NonNegativeInt = Annotated[int, Strict(), Field(ge=0, le=LARGEST)]
Real = Annotated[float, Strict(), Field(allow_inf_nan=False)]
PositiveReal = Annotated[float, Strict(), Field(gt=0, le=1e12, allow_inf_nan=False)]
NonNegativeReal = Annotated[float, Strict(), Field(ge=0, le=1e12, allow_inf_nan=False)]
Flag = Annotated[bool, Strict()]
Text = Annotated[str, Strict(), Field(min_length=1, max_length=4096)]
Name = Annotated[str, Strict(), Field(pattern=NAME_PATTERN)]
RunName = Annotated[str, Strict(), Field(pattern=RUN_NAME_PATTERN)]
