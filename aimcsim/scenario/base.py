"""What all parts of a scenario share: strict, frozen pydantic models and the constrained number types."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Strict, Tag

#: Largest count a scenario may ask for. Cycle arithmetic is exact at any size; this bound only turns a slip of
#: the keyboard (or a hostile file) into an error instead of a run that never ends.
LARGEST = 10**12

NAME_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$"
RUN_NAME_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$"


class Spec(BaseModel):
    """A part of a scenario: unknown keys refused, no silent conversions, immutable once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


#: Tags of the forms that a field of several types may take. The brackets keep them apart from every key of a scenario:
#: pydantic puts the tag of the chosen form into the location of an error, and `explain` takes it out again.
AsText = Tag("(text)")
AsNumber = Tag("(number)")
AsList = Tag("(list)")
AsMapping = Tag("(mapping)")


def one_of_forms(expected: str, *words: str) -> Discriminator:
    """Choose the type of a field by the form of its value, so that a wrong value gives one message, not one a type.

    `words` are the only texts allowed (any text where there are none); `expected` completes "must be …".
    """

    def form(value: Any) -> str | None:
        if isinstance(value, str):
            return AsText.tag if not words or value in words else None
        if isinstance(value, list | tuple):
            return AsList.tag
        if isinstance(value, dict | BaseModel):
            return AsMapping.tag
        return AsNumber.tag if isinstance(value, int | float) and not isinstance(value, bool) else None

    return Discriminator(form, custom_error_type="wrong_form", custom_error_message=f"must be {expected}")


Count = Annotated[int, Strict(), Field(ge=1, le=LARGEST)]
NonNegativeInt = Annotated[int, Strict(), Field(ge=0, le=LARGEST)]
Real = Annotated[float, Strict(), Field(allow_inf_nan=False)]
PositiveReal = Annotated[float, Strict(), Field(gt=0, le=1e12, allow_inf_nan=False)]
NonNegativeReal = Annotated[float, Strict(), Field(ge=0, le=1e12, allow_inf_nan=False)]
Flag = Annotated[bool, Strict()]
Text = Annotated[str, Strict(), Field(min_length=1, max_length=4096)]
Name = Annotated[str, Strict(), Field(pattern=NAME_PATTERN)]
RunName = Annotated[str, Strict(), Field(pattern=RUN_NAME_PATTERN)]
