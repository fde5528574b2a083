"""Data inside a page: columns of numbers in few bytes, and JSON that can not end its own script element.

A column becomes the base64 of a zlib stream of its byte planes: all first bytes, then all second ones. Most numbers
are small, so the higher planes are runs of zeros. Where differences take less room they are stored instead.
"""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any, TypedDict

import numpy as np

from aimcsim.report.op_table import Column

#: Types that a browser has an array for, smallest first, with the largest value that each holds exactly.
_TYPES = (("i1", 2**7 - 1), ("i2", 2**15 - 1), ("i4", 2**31 - 1), ("f8", 2**53))


class Packed(TypedDict):
    """`count` numbers of little-endian `type` (i1, i2, i4, f8); `difference`: each is the step from the one before."""

    type: str
    count: int
    difference: bool
    data: str


def packed(column: Column) -> Packed:
    """A column of whole numbers below 2^53 in size."""
    steps = np.diff(column, prepend=np.int64(0))
    plain, stepped = _compressed(column), _compressed(steps)
    difference = len(stepped[1]) < len(plain[1])
    kind, data = stepped if difference else plain
    return {
        "type": kind,
        "count": len(column),
        "difference": difference,
        "data": base64.b64encode(data).decode("ascii"),
    }


def _compressed(column: Column) -> tuple[str, bytes]:
    largest = int(np.abs(column).max(initial=0))
    kind = next((name for name, most in _TYPES if largest <= most), "f8")
    values = column.astype(f"<{kind}")
    planes = values.view(np.uint8).reshape(len(column), values.itemsize).T
    return kind, zlib.compress(np.ascontiguousarray(planes).tobytes(), 6)


#: Characters that HTML or JavaScript may take for more than a part of a string.
_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def safe_json(data: Any) -> str:
    """JSON for a script element: ASCII and no `<`, so neither `</script>` nor `<!--`. Raises ValueError for NaN."""
    return json.dumps(data, allow_nan=False, separators=(",", ":")).translate(_ESCAPES)
