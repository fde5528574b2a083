"""A schedule written out by the user: one row of actions a stage, in the notation of torch.distributed.pipelining."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from aimcsim.errors import FieldError, FieldErrors
from aimcsim.pipeline.actions import BACKWARD, FORWARD, UPDATE, WEIGHT_GRADIENT, Action
from aimcsim.pipeline.schedules.base import FixedOrder, PipelineShape, Settings

PATH = ("pipeline", "schedule", "table")
_CELL = re.compile(r"(\d+)([FBUW])(\d+)")

#: The actions of one row with the column each stands in.
Row = list[tuple[int, Action]]


class Table(FixedOrder):
    """The table is one mini-batch and is repeated. `0F0` is virtual stage 0, forward, micro-batch 0.

    Virtual stage q belongs to stage q mod M, chunk q div M. Where U is missing, `pipeline.update` says whether
    updates come at the flush (default) or right after each backward; with W there is one step at the flush.
    """

    name = "table"
    summary = "a .csv file of actions, one row a stage"
    uses = frozenset({"micro_batches", "update", "chunks"})

    def __init__(self, shape: PipelineShape, settings: Settings) -> None:
        super().__init__(shape, settings)
        assert settings.table is not None
        self._rows = [list(row) for row in settings.table]
        kinds = {action.kind for row in self._rows for action in row}
        self.gradient_apart = WEIGHT_GRADIENT in kinds
        if self.gradient_apart:
            self.step = "mini-batch"
        if UPDATE not in kinds:
            self._rows = [self._with_updates(row) for row in self._rows]
        self._flushed = all(_updates_last(row) for row in self._rows)
        self._updates = [
            [[a.micro_batch for a in row if (a.kind, a.chunk) == (UPDATE, c)] for c in range(shape.chunks)]
            for row in self._rows
        ]

    def _with_updates(self, row: list[Action]) -> list[Action]:
        if self.gradient_apart:
            last = self.shape.micro_batches - 1
            return row + [Action(UPDATE, last, c) for c in range(self.shape.chunks)]
        if self.settings.update == "after-backward":
            return [a for x in row for a in ([x, Action(UPDATE, *x[1:])] if x.kind == BACKWARD else [x])]
        backwards = sorted((x.micro_batch, x.chunk) for x in row if x.kind == BACKWARD)
        return row + [Action(UPDATE, k, c) for k, c in backwards]

    @property
    def mini_batch(self) -> int:
        """B where updates come at the flush, else 1."""
        return self.shape.micro_batches if self._flushed else 1

    @property
    def period_micro_batches(self) -> int:
        """The table's micro-batches."""
        return self.shape.micro_batches

    @property
    def updates_ascend(self) -> bool:
        """False where a row writes its updates, or those of its backwards, in another order."""
        return all(order == sorted(order) for row in self._updates for order in row)

    def updates_seen(self, stage: int, chunk: int, version: int, before: int) -> int:
        """As the row orders them; a repetition of the table begins when the one before it is complete."""
        order = self._updates[stage][chunk]
        tables, rest = divmod(version, len(order))
        first = tables * len(order)
        return min(first, before) + sum(first + k < before for k in order[:rest])

    def period(self, stage: int) -> list[Action]:
        """The row of `stage`."""
        return self._rows[stage]


def _updates_last(row: Sequence[Action]) -> bool:
    kinds = [action.kind for action in row]
    return UPDATE not in kinds or BACKWARD not in kinds[kinds.index(UPDATE) :]


def parse_table(cells: Sequence[Sequence[str]], stages: int, micro_batches: int, chunks: int) -> list[list[Action]]:
    """Typed rows of a table of cells, blanks ignored. Raises FieldErrors with all that is wrong with it."""
    if len(cells) != stages:
        raise FieldError(PATH, f"has {len(cells)} rows, but there are {stages} stages")
    errors: list[FieldError] = []
    rows = [list(_parse_row(row, m, stages, chunks, errors)) for m, row in enumerate(cells)]
    for m, row in enumerate(rows):
        errors += _incomplete(row, m, micro_batches, chunks)
    if all(_updates_last([action for _, action in row]) for row in rows):
        for m, row in enumerate(rows):
            errors += _descending_flush(row, m)
    kinds = {(m, a.kind) for m, row in enumerate(rows) for _, a in row}
    for kind in (UPDATE, WEIGHT_GRADIENT):
        having = {m for m, k in kinds if k == kind}
        if having and len(having) < stages:
            errors.append(FieldError(PATH, f"{kind} must stand in every row or in none"))
    if not errors:
        errors += _deadlock(rows, stages, chunks)
    if errors:
        raise FieldErrors(errors)
    return [[action for _, action in row] for row in rows]


def _parse_row(
    row: Sequence[str], stage: int, stages: int, chunks: int, errors: list[FieldError]
) -> Iterator[tuple[int, Action]]:
    for column, cell in enumerate(row):
        text = cell.strip()
        if not text:
            continue
        match = _CELL.fullmatch(text)
        if match is None:
            errors.append(
                FieldError(
                    (*PATH, stage, column), "an action reads like 0F0 (virtual stage, F|B|U|W, micro-batch)", cell
                )
            )
            continue
        virtual, kind, micro_batch = int(match[1]), match[2], int(match[3])
        if virtual % stages != stage or virtual >= stages * chunks:
            expected = ", ".join(str(c * stages + stage) for c in range(chunks))
            errors.append(FieldError((*PATH, stage, column), f"row {stage + 1} holds virtual stage {expected}", cell))
            continue
        yield column, Action(kind, micro_batch, virtual // stages)


def _incomplete(row: Row, stage: int, micro_batches: int, chunks: int) -> Iterator[FieldError]:
    """Duplicates, gaps, numbers out of range, and U or W without their B before them."""
    seen: dict[Action, int] = {}
    for column, action in row:
        if action.micro_batch >= micro_batches:
            what = f"micro-batch must be below pipeline.micro_batches={micro_batches}"
            yield FieldError((*PATH, stage, column), what, action.micro_batch)
        if action in seen:
            yield FieldError((*PATH, stage, column), f"{_text(action)} stands in this row already")
        needed = {BACKWARD: FORWARD, UPDATE: BACKWARD, WEIGHT_GRADIENT: BACKWARD}.get(action.kind)
        if needed and action._replace(kind=needed) not in seen:
            yield FieldError(
                (*PATH, stage, column), f"{_text(action)} needs {_text(action._replace(kind=needed))} before it"
            )
        seen[action] = column
    kinds = {FORWARD, BACKWARD} | {a.kind for a in seen if a.kind == WEIGHT_GRADIENT}
    if any(a.kind == UPDATE for a in seen) and WEIGHT_GRADIENT not in kinds:
        kinds.add(UPDATE)
    wanted = [Action(kind, k, c) for kind in sorted(kinds) for c in range(chunks) for k in range(micro_batches)]
    if WEIGHT_GRADIENT in kinds:
        yield from _not_one_step(row, stage, micro_batches)
        if any(a.kind == UPDATE for a in seen):
            wanted += [Action(UPDATE, micro_batches - 1, c) for c in range(chunks)]
    for action in wanted:
        if action not in seen:
            yield FieldError((*PATH, stage), f"{_text(action)} is missing in row {stage + 1}")


def _not_one_step(row: Row, stage: int, micro_batches: int) -> Iterator[FieldError]:
    """Updates other than the one step that applies what the weight gradients W of a mini-batch have summed up."""
    last_gradient = max(column for column, action in row if action.kind == WEIGHT_GRADIENT)
    step = f"with W there is one step a chunk, U{micro_batches - 1} behind all W of the row"
    for column, action in row:
        if action.kind == UPDATE and (action.micro_batch != micro_batches - 1 or column < last_gradient):
            yield FieldError((*PATH, stage, column), step)


def _descending_flush(row: Row, stage: int) -> Iterator[FieldError]:
    """Updates of a flush that stand behind one of a later micro-batch: the order decides what pulsed updates give."""
    largest: dict[int, Action] = {}
    for column, action in row:
        if action.kind != UPDATE:
            continue
        before = largest.setdefault(action.chunk, action)
        if action.micro_batch < before.micro_batch:
            what = "a flush updates in ascending order of its micro-batches"
            yield FieldError((*PATH, stage, column), f"{what}: {_text(action)} must stand before {_text(before)}")
        else:
            largest[action.chunk] = action


def _text(action: Action) -> str:
    chunk = f" of chunk {action.chunk}" if action.chunk else ""
    return f"{action.kind}{action.micro_batch}{chunk}"


def _deadlock(rows: Sequence[Row], stages: int, chunks: int) -> list[FieldError]:
    """Run the rows with tokens; what is left when nothing can move is the deadlock."""
    cursor = [0] * stages
    done: set[tuple[str, int, int]] = set()
    last = stages * chunks - 1

    def ready(stage: int, action: Action) -> bool:
        virtual = action.chunk * stages + stage
        if action.kind == FORWARD:
            return virtual == 0 or (FORWARD, virtual - 1, action.micro_batch) in done
        if action.kind == BACKWARD:
            return virtual == last or (BACKWARD, virtual + 1, action.micro_batch) in done
        return True

    moved = True
    while moved:
        moved = False
        for stage, row in enumerate(rows):
            while cursor[stage] < len(row) and ready(stage, row[cursor[stage]][1]):
                action = row[cursor[stage]][1]
                done.add((action.kind, action.chunk * stages + stage, action.micro_batch))
                cursor[stage] += 1
                moved = True
    stuck = [(m, *rows[m][c]) for m, c in enumerate(cursor) if c < len(rows[m])]
    if not stuck:
        return []
    chain = "; ".join(f"stage {m + 1} waits to start {_text(action)}" for m, _, action in stuck)
    return [FieldError((*PATH, stuck[0][0], stuck[0][1]), f"this order deadlocks: {chain}")]
