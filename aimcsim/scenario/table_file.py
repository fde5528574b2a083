"""Reading of a schedule written out as a CSV file: one row a stage."""

from __future__ import annotations

import csv
import io

from aimcsim.scenario.marks import Draft, Mark, Marks
from aimcsim.scenario.text_file import TextError, checked_text

#: Most cells of a table.
MOST_CELLS = 200_000


def parse_table(content: bytes, file: str) -> Draft:
    """`content` of `file` as the data of a TableSchedule; what is wrong is in `findings`, nothing is raised."""
    try:
        return _rows(checked_text(content, file), file)
    except TextError as error:
        return error.draft()


def _rows(text: str, file: str) -> Draft:
    lines = list(io.StringIO(text, newline=""))
    reader = csv.reader(lines, strict=True)
    table: list[list[str]] = []
    marks = Marks(Mark(file))
    marks.add(("table",), Mark(file))
    line, count = 1, 0
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                number = len(table)
                marks.add(("table", number), Mark(file, line))
                for place, column in enumerate(_columns(row, lines[line - 1])):
                    marks.add(("table", number, place), Mark(file, line, column))
                table.append([cell.strip() for cell in row])
                count += len(row)
                if count > MOST_CELLS:
                    raise TextError(f"more than {MOST_CELLS} cells", Mark(file, line))
            line = reader.line_num + 1
    except csv.Error as error:
        raise TextError(f"not valid CSV: {error}", Mark(file, line)) from None
    if not table:
        raise TextError("holds no schedule: one row a stage is needed", Mark(file))
    return Draft({"table": table}, marks)


def _columns(row: list[str], line: str) -> list[int]:
    """The column of each cell's first character that is no blank; 1 throughout in a row with quotes."""
    if '"' in line:
        return [1] * len(row)
    columns, start = [], 1
    for cell in row:
        columns.append(start + len(cell) - len(cell.lstrip()))
        start += len(cell) + 1
    return columns
