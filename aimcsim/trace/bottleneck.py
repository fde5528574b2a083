"""The bottleneck in words: the critical cycle of a fixed order, or the critical path of what a policy did."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from aimcsim.assembly import Assembly
from aimcsim.errors import Deadlock
from aimcsim.hardware.floorplan import Floorplan
from aimcsim.pipeline.actions import Action
from aimcsim.pipeline.cycle_ratio import maximum_cycle_ratio
from aimcsim.pipeline.event_graph import Edge, EventGraph, event_graph
from aimcsim.pipeline.schedules.base import FixedOrder
from aimcsim.trace.critical_path import critical_shares

#: Largest period (actions of all stages) whose event graph is searched: beyond it the search would outlast the run.
MOST_ACTIONS = 20_000

#: Most changes of stage that a critical cycle is spelt out with.
MOST_RUNS = 8

KIND_ORDER = "FBWUT"


def describe_bottleneck(assembly: Assembly, trained: bool, ops: Path | None) -> str | None:
    """One sentence, or None where nothing can be said (a policy without an op log, too few actions).

    Transfers are no part of a schedule's period: runs with them are judged by their log.
    """
    plan, schedule = assembly.plan, assembly.schedule
    if not needs_log(assembly, trained):
        assert isinstance(schedule, FixedOrder)
        graph = event_graph(plan)
        try:
            ratio, edges = maximum_cycle_ratio(graph)
        except Deadlock:
            # The run was too short for its links to fill up.
            return "no steady state: a longer run would deadlock on full links"
        lag = sum(edge.lag for edge in edges)
        words = _cycle_in_words(graph, edges, plan.floorplan, int(ratio * lag))
        return f"{words} = {_cycles(int(ratio * lag))} {_per(lag, schedule.period_micro_batches)}"
    if ops is None:
        return None
    shares = critical_shares(ops, plan)
    if shares is None:
        return None
    parts = ", ".join(f"{stage_name(plan.floorplan, m)} {kind} {share:.0%}" for (m, kind), share in shares.parts)
    return f"critical path, cycles {shares.first} to {shares.last}: {parts}"


def needs_log(assembly: Assembly, trained: bool) -> bool:
    """True where the bottleneck follows from what the run did, not from its schedule alone."""
    plan, schedule = assembly.plan, assembly.schedule
    if not isinstance(schedule, FixedOrder) or plan.floorplan.plan.transfers:
        return True
    if trained and (assembly.times.depends_on_data or plan.times.products_repeated):
        return True
    return schedule.period_micro_batches * len(plan.floorplan.chunks) * len(KIND_ORDER) > MOST_ACTIONS


def stage_name(floorplan: Floorplan, stage: int) -> str:
    """`stage 2 (fc2)` for the stage with index 1."""
    layers = floorplan.stage_layers(stage)
    shown = "+".join(layers[:3]) + ("+…" if len(layers) > 3 else "")
    return f"stage {stage + 1} ({shown})"


def _cycle_in_words(graph: EventGraph, edges: list[Edge], floorplan: Floorplan, total: int) -> str:
    """The actions of a cycle in the order in which they wait for each other, from the lowest stage's F.

    A long way round is summed up by stage instead.
    """
    # An edge shorter than its action leaves at the action's start, which frees room on a link: its cycles are no part.
    sources = ((graph.actions[e.source], e.delay) for e in edges if e.source < len(graph.actions))
    actions = [action for action, delay in sources if delay >= action[2]]
    if not actions:
        return _link_in_words(graph, edges, floorplan, total)
    first = min(range(len(actions)), key=lambda i: (actions[i][0], KIND_ORDER.find(actions[i][1].kind), i))
    runs = [list(run) for _, run in groupby(actions[first:] + actions[:first], lambda a: a[0])]
    if len(runs) > MOST_RUNS:
        runs = [[a for a in actions if a[0] == stage] for stage in sorted({a[0] for a in actions})]
    if len(runs) == 1:
        runs[0].sort(key=lambda a: KIND_ORDER.find(a[1].kind))
    words = [f"{stage_name(floorplan, run[0][0])}: {_sum_in_words(run)}" for run in runs]
    links = total - sum(cycles for _, _, cycles in actions)
    return " → ".join([*words, f"links and loss {links}"] if links else words)


def _link_in_words(graph: EventGraph, edges: list[Edge], floorplan: Floorplan, total: int) -> str:
    """A cycle of messages alone: a link that is too narrow, or full until the far end takes what has arrived."""
    message = next(e.source for e in edges if e.source >= len(graph.actions))
    link = floorplan.links[graph.messages[message - len(graph.actions)]]
    ends = " to ".join(stage_name(floorplan, virtual % floorplan.stages) for virtual in (link.source, link.target))
    return f"{link.kind} link from {ends}: messages {total}"


def _sum_in_words(run: list[tuple[int, Action, int]]) -> str:
    """`F 1 + B 1 + U 4`, several of a kind as `4 F of 1`."""
    by_kind: dict[tuple[str, int], int] = {}
    for _, action, cycles in run:
        key = action.kind, cycles
        by_kind[key] = by_kind.get(key, 0) + 1
    return " + ".join(f"{kind} {c}" if n == 1 else f"{n} {kind} of {c}" for (kind, c), n in by_kind.items() if c)


def _cycles(count: int) -> str:
    return "1 cycle" if count == 1 else f"{count} cycles"


def _per(lag: int, period: int) -> str:
    if period == 1:
        return "per micro-batch" if lag == 1 else f"per {lag} micro-batches"
    return f"per mini-batch of {period} micro-batches" if lag == 1 else f"per {lag} mini-batches of {period}"
