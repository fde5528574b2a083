"""Messages worked out from the log against those that the machine itself sent and delivered."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from aimcsim.pipeline.link import Link
from aimcsim.report.run_flow import run_flow
from aimcsim.report.run_window import whole_log
from tests.report.small_run import save_run

CHAIN = """\
name: chain
model: {chain: 4}
hardware:
  timing: {stages: [%s]}
  link: {latency: %d, bandwidth: %s, capacity: %s}
pipeline: {schedule: %s, micro_batches: 4, max_in_flight: 3}
training: {samples: 24}
"""
UNEVEN = ", ".join(
    f"{{forward: {f}, backward: {b}, update: {u}}}" for f, b, u in [(1, 2, 1), (3, 1, 0), (1, 1, 4), (2, 2, 1)]
)
SKIP = """\
name: skip
model:
  input: [4]
  layers:
    - {name: a, type: dense, outputs: 4}
    - {name: b, type: dense, outputs: 4}
    - {name: c, type: add, inputs: [a, b]}
    - {name: d, type: dense, outputs: 4}
hardware:
  timing: {forward: 2, backward: 3, update: 1, per: action}
  tile: {rows: 2, columns: 2}
  link: {latency: 2, bandwidth: 3}
pipeline: {stages: [[a], [b], [c, d]], schedule: async, micro_batches: 4}
training: {samples: 16}
"""


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[int, list[int]]]:
    """What the links of the machine do: by name and micro-batch the cycles of acceptance and delivery."""
    found: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    push, make = Link.push, Link.__init__

    def watched_push(self: Link, micro_batch: int) -> bool:
        accepted = push(self, micro_batch)
        if accepted:
            found[self.name][micro_batch].insert(0, int(self.env.now))
        return accepted

    def watched_make(self: Link, env: Any, name: str, times: Any, deliver: Any, state: Any) -> None:
        def told(micro_batch: int) -> None:
            found[name][micro_batch].append(int(env.now))
            deliver(micro_batch)

        make(self, env, name, times, told, state)

    monkeypatch.setattr(Link, "push", watched_push)
    monkeypatch.setattr(Link, "__init__", watched_make)
    return found


def worked_out(run: Path, cycles: tuple[int, int | None] | None = None) -> dict[str, dict[int, list[int]]]:
    flow = run_flow(whole_log(run, cycles, "*", 10**6))
    found = {}
    for each in flow.messages:
        words = each.name.replace("link.", "").split(".")
        stages = [word[1:] for word in words[1:]]
        name = "loss" if each.name == "loss" else f"{words[0]} link from stage {stages[0]} to stage {stages[1]}"
        numbers = flow.actions.micro_batch[each.source]
        found[name] = {int(k): [int(a), int(b)] for k, a, b in zip(numbers, each.accepted, each.arrived, strict=True)}
    return found


@pytest.mark.parametrize("schedule", ["serial", "gpipe", "one-f-one-b", "async", "async-greedy"])
@pytest.mark.parametrize(
    ("latency", "bandwidth", "capacity"),
    [(0, "null", "null"), (3, "null", "null"), (0, "0.3", "null"), (2, "0.6", "null"), (1, "0.4", 2), (5, "null", 3)],
)
def test_messages_are_those_that_the_machine_carried(
    schedule: str, latency: int, bandwidth: str, capacity: str | int, seen: Any, tmp_path: Path
) -> None:
    text = CHAIN % (UNEVEN, latency, bandwidth, capacity, schedule)
    run = save_run(tmp_path / "run", text)
    assert worked_out(run) == seen


def test_messages_of_skip_connections_are_those_that_the_machine_carried(seen: Any, tmp_path: Path) -> None:
    run = save_run(tmp_path / "run", SKIP)
    assert "F link from stage 1 to stage 3" in seen
    assert worked_out(run) == seen
