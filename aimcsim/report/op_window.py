"""Reading of a run folder's op log, and of it only what a timeline shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pydantic

from aimcsim.errors import RunFolderError
from aimcsim.report.op_table import KINDS, Column, OpTable
from aimcsim.trace.oplog import SKIPPED
from aimcsim.trace.run_folder import OPS

COLUMNS = ["tile", "op", "micro_batch", "start", "end", "stage", "version_read", "version_written"]
_END, _LAYER = "end", "layer"
_STRETCHES = pydantic.TypeAdapter(list[tuple[int, int]])


@dataclass(frozen=True)
class OpWindow:
    """The op log at `path`; `end` is the last cycle at which an operation in it ends, 0 for an empty log.

    `groups` holds (rows, last end) of each row group, in the order of the file, which is that of the ends.
    `skipped`: stretches of a fast-forwarded run, first cycle and end (exclusive), from which operations are missing.
    `has_layers`: False where every tile holds one layer and is called by it.
    """

    path: Path
    end: int
    groups: tuple[tuple[int, int], ...]
    skipped: tuple[tuple[int, int], ...] = ()
    has_layers: bool = True

    def skipped_within(self, first: int, end: int) -> tuple[tuple[int, int], ...]:
        """The parts of the cycles from `first` to `end` (exclusive) from which operations are missing."""
        cut = ((max(first, a), min(end, b)) for a, b in self.skipped)
        return tuple((a, b) for a, b in cut if a < b)

    @property
    def rows(self) -> int:
        """Operations in the log."""
        return sum(rows for rows, _ in self.groups)

    def end_of_the_first(self, operations: int) -> int:
        """Last end within the row groups that hold the first `operations`, at least one group; 0 for an empty log."""
        end = counted = 0
        for number, (rows, last) in enumerate(self.groups):
            counted += rows
            if counted > operations and number:
                break
            end = max(end, last)
        return end

    def table(self, first: int, end: int, tiles: Sequence[str]) -> OpTable:
        """Operations of `tiles` that touch the cycles from `first` to `end` (exclusive). Raises RunFolderError.

        One of no length is at its cycle; at the end of the log it belongs to a window that ends there. Only the row
        groups that can hold such operations are read.
        """
        start = pc.field("start")
        begun = start <= end if end == self.end else start < end
        name = pc.field("tile")
        # An operation of no tile is read too, to be refused.
        known = name.isin(list(tiles)) | name.is_null()
        wanted = begun & ((pc.field(_END) > first) | (start >= first)) & known
        try:
            table = pq.read_table(self.path, columns=[*COLUMNS, *([_LAYER] if self.has_layers else [])], filters=wanted)
            tile = pc.index_in(table.column("tile").cast(pa.string()), pa.array(tiles, pa.string()))
            kind = pc.index_in(table.column("op").cast(pa.string()), pa.array(tuple(KINDS), pa.string()))
            written = pc.fill_null(table.column("version_written"), -1)
            numbers = [table.column(name) for name in ("stage", "micro_batch", "start", _END, "version_read")]
            columns = [_whole(column) for column in (tile, *numbers, kind, written)]
            layers, layer = _layers(table)
        except (pa.ArrowException, OSError, TypeError, KeyError) as error:
            raise _broken(self.path, error) from error
        tile, stage, micro_batch, start, ends, read, kind, written = columns
        return OpTable(
            tuple(tiles), first, end, tile, stage, kind, micro_batch, start, ends, read, written, layer, layers
        )

    def first_pass_end(self) -> int:
        """When the first stage is done with micro-batch 0, its update included. Raises RunFolderError."""
        wanted = [("stage", "==", 1), ("micro_batch", "==", 0)]
        try:
            ends = pq.read_table(self.path, columns=[_END], filters=wanted).column(_END).to_pylist()
            return max(ends, default=self.end)
        except (pa.ArrowException, OSError, TypeError) as error:
            raise _broken(self.path, error) from error

    def entry_of(self, micro_batch: int) -> int | None:
        """When the first stage begins with `micro_batch`; None where the log lacks it. Raises RunFolderError."""
        wanted = [("stage", "==", 1), ("micro_batch", "==", micro_batch)]
        try:
            starts = pq.read_table(self.path, columns=["start"], filters=wanted).column("start").to_pylist()
            return min(starts, default=None)
        except (pa.ArrowException, OSError, TypeError) as error:
            raise _broken(self.path, error) from error


def open_ops(folder: Path) -> OpWindow:
    """The op log of a run folder. Raises RunFolderError where there is none, or none that can be read."""
    path = folder / OPS
    if not path.is_file():
        raise RunFolderError(f"{folder} has no {OPS}: the run kept no op log (trace.ops: none)")
    try:
        metadata = pq.read_metadata(path)
    except (pa.ArrowException, OSError) as error:
        raise _broken(path, error) from error
    names = metadata.schema.names
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise RunFolderError(f"{path} is no op log: it has no column {', '.join(missing)}")
    ends = [_largest_end(metadata.row_group(i), names.index(_END)) for i in range(metadata.num_row_groups)]
    if None in ends:
        raise RunFolderError(f"{path} is no op log of aimcsim: it has no statistics of its ends")
    rows = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    groups = tuple((count, end) for count, end in zip(rows, ends, strict=True) if end is not None)
    skipped, end = _skipped(path, metadata.metadata), max((end for _, end in groups), default=0)
    return OpWindow(path, end, groups, skipped, _LAYER in names)


def stage_of(tile: str) -> int:
    """Stage that a tile's name `s2.fc2.r0c1` begins with; 0 for a name of another form."""
    match = re.match(r"s(\d{1,9})\.", tile)
    return int(match[1]) if match else 0


def _largest_end(row_group: Any, column: int) -> int | None:
    statistics = row_group.column(column).statistics
    largest = None if statistics is None or not statistics.has_min_max else statistics.max
    return largest if isinstance(largest, int) else None


def _skipped(path: Path, metadata: dict[bytes, bytes] | None) -> tuple[tuple[int, int], ...]:
    """What a fast-forwarded run says of its log. Raises RunFolderError where it says no such thing."""
    text = (metadata or {}).get(SKIPPED.encode(), b"[]")
    try:
        return tuple(_STRETCHES.validate_json(text, strict=True))
    except pydantic.ValidationError as error:
        raise RunFolderError(f"{path} is no op log of aimcsim: {SKIPPED} is no list of stretches of cycles") from error


def _whole(column: pa.ChunkedArray | pa.Array) -> Column:
    if column.null_count:
        raise TypeError("an operation of another form")
    return np.asarray(column.cast(pa.int64()), np.int64)


def _layers(table: pa.Table) -> tuple[tuple[str, ...], Column]:
    """Names of layers, and for each operation its place among them: that of its tile, where the log does not say."""
    names = pc.replace_substring_regex(table.column("tile").cast(pa.string()), r"^s\d+\.([^.]*)\..*$", r"\1")
    if _LAYER in table.column_names:
        names = pc.coalesce(table.column(_LAYER).cast(pa.string()), names)
    found = names.combine_chunks().dictionary_encode()
    return tuple(found.dictionary.to_pylist()), _whole(found.indices)


def _broken(path: Path, error: Exception) -> RunFolderError:
    reason = str(error).partition("\n")[0]
    return RunFolderError(f"{path} cannot be read, it is truncated or no op log: {reason}")
