"""Everything a process of the machine knows, in plain data: any process can be restarted from it.

SimPy's generators cannot be copied or stored; these can. A machine built from a `MachineState` goes on exactly
where the state was taken (at the beginning of a cycle, before anything of that cycle has happened).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from aimcsim.pipeline.actions import Action

IDLE = -1


@dataclass(slots=True)
class UnitState:
    """A tile or digital node: its weight version and the operation in progress, if `busy_until` is not IDLE.

    Versions count the updates of the stage, whichever arrays they change: what a transfer writes after update n has
    version n. `count`: what the executor counted of the operation in progress, -1 for a transfer where nobody counts.
    """

    version: int = 0
    touched: int = 0
    busy_until: int = IDLE
    kind: str = ""
    micro_batch: int = 0
    start: int = 0
    version_read: int = 0
    transfer: int = -1
    count: int = 0


@dataclass(slots=True)
class StageState:
    """A stage's control: where it is in its order, its action in progress, and what has arrived for it.

    `arrived` counts the messages of inputs that are not complete yet, by (kind, chunk, micro-batch); complete ones
    stand in `ready_forward` and `ready_backward`. `read` holds the version each in-flight forward saw, by
    (chunk, micro-batch). `outbox`: messages that a full link has not taken yet, as (link, micro-batch). `transfers`:
    those that the action T in progress makes. `queued`: units of the step in progress whose tile is still at work for
    another layer.
    """

    cursor: int = 0
    action: Action | None = None
    started: int = 0
    step: int = 0
    step_begun: bool = False
    queued: tuple[int, ...] = ()
    version_read: int = 0
    transfers: tuple[int, ...] = ()
    updates: list[int] = field(default_factory=list)
    read: dict[tuple[int, int], int] = field(default_factory=dict)
    arrived: dict[tuple[str, int, int], int] = field(default_factory=dict)
    ready: set[tuple[str, int, int]] = field(default_factory=set)
    ready_forward: deque[int] = field(default_factory=deque)
    ready_backward: deque[int] = field(default_factory=deque)
    ready_update: deque[int] = field(default_factory=deque)
    outbox: list[tuple[int, int]] = field(default_factory=list)
    forwards: int = 0
    in_flight: int = 0
    activations: int = 0
    peak_in_flight: int = 0
    peak_activations: int = 0
    finished: bool = False


@dataclass(slots=True)
class LinkState:
    """One direction of a link: messages under way as (arrival cycle, micro-batch), and how many it holds in all.

    `held` counts messages accepted and not yet taken by the start of the consumer's action (capacity only).
    `free_at`: when the transmitter has sent the message before (bandwidth only).
    """

    under_way: deque[tuple[int, int]] = field(default_factory=deque)
    held: int = 0
    free_at: int = 0


@dataclass(slots=True)
class MachineState:
    """The whole machine at the beginning of `cycle`."""

    cycle: int
    units: list[UnitState]
    stages: list[StageState]
    links: list[LinkState]
