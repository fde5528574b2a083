"""The table of a study: one Parquet file, a row a point, a column a setting and a figure."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from aimcsim.sweep.axes import text_of
from aimcsim.sweep.folder import TABLE
from aimcsim.sweep.whole_files import write_whole
from aimcsim.trace.definitions import DEFINITIONS

if TYPE_CHECKING:
    from aimcsim.sweep.folder import StudyFolder

_INT64 = 2**63


def write_table(rows: Sequence[dict[str, Any]], folder: StudyFolder) -> None:
    """Replace the table of `folder`, whole or not at all."""
    stream = io.BytesIO()
    pq.write_table(table_of(rows), stream, compression="zstd")
    write_whole(folder.path / TABLE, stream.getvalue())


def table_of(rows: Sequence[dict[str, Any]]) -> pa.Table:
    """The rows as a table whose columns are those of all rows; what a row lacks is null.

    A column is of whole numbers, floats or truth values where all its values are, else of text. Columns carry
    the definition of their figure as metadata.
    """
    names = dict.fromkeys(name for row in rows for name in row)
    columns = [_column([row.get(name) for row in rows]) for name in names]
    fields = [_field(name, column.type) for name, column in zip(names, columns, strict=True)]
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def _field(name: str, kind: pa.DataType) -> pa.Field:
    definition = DEFINITIONS.get(name.split(".")[0])
    return pa.field(name, kind, metadata=None if definition is None else {"definition": definition})


def _column(values: list[Any]) -> pa.Array:
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {bool}:
        return pa.array(values, pa.bool_() if kinds else pa.null())
    if kinds <= {int, float}:
        whole = kinds == {int} and all(-_INT64 <= value < _INT64 for value in values if value is not None)
        return pa.array(
            values if whole else [None if value is None else float(value) for value in values],
            pa.int64() if whole else pa.float64(),
        )
    return pa.array([None if value is None else text_of(value) for value in values], pa.string())
