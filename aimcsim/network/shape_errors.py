"""What looking at one layer's shape finds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aimcsim.errors import FieldError
from aimcsim.network.windows import Shape


class Found(NamedTuple):
    """The output's shape, None where it is unknown; errors; for a convolution the input lines of its matrix W."""

    shape: Shape | None
    errors: Sequence[FieldError] = ()
    lines: int = 0


def nothing() -> Found:
    """An input is unknown: so is the shape, and its error stands elsewhere."""
    return Found(None)


def text(shape: Shape) -> str:
    """A shape as scenario files write it."""
    return f"[{', '.join(map(str, shape))}]"
