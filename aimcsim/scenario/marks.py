"""Where the values and keys of a scenario stand in its files, and what was found wrong on the way."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aimcsim.errors import NOT_SHOWN, FieldErrors, Problem, ScenarioError, dotted

#: The place of a value in a scenario: keys and list indices from the root.
FieldPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Mark:
    """A place in a file; line and column count from 1, columns in characters."""

    file: str
    line: int = 1
    column: int = 1


class Marks:
    """The marks of one scenario, which may come from several files."""

    def __init__(self, root: Mark) -> None:
        self._values: dict[FieldPath, Mark] = {(): root}
        self._keys: dict[FieldPath, Mark] = {}
        #: Files in the order in which they were first needed, the scenario file first: the order of a report.
        self.files: list[str] = [root.file]

    def add(self, path: FieldPath, value: Mark, key: Mark | None = None) -> None:
        """Note where the value at `path` stands, and its key where it has one."""
        self._values[path] = value
        if key is not None:
            self._keys[path] = key
        if value.file not in self.files:
            self.files.append(value.file)

    def value(self, path: Sequence[str | int]) -> Mark:
        """The mark of the value at `path`, or of its nearest ancestor that has one."""
        at = tuple(path)
        while at not in self._values:
            at = at[:-1]
        return self._values[at]

    def key(self, path: Sequence[str | int]) -> Mark:
        """The mark of the key at the end of `path`, or else of its value."""
        return self._keys.get(tuple(path)) or self.value(path)

    def owner(self, path: Sequence[str | int]) -> Mark:
        """Where to say that the mapping at `path` lacks a key: at its own key, unless that is in another file."""
        key, value = self.key(path), self.value(path)
        return key if key.file == value.file else value

    def graft(self, path: FieldPath, other: Marks) -> None:
        """Replace the marks at and below `path` by those of `other`, whose root is put there."""
        depth = len(path)
        for table in (self._values, self._keys):
            for old in [old for old in table if len(old) > depth and old[:depth] == path]:
                del table[old]
        self._values.update((path + below, mark) for below, mark in other._values.items())
        self._keys.update((path + below, mark) for below, mark in other._keys.items())
        self.files.extend(file for file in other.files if file not in self.files)

    def copy(self) -> Marks:
        """Marks of their own."""
        return self.part(())

    def part(self, path: FieldPath) -> Marks:
        """The marks at and below `path`, which becomes the root."""
        depth, part = len(path), Marks(self.value(path))
        for table, own in ((self._values, part._values), (self._keys, part._keys)):
            own.update((at[depth:], mark) for at, mark in table.items() if at[:depth] == path)
        part.files += [file for file in self.files if file not in part.files]
        return part

    def sorted(self, problems: Sequence[Problem]) -> list[Problem]:
        """`problems` without repetitions in file order, files in the order of `files`."""
        rank = {file: number for number, file in enumerate(self.files)}
        once = {str(problem): problem for problem in problems}.values()
        return sorted(once, key=lambda each: (rank.get(each.file, len(rank)), each.line, each.column))


class Spelled(str):
    """An offending value in words of its own, shown without quotes."""

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Finding:
    """Something wrong at `path`, before the report is written."""

    path: FieldPath
    what: str
    mark: Mark
    got: Any = NOT_SHOWN

    def problem(self) -> Problem:
        """The line of the report."""
        return Problem(self.mark.file, self.mark.line, self.mark.column, dotted(self.path), self.what, self.got)


@dataclass
class Draft:
    """Plain data on its way to become a scenario.

    `broken` holds the paths whose value could not be read: they hold None, and later checks say nothing about them.
    """

    data: Any
    marks: Marks
    findings: list[Finding] = field(default_factory=list)
    broken: set[FieldPath] = field(default_factory=set)

    def fail(
        self, path: FieldPath, what: str, got: Any = NOT_SHOWN, mark: Mark | None = None, broken: bool = False
    ) -> None:
        """Note what is wrong at `path`; `broken`: its value is lost."""
        self.findings.append(Finding(path, what, mark or self.marks.value(path), got))
        if broken:
            self.broken.add(path)

    def graft(self, path: FieldPath, part: Draft) -> None:
        """Take over marks and findings of `part`, whose data the caller puts at `path`."""
        self.broken = {old for old in self.broken if old[: len(path)] != path}
        self.broken.update(path + below for below in part.broken)
        self.findings.extend(Finding(path + each.path, each.what, each.mark, each.got) for each in part.findings)
        self.marks.graft(path, part.marks)

    def copy(self) -> Draft:
        """A draft of its own, whose changes stay where they are made."""
        return Draft(copy.deepcopy(self.data), self.marks.copy(), list(self.findings), set(self.broken))

    def part(self, path: FieldPath) -> Draft:
        """The value at `path` as a draft of its own, without findings; `path` must lead somewhere."""
        data = self.data
        for step in path:
            data = data[step]
        return Draft(copy.deepcopy(data), self.marks.part(path))

    def is_broken(self, path: FieldPath) -> bool:
        """Whether `path` lies at or below a value that could not be read."""
        return any(path[:length] in self.broken for length in range(len(path) + 1))

    def error(self, more: Sequence[Problem] = ()) -> ScenarioError | None:
        """All that was found so far, and `more`, as one error; None where there is nothing."""
        problems = self.marks.sorted([*(each.problem() for each in self.findings), *more])
        return ScenarioError(problems) if problems else None


def problems_from_field_errors(errors: FieldErrors, marks: Marks) -> ScenarioError:
    """Field errors that another room raised, as a report with file, line and column.

    A path without a mark of its own (a key left out, a default) is cited at its nearest ancestor.
    """
    found = [Finding(each.path, each.what, marks.value(each.path), each.got).problem() for each in errors.errors]
    return ScenarioError(marks.sorted(found))
