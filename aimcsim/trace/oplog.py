"""The op log: one row per tile operation, streamed to a Parquet file in row groups.

Columns: tile (name), stage (from 1), op (F B U W T), micro_batch, start, end (cycles), version_read, version_written
(null where nothing was written); where layers share tiles, also layer (whose array on the tile it is, or what the node
computes). Rows are ordered by end, then start, then unit, whatever the order in which the event queue produced them.
The log of a fast-forwarded run has gaps, which the file's metadata lists.
"""

from __future__ import annotations

import json
import os
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from aimcsim.hardware.floorplan import Unit
from aimcsim.pipeline.seam import Jump
from aimcsim.trace.row_spool import COLUMNS, Rows, RowSpool

#: Operations a row group holds, about 0.5 MB on disk.
ROW_GROUP = 1 << 16

KINDS = ("F", "B", "U", "W", "T")

#: Key of the file's metadata under which a fast-forwarded run lists the stretches it lacks, as JSON [[first, end], …]:
#: of the operations that touch the cycles from `first` to `end` (exclusive) some or all are missing.
SKIPPED = "aimcsim.skipped_cycles"
_CODE = {kind: code for code, kind in enumerate(KINDS)}

SCHEMA = pa.schema(
    [
        ("tile", pa.dictionary(pa.int32(), pa.string())),
        ("stage", pa.int32()),
        ("op", pa.dictionary(pa.int8(), pa.string())),
        ("micro_batch", pa.int64()),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("version_read", pa.int64()),
        ("version_written", pa.int64()),
    ],
    metadata={b"aimcsim.time_unit": b"cycle"},
)
#: The further column of a log in which the name of a tile does not tell the layer.
LAYER = pa.field("layer", pa.dictionary(pa.int32(), pa.string()))


class OpLog:
    """Writes operations to `path`; `first_cycles` keeps only those that start before that cycle (None: all).

    With a `spool` the rows wait there, row group by row group, until the log is closed: a Parquet file can not be gone
    on with after a crash, a spool can. The file that comes of it is the same.
    """

    def __init__(
        self, path: Path, units: Sequence[Unit], first_cycles: int | None = None, spool: RowSpool | None = None
    ) -> None:
        self.path = path
        self._tiles, self._tile_of = _numbered([unit.tile for unit in units])
        self._layers, self._layer_of = _numbered([unit.layer for unit in units])
        self._schema = SCHEMA.append(LAYER) if any(unit.on for unit in units) else SCHEMA
        self._kinds = pa.array(KINDS, pa.string())
        self._stages = np.array([unit.stage + 1 for unit in units], np.int32)
        self._limit = first_cycles
        self._rows = array("q")
        self._full = ROW_GROUP * COLUMNS
        self._skipped: list[list[int]] = []
        self._spool = spool
        self._writer = None if spool is not None else self._new_file()

    def append(
        self, unit: int, kind: str, micro_batch: int, start: int, end: int, version_read: int, version_written: int
    ) -> None:
        """Add one operation; `version_written` -1 becomes null."""
        if self._limit is not None and start >= self._limit:
            return
        self._rows.extend((unit, _CODE[kind], micro_batch, start, end, version_read, version_written))
        if len(self._rows) >= self._full:
            self._write(keep_last_cycle=True)

    def skip(self, jump: Jump) -> None:
        """Operations that touch the cycles of `jump` may be missing: the file's metadata will say so."""
        if self._limit is None or jump.first < self._limit:
            self._skipped.append([jump.first, jump.end])

    def close(self) -> None:
        """Write what is left and finish the file."""
        if self._writer is None:
            assert self._spool is not None
            self._writer = self._new_file()
            for rows in self._spool.groups():
                self._put(rows)
        self._write(keep_last_cycle=False)
        if self._skipped:
            self._writer.add_key_value_metadata({SKIPPED: json.dumps(self._skipped)})
        self._writer.close()
        with open(self.path, "rb") as written:
            os.fsync(written.fileno())

    def abandon(self) -> None:
        """Close and remove the file: the run has failed."""
        if self._writer is not None:
            self._writer.close()
        self.path.unlink(missing_ok=True)

    def state(self) -> dict[str, Any]:
        """Rows that wait for their row group, and how far the spool has come; that part of it is on disk then."""
        assert self._spool is not None
        rows = np.array(self._rows, np.int64).reshape(-1, COLUMNS)
        return {"rows": rows, "full": self._full, "spool": self._spool.mark()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Put back what `state` gave; the spool has been opened at its mark."""
        self._rows, self._full = array("q", state["rows"].tobytes()), state["full"]

    def _new_file(self) -> pq.ParquetWriter:
        return pq.ParquetWriter(self.path, self._schema, compression="zstd")

    def _put(self, rows: Rows) -> None:
        """One row group more."""
        if self._writer is None:
            assert self._spool is not None
            self._spool.append(rows)
        else:
            self._writer.write_table(self._table(rows), row_group_size=len(rows))

    def _write(self, keep_last_cycle: bool) -> None:
        """Write the buffered rows in canonical order; rows of the last cycle may still get company."""
        if not self._rows:
            return
        rows = np.frombuffer(self._rows, np.int64).reshape(-1, COLUMNS)
        rows = rows[np.lexsort((rows[:, 0], rows[:, 3], rows[:, 4]))]
        kept = rows[:0]
        if keep_last_cycle:
            last = int(np.searchsorted(rows[:, 4], rows[-1, 4]))
            rows, kept = rows[:last], rows[last:]
        self._rows = array("q", kept.tobytes())
        if len(kept) * COLUMNS >= self._full:
            self._full = 2 * len(kept) * COLUMNS
        if len(rows):
            self._put(rows)

    def _table(self, rows: Rows) -> pa.Table:
        unit, kind, micro_batch, start, end, read, written = rows.T
        columns = [
            pa.DictionaryArray.from_arrays(pa.array(self._tile_of[unit]), self._tiles),
            pa.array(self._stages[unit]),
            pa.DictionaryArray.from_arrays(pa.array(kind, pa.int8()), self._kinds),
            pa.array(micro_batch),
            pa.array(start),
            pa.array(end),
            pa.array(read),
            pa.array(written, mask=written < 0),
            pa.DictionaryArray.from_arrays(pa.array(self._layer_of[unit]), self._layers),
        ]
        return pa.table(columns[: len(self._schema)], schema=self._schema)


def _numbered(names: Sequence[str]) -> tuple[pa.Array, Any]:
    """The names, each once, and where each of `names` stands among them."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return pa.array(list(numbers), pa.string()), np.array([numbers[name] for name in names], np.int32)


class NoOpLog:
    """Stands in for the op log where the scenario asks for none."""

    def append(
        self, unit: int, kind: str, micro_batch: int, start: int, end: int, version_read: int, version_written: int
    ) -> None:
        """Forget the operation."""

    def skip(self, jump: Jump) -> None:
        """Nothing is missing where nothing is kept."""

    def close(self) -> None:
        """Nothing to finish."""

    def abandon(self) -> None:
        """Nothing to remove."""

    def state(self) -> None:
        """Nothing that changes."""

    def load_state(self, state: None) -> None:
        """Nothing to put back."""
