"""Text from columns of numbers: millions of lines without a loop over them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aimcsim.report.op_table import Column

#: Lines that are made at a time: it bounds the memory.
LINES = 1 << 16

Part: TypeAlias = "str | pa.Array"


def chunks(count: int) -> Iterator[slice]:
    """Slices of LINES that cover `count`."""
    for begin in range(0, count, LINES):
        yield slice(begin, min(begin + LINES, count))


def numbers(column: Column) -> pa.Array:
    """Whole numbers as text."""
    return pa.array(np.ascontiguousarray(column)).cast(pa.string())


def numbers_or_null(column: Column, applies: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> pa.Array:
    """Whole numbers as text, `null` where they do not apply."""
    return pc.if_else(pa.array(applies), numbers(column), "null")


def choices(words: tuple[str, ...], column: Column) -> pa.Array:
    """`words[i]` for each i of the column."""
    return pa.array(words, pa.string()).take(pa.array(np.ascontiguousarray(column)))


def lines(*parts: Part) -> pa.Array:
    """The parts of each line joined; at least one of them is a column."""
    return pc.binary_join_element_wise(*parts, "")


def merged(*columns: tuple[Column, pa.Array]) -> pa.Array:
    """Lines of several (keys, lines), by ascending key; of equal keys in the order given."""
    order = np.argsort(np.concatenate([keys for keys, _ in columns]), kind="stable")
    return pa.concat_arrays([text for _, text in columns]).take(pa.array(order))


def joined(column: pa.Array) -> bytes:
    """All lines one after another; the column has no nulls."""
    if not len(column):
        return b""
    offsets = np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column) + 1]
    return bytes(column.buffers()[2].slice(int(offsets[0]), int(offsets[-1] - offsets[0])))
