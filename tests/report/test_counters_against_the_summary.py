"""What a trace says of staleness, in flight and utilisation against the summary, added up while the run went."""

from __future__ import annotations

import json

import numpy as np
import pytest

from aimcsim.report.arrows import NONE, staleness
from aimcsim.report.counters import busy_shares, in_flight, utilisation_interval, versions
from aimcsim.report.op_table import KINDS
from aimcsim.report.run_flow import RunFlow, run_flow
from aimcsim.report.run_window import whole_log
from tests.report.small_run import save_run

SCENARIO = """\
name: chain
model: {chain: 4}
hardware: {timing: {forward: 2, backward: 4, update: 2}, link: {latency: 1}}
training: {samples: 48, algorithm: digital-sgd}
"""
SCHEDULES = [
    "serial", "gpipe", "one-f-one-b", "interleaved", "async", "async-greedy", "pipedream", "pipedream-2bw",
    "zero-bubble-h1", "backwards.csv",
]  # fmt: skip

#: Four stages, two micro-batches, of which the second is updated first.
BACKWARDS = "\n".join(",".join(f"{m}{action}" for action in ("F0", "F1", "B1", "U1", "B0", "U0")) for m in range(4))


@pytest.fixture(scope="module", params=SCHEDULES)
def flow(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> RunFlow:
    tmp_path = tmp_path_factory.mktemp("chain")
    pipeline = {"schedule": request.param, "micro_batches": 8}
    (tmp_path / "backwards.csv").write_text(BACKWARDS)
    if request.param == "backwards.csv":
        pipeline = {"schedule": str(tmp_path / request.param), "micro_batches": 2}
    if request.param == "interleaved":
        pipeline["chunks"] = 2
    return run_flow(whole_log(save_run(tmp_path / "run", SCENARIO, pipeline=pipeline), None, "*", 10**6))


def summary(flow: RunFlow) -> dict[str, dict[str, dict[str, float]]]:
    found: dict[str, dict[str, dict[str, float]]] = json.loads((flow.window.folder / "summary.json").read_text())
    return found


def test_staleness_is_that_of_the_summary(flow: RunFlow) -> None:
    stale = staleness(flow.table, flow.chunk, flow.plan.schedule)
    stage = flow.stage[flow.table.tile]
    for number, told in summary(flow)["staleness"].items():
        for kind, word in (("F", "forward"), ("B", "backward")):
            own = stale[(stage == int(number) - 1) & (flow.table.kind == KINDS.index(kind))]
            assert NONE not in own
            assert own.max() == told[f"{word}_max"]
            assert own.mean() == pytest.approx(told[f"{word}_mean"], rel=1e-12)


def test_the_most_in_flight_is_that_of_the_summary_and_nothing_is_left_at_the_end(flow: RunFlow) -> None:
    for number, peak in summary(flow)["peak_in_flight"].items():
        series = in_flight(flow.actions, flow.plan, int(number) - 1, 0, flow.window.end)
        assert (series.value.max(), series.value.min(), series.value[-1]) == (peak, 0, 0)


def test_busy_shares_add_up_to_the_utilisation_of_the_summary(flow: RunFlow) -> None:
    for tile, share in summary(flow)["utilisation"].items():
        ops = np.flatnonzero(flow.table.tile == flow.table.tiles.index(tile))
        for interval in (1, 7, 50):
            begins, shares = busy_shares(flow.table, ops, interval)
            lengths = np.diff(np.append(begins, flow.window.end))
            assert (shares * lengths).sum() / flow.window.end == pytest.approx(share, rel=1e-9)
            assert shares.max() <= 1


def test_versions_count_every_update_of_a_tile(flow: RunFlow) -> None:
    for tile in range(len(flow.table.tiles)):
        ops = np.flatnonzero(flow.table.tile == tile)
        updates = int((flow.table.kind[ops] == KINDS.index("U")).sum())
        assert versions(flow.table, ops).value.tolist() == list(range(updates + 1))


def test_queues_are_never_negative_and_empty_at_the_end(flow: RunFlow) -> None:
    for series in flow.queues:
        assert series.value.min() >= 0
        assert series.value[-1] == 0


@pytest.mark.parametrize(
    ("cycles", "interval"), [(1, 1), (399, 1), (400, 2), (600, 5), (1100, 5), (1200, 10), (10**6, 5000)]
)
def test_utilisation_is_averaged_over_a_round_number_of_cycles_some_200_in_a_window(cycles: int, interval: int) -> None:
    assert utilisation_interval(7, 7 + cycles) == interval
