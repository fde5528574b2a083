"""`aimcsim explain`: each figure of a run as counts times lengths or unit costs, with where those are from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from aimcsim.errors import harmless
from aimcsim.report.explain_reader import AreaLine, CostLine, EnergyLine, ExplainedRun, Stage, Step
from aimcsim.report.figures import figure, sentence

#: Stages that are shown; summary.json has all.
MOST_STAGES = 32
#: Lines of a breakdown and counts without a unit cost that are shown: a run has no more.
MOST_LINES = 64
#: Steps of an action that are shown.
MOST_STEPS = 6
DURATIONS = {
    "fixed": "no time depends on the data",
    "nominal": "pulse trains are taken at their desired length",
    "measured": "as the data needed them, so that lengths are means",
}
KINDS = {"F": "forward", "B": "backward", "W": "weight gradient", "U": "update", "T": "transfer"}


def explanation(run: ExplainedRun) -> Iterator[RenderableType]:
    """The parts, top to bottom."""
    sources = Sources()
    yield Text(f"{harmless(run.name)}: {harmless(run.schedule)}, {run.samples} samples, {harmless(run.status)}")
    yield from _makespan(run, sources)
    yield from _density(run)
    yield from _energy(run, sources)
    yield from _area(run, sources)
    yield from sources.legend()


class Sources:
    """Numbers the sources in the order in which they are met."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def mark(self, source: str) -> str:
        """`[1]` for the first source."""
        return f"[{self._numbers.setdefault(source, len(self._numbers) + 1)}]"

    def legend(self) -> Iterator[Text]:
        """A line for every source."""
        if self._numbers:
            yield Text("\nsources", "bold")
        for source, number in self._numbers.items():
            yield Text(f"[{number}] {sentence(source)}")


def _makespan(run: ExplainedRun, sources: Sources) -> Iterator[RenderableType]:
    number, stage = max(run.stage_actions.items(), key=lambda item: item[1].busy)
    seconds = "" if run.cycle_ns is None else f" of {run.cycle_ns:g} ns = {figure(run.seconds)} s"
    yield Text(f"\nmakespan: {run.makespan_cycles} cycles{seconds}", "bold")
    names = ("actions", "number", "cycles each", "cycles", "of the makespan", "steps of one, nominal cycles")
    table = _table(names, f"The busiest stage, {harmless(stage.name) or harmless(number)}:")
    for kind, own in stage.actions.items():
        name = f"{harmless(kind)} {KINDS.get(kind, '')}".strip()
        each = _each(own.cycles, own.count)
        table.add_row(name, str(own.count), each, str(own.cycles), _share(own.cycles, run), _steps(own.steps))
    waiting = run.makespan_cycles - stage.busy
    table.add_row("waiting, fill and drain", "", "", str(waiting), _share(waiting, run), "")
    table.add_row("makespan", "", "", str(run.makespan_cycles), _share(run.makespan_cycles, run), "")
    yield table
    yield Text(f"durations: {harmless(run.durations)}; {DURATIONS.get(run.durations, '')}")
    if run.unit_times:
        parts = (f"{harmless(t.what)} {t.value:g} {harmless(t.unit)} {sources.mark(t.source)}" for t in run.unit_times)
        many = any("MVM" in time.unit for time in run.unit_times)
        times = f" (an action takes {run.micro_batch} samples, each once a position of its layer)" if many else ""
        yield Text(f"unit times: {', '.join(parts)}{times}")
    if run.bottleneck is not None:
        yield Text(f"bottleneck: {sentence(run.bottleneck)}")


def _steps(steps: Sequence[Step]) -> str:
    shown = " + ".join(f"{harmless(step.unit)} {step.cycles}" for step in steps[:MOST_STEPS])
    return f"{shown} + …" if len(steps) > MOST_STEPS else shown


def _density(run: ExplainedRun) -> Iterator[RenderableType]:
    yield Text(f"\ncomputation density: {figure(run.computation_density)}", "bold")
    table = _table(("stage", "busy cycles", "of the makespan"), "Busy cycles / (stages x makespan):")
    stages: Sequence[Stage] = list(run.stage_actions.values())
    for stage in stages[:MOST_STAGES]:
        table.add_row(harmless(stage.name), str(stage.busy), _share(stage.busy, run))
    if len(stages) > MOST_STAGES:
        table.add_row(f"… and {len(stages) - MOST_STAGES} more", "", "")
    busy = sum(stage.busy for stage in stages)
    whole = len(stages) * run.makespan_cycles
    table.add_row("all", f"{busy} / {whole}", f"{busy / whole:.1%}" if whole else figure(None))
    yield table


def _energy(run: ExplainedRun, sources: Sources) -> Iterator[RenderableType]:
    if run.energy is None or run.energy_j is None:
        yield Text("\nenergy: none, the hardware gives no unit costs (hardware.energy)", "bold")
        return
    yield Text(f"\nenergy: {figure(run.energy_j)} J, {figure(run.energy_j / max(1, run.samples))} J a sample", "bold")
    table = _table(("what", "count", "unit cost", "joules", "share", "source"))
    for line in run.energy.lines[:MOST_LINES]:
        table.add_row(*_line(line), figure(line.joules), _part(line.joules, run.energy_j), sources.mark(line.source))
    table.add_row("sum", "", "", figure(sum(line.joules for line in run.energy.lines)), "", "")
    yield table
    if run.energy.unpriced:
        counts = list(run.energy.unpriced.items())[:MOST_LINES]
        parts = ", ".join(f"{harmless(name)} {_count(count)}" for name, count in counts)
        yield Text(f"without a unit cost of their own, and so no part of it: {parts}")


def _area(run: ExplainedRun, sources: Sources) -> Iterator[RenderableType]:
    if run.area is None or run.area_mm2 is None:
        yield Text("\narea: none, the hardware gives no areas (hardware.area)", "bold")
        return
    yield Text(f"\narea: {figure(run.area_mm2)} mm2", "bold")
    table = _table(("what", "count", "unit area", "mm2", "share", "source"))
    for line in run.area.lines[:MOST_LINES]:
        table.add_row(*_line(line), figure(line.mm2), _part(line.mm2, run.area_mm2), sources.mark(line.source))
    yield table


def _line(line: EnergyLine | AreaLine | CostLine) -> tuple[str, str, str]:
    return harmless(line.what), _count(line.count), f"{line.unit_cost:.6g} {harmless(line.unit)}"


def _table(heads: Sequence[str], title: str | None = None) -> Table:
    table = Table(*heads, title=title, title_justify="left", title_style="")
    for column in table.columns[1:]:
        column.justify = "left" if str(column.header).startswith(("source", "steps")) else "right"
    table.columns[-1].overflow = "fold"
    return table


def _count(count: float) -> str:
    return str(int(count)) if count == int(count) else f"{count:.6g}"


def _each(cycles: int, count: int) -> str:
    if not count:
        return figure(None)
    return str(cycles // count) if cycles % count == 0 else f"{cycles / count:.2f} on average"


def _share(cycles: int, run: ExplainedRun) -> str:
    return f"{cycles / run.makespan_cycles:.1%}" if run.makespan_cycles else figure(None)


def _part(part: float, whole: float) -> str:
    return f"{part / whole:.1%}" if whole else figure(None)
