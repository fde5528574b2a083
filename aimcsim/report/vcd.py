"""Runs as a value change dump (IEEE 1364) for GTKWave, with a save file beside it that shows the tiles as rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aimcsim import __version__
from aimcsim.report.gtkw import write_gtkw
from aimcsim.report.op_table import KINDS, Column
from aimcsim.report.run_flow import run_flow
from aimcsim.report.run_window import RunWindow
from aimcsim.report.text_columns import choices, chunks, joined, lines, merged, numbers
from aimcsim.report.vcd_clock import clock_of
from aimcsim.report.vcd_signals import BIT, IDLE, NUMBER, TEXT, Names, Signal, signals

#: Characters that identifiers of a dump are made of.
_FIRST, _COUNT = 33, 94

_KIND = {TEXT: "string 1", BIT: "wire 1"}


def write_vcd(windows: Sequence[RunWindow], file: Path) -> None:
    """Write `file` and, beside it, a save file `.gtkw`. Raises RunFolderError for a run that cannot be read."""
    names = Names(set())
    found = [signal for window in windows for signal in signals(run_flow(window), names)]
    clock = clock_of([window.summary.cycle_ns for window in windows], max(window.end for window in windows))
    width = _width(found)
    first, end = min(window.first for window in windows), max(window.end for window in windows)
    with open(file, "wb") as stream:
        about = f"aimcsim {__version__}: {clock.comment}"
        stream.write(f"$comment {about} $end\n$timescale {clock.timescale} $end\n".encode())
        stream.write("".join(_declarations(found, width)).encode())
        stream.write(b"$enddefinitions $end\n")
        changes = _in_order(found)
        _write_changes(stream, changes, clock.ticks, width)
        if changes.time[-1] < end:
            stream.write(f"#{end * clock.ticks}\n".encode())
    cycle = clock.ticks * int(clock.timescale.split()[0])
    write_gtkw(found, file, first * cycle, cycle)


def identifier(number: int) -> str:
    """The shortest free identifier of the signal with that number."""
    text = ""
    while number >= 0:
        text += chr(_FIRST + number % _COUNT)
        number = number // _COUNT - 1
    return text


def _width(found: Sequence[Signal]) -> int:
    """Bits that the largest number needs."""
    largest = [int(each.changes.value.max(initial=0)) for each in found if each.form == NUMBER]
    return max([1, *(value.bit_length() for value in largest)])


def _declarations(found: Sequence[Signal], width: int) -> Iterator[str]:
    """Scopes and their signals; those of a scope stand together."""
    at: tuple[str, ...] = ()
    for number, each in enumerate(found):
        common = next((i for i, (a, b) in enumerate(zip(at, each.scope, strict=False)) if a != b), None)
        common = min(len(at), len(each.scope)) if common is None else common
        yield "$upscope $end\n" * (len(at) - common)
        yield "".join(f"$scope module {name} $end\n" for name in each.scope[common:])
        yield f"$var {_KIND.get(each.form, f'integer {width}')} {identifier(number)} {each.name} $end\n"
        at = each.scope
    yield "$upscope $end\n" * len(at)


class _Changes(NamedTuple):
    """All changes by time ascending: which signal, its form, its new value."""

    time: Column
    signal: Column
    value: Column
    forms: tuple[str, ...]


def _in_order(found: Sequence[Signal]) -> _Changes:
    time = np.concatenate([each.changes.time for each in found])
    order = np.argsort(time, kind="stable")
    signal = np.repeat(np.arange(len(found)), [len(each.changes.time) for each in found])
    value = np.concatenate([each.changes.value for each in found])
    return _Changes(time[order], signal[order], value[order], tuple(each.form for each in found))


def _write_changes(stream: BinaryIO, changes: _Changes, ticks: int, width: int) -> None:
    names = tuple(identifier(number) for number in range(len(changes.forms)))
    forms = np.array([(TEXT, BIT, NUMBER).index(form) for form in changes.forms])
    makers: tuple[Callable[[Column], pa.Array], ...] = (_text, _bit, partial(_number, width=width))
    for part in chunks(len(changes.time)):
        time, signal, value = changes.time[part], changes.signal[part], changes.value[part]
        before = changes.time[part.start - 1] if part.start else -1
        begins = np.diff(time, prepend=before) != 0
        stamps = pc.if_else(pa.array(begins), lines("#", numbers(time * ticks), "\n"), "")
        form = forms[signal]
        texts = [(np.flatnonzero(form == i), make(value[form == i])) for i, make in enumerate(makers)]
        stream.write(joined(lines(stamps, merged(*texts), choices(names, signal), "\n")))


def _text(value: Column) -> pa.Array:
    kind = choices(tuple(KINDS), value % len(KINDS))
    shown = lines(kind, numbers(value // len(KINDS)))
    return lines("s", pc.if_else(pa.array(value == IDLE), ".", shown), " ")


def _bit(value: Column) -> pa.Array:
    return numbers(value)


def _number(value: Column, width: int) -> pa.Array:
    """Binary digits without leading zeros; z while there is no number."""
    bits = ((value[:, None] >> np.arange(width - 1, -1, -1)) & 1).astype(np.uint8) + ord("0")
    digits = pa.array(np.ascontiguousarray(bits).view(f"S{width}").ravel()).cast(pa.string())
    shortened = pc.utf8_ltrim(digits, "0")
    shortened = pc.if_else(pc.equal(shortened, ""), "0", shortened)
    return lines("b", pc.if_else(pa.array(value == IDLE), "z", shortened), " ")
