"""Links: latency, occupancy by bandwidth, capacity with back-pressure, and what a deadlock says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimcsim.assembly import assemble
from aimcsim.errors import Deadlock
from aimcsim.pipeline.actions import Action
from aimcsim.pipeline.machine import Machine, MachinePlan
from aimcsim.pipeline.schedules.base import FixedOrder, PipelineShape, Settings
from aimcsim.scenario.spec import Scenario
from aimcsim.simulation import simulate
from tests.pipeline.machines import Recording, Row, chain, rows_of, run_chain, scenario_of


def starts(rows: list[Row], stage: int, op: str) -> list[int]:
    return [row.start for row in sorted(rows, key=lambda row: row.micro_batch) if (row.stage, row.op) == (stage, op)]


def ends(rows: list[Row], stage: int, op: str) -> list[int]:
    return [row.end for row in sorted(rows, key=lambda row: row.micro_batch) if (row.stage, row.op) == (stage, op)]


def test_a_message_arrives_its_latency_after_its_action_has_ended() -> None:
    rows = run_chain(chain("serial", [(2, 3, 0), (1, 4, 0)], 3, link={"latency": 5})).rows
    assert starts(rows, 2, "F") == [end + 5 for end in ends(rows, 1, "F")]
    assert starts(rows, 1, "B") == [end + 5 for end in ends(rows, 2, "B")]
    assert starts(rows, 2, "B") == ends(rows, 2, "F"), "the loss takes no time unless told"


def test_the_error_comes_the_loss_time_after_the_last_forward() -> None:
    scenario = scenario_of(
        model={"chain": 2},
        hardware={"timing": {"loss": 7}},
        pipeline={"stages": 2, "schedule": "serial"},
        training={"samples": 2},
    )
    rows = run_chain(scenario).rows
    assert starts(rows, 2, "B") == [end + 7 for end in ends(rows, 2, "F")]


def test_a_message_occupies_its_link_for_its_bytes_over_the_bandwidth_and_messages_follow_in_a_pipeline() -> None:
    # One value of one byte at 0.25 bytes a cycle: 4 cycles each. Forwards end at 1, 2, 3, 4; transmissions end at
    # 5, 9, 13, 17; two cycles of latency later they arrive.
    link = {"bandwidth": 0.25, "latency": 2}
    rows = run_chain(chain("gpipe", [(1, 1, 0), (1, 1, 0)], 4, link=link, micro_batches=4)).rows
    assert ends(rows, 1, "F") == [1, 2, 3, 4]
    assert starts(rows, 2, "F") == [7, 11, 15, 19]


@pytest.mark.parametrize(("bandwidth", "cycles"), [(0.1, 60), (0.7, 9), (4.0, 2), (6.0, 1), (7.0, 1)])
def test_the_occupancy_is_exact_and_rounded_up_once(bandwidth: float, cycles: int) -> None:
    # 3 samples of 1 value of 2 bytes; 6 / 0.7 = 8.57.
    scenario = scenario_of(
        model={"chain": 2},
        hardware={"link": {"bandwidth": bandwidth, "value_bytes": 2}},
        pipeline={"stages": 2, "schedule": "serial", "micro_batch": 3},
        training={"samples": 3},
    )
    rows = run_chain(scenario).rows
    assert starts(rows, 2, "F")[0] == 1 + cycles


def test_the_two_directions_of_a_link_do_not_hinder_each_other() -> None:
    # 4 cycles a message. F0 is sent 1..5, F1 5..9; the error of 0 (F 5..6, B 6..7) goes back 7..11 meanwhile.
    rows = run_chain(chain("async", [(1, 1, 0), (1, 1, 0)], 8, link={"bandwidth": 0.25})).rows
    assert starts(rows, 2, "F")[:2] == [5, 9]
    assert starts(rows, 1, "B")[0] == 11


def test_when_a_link_is_full_the_producers_array_is_free_but_its_stage_starts_nothing() -> None:
    # Stage 2 takes 10 cycles a forward and the link holds one message. By hand: F0 leaves at 1 and is taken at 1;
    # F1 (1..2) waits on the link; F2 (2..3) finds it full until stage 2 takes F1 at 11; F3 starts only then.
    scenario = chain("gpipe", [(1, 1, 0), (10, 1, 0)], 5, link={"capacity": 1}, micro_batches=5)
    result = simulate(scenario, train=False)
    rows = rows_of(result.ops)
    assert starts(rows, 1, "F") == [0, 1, 2, 11, 21]
    assert starts(rows, 2, "F") == [1, 11, 21, 31, 41]
    # Idle, not busy: stage 1 has worked 5 F and 5 B of one cycle each, stage 2 five of 10 and 1.
    makespan = result.summary["makespan_cycles"]
    assert result.summary["computation_density"] == (10 + 55) / (2 * makespan)
    assert result.summary["utilisation"]["s1.l1.r0c0"] == 10 / makespan


def test_capacity_counts_messages_under_way_and_waiting_until_the_consumer_starts() -> None:
    for capacity, expected in ((1, [0, 1, 2, 11]), (2, [0, 1, 2, 3]), (3, [0, 1, 2, 3])):
        # With room for two, F1 and F2 wait on the link and F3 finds it full, but has been computed.
        link = {"capacity": capacity}
        rows = run_chain(chain("gpipe", [(1, 1, 0), (10, 1, 0)], 4, link=link, micro_batches=4)).rows
        assert starts(rows, 1, "F") == expected


def test_ample_capacity_is_no_capacity() -> None:
    times = [(1, 2, 1), (3, 1, 0), (2, 2, 2)]
    for schedule in ("async", "one-f-one-b", "async-greedy"):
        without = run_chain(chain(schedule, times, 12, link={"latency": 2}, micro_batches=3))
        ample = run_chain(chain(schedule, times, 12, link={"latency": 2, "capacity": 12}, micro_batches=3))
        assert ample.all == without.all


def test_a_skip_connection_is_carried_by_a_link_of_its_own() -> None:
    model = {
        "input": [64],
        "layers": [
            {"name": "a", "type": "dense", "outputs": 10},
            {"name": "b", "type": "dense", "outputs": 4},
            {"name": "c", "type": "dense", "outputs": 10},
            {"name": "sum", "type": "add", "inputs": ["c", "a"]},
        ],
    }
    # a → b and a → sum both carry a's 10 values (5 cycles at 2 bytes a cycle), b → c carries 4 (2 cycles).
    scenario = scenario_of(
        model=model,
        hardware={"timing": {"forward": 1}, "link": {"latency": 1, "bandwidth": 2.0}},
        pipeline={"stages": 3, "schedule": "serial"},
        training={"samples": 1},
    )
    plan = assemble(scenario).plan
    assert [
        (p.source, p.target, p.kind, t.occupancy) for p, t in zip(plan.floorplan.links, plan.links, strict=True)
    ] == [
        (0, 1, "F", 5),
        (1, 0, "B", 5),
        (0, 2, "F", 5),
        (2, 0, "B", 5),
        (1, 2, "F", 2),
        (2, 1, "B", 2),
    ]
    # F: a 0..1; to b at 1+5+1 = 7, b 7..8; to c at 8+2+1 = 11. B: c 12..13, error at b at 16, b 16..17, at a at 23.
    rows = run_chain(scenario).rows
    assert [starts(rows, m, "F")[0] for m in (1, 2, 3)] == [0, 7, 11]
    assert [starts(rows, m, "B")[0] for m in (3, 2, 1)] == [12, 16, 23]


def test_a_deadlock_names_the_chain_of_who_waits_for_what() -> None:
    # Stage 1 wants four forwards before its first backward, stage 2 one; both links hold one message. Stage 2 can
    # not hand over the error of 1 while that of 0 lies untaken, and takes no third activation; stage 1 can not hand
    # over its fourth, so never starts B 0.
    scenario = chain("async", [(1, 1, 0), (1, 1, 0)], 8, link={"capacity": 1}, max_in_flight=[4, 1])
    with pytest.raises(Deadlock) as found:
        simulate(scenario, train=False)
    assert str(found.value) == (
        "deadlock at cycle 5: stage 1 waits for room on the F link from stage 1 to stage 2; "
        "stage 2 waits for room on the B link from stage 2 to stage 1"
    )
    assert (
        run_chain(chain("async", [(1, 1, 0), (1, 1, 0)], 8, link={"capacity": 2}, max_in_flight=[4, 1])).deadlock
        is None
    )


@st.composite
def greedy_on_small_links(draw: st.DrawFn) -> tuple[Scenario, bool]:
    """A greedy run whose links hold few messages, some of them over a stage, and whether it is within the bound."""
    stages, capacity = draw(st.integers(2, 4)), draw(st.integers(1, 3))
    beyond = draw(st.integers(-1, 1))
    layers: list[dict[str, object]] = [{"name": f"l{n}", "type": "dense", "outputs": 4} for n in range(stages)]
    if stages > 2 and draw(st.booleans()):
        layers.insert(stages - 1, {"name": "sum", "type": "add", "inputs": [f"l{stages - 2}", "l0"]})
    cycles, update = st.sampled_from([1, 1, 2, 5, 20]), st.sampled_from([0, 1, 5])
    times = [{"forward": draw(cycles), "backward": draw(cycles), "update": draw(update)} for _ in range(stages)]
    scenario = scenario_of(
        model={"input": [4], "layers": layers},
        hardware={
            "timing": {"stages": times},
            "link": {"capacity": capacity, "latency": draw(st.sampled_from([0, 3]))},
        },
        pipeline={"stages": stages, "schedule": "async-greedy", "max_in_flight": 2 * capacity + 1 + beyond},
        training={"samples": draw(st.integers(1, 40))},
    )
    return scenario, beyond <= 0


@settings(max_examples=150, deadline=None)
@given(greedy_on_small_links())
def test_greedy_stops_on_full_links_only_where_it_was_warned_of(case: tuple[Scenario, bool]) -> None:
    scenario, within = case
    warned = bool(assemble(scenario).warnings)
    assert not (within and warned)
    assert run_chain(scenario).deadlock is None or warned


def test_one_in_flight_more_than_is_safe_can_stop_the_run() -> None:
    # Stage 1 has F 2 in hand until stage 2 takes F 1, just after it has sent the error of 0. While that is on its way
    # stage 1 computes F 3 if it may, and has that in hand when the error of 1 finds the link back full.
    times = [(1, 1, 0), (20, 1, 0)]
    for limit, stops in ((3, False), (4, True)):
        scenario = chain("async-greedy", times, 8, link={"capacity": 1, "latency": 3}, max_in_flight=limit)
        assert (run_chain(scenario).deadlock is not None) is stops
        told = [str(warning) for warning in assemble(scenario).warnings]
        assert told == stops * [
            "hardware.link.capacity: links that hold 1 may stop a run in which a stage has 4 micro-batches in flight; "
            "safe are 2, or pipeline.max_in_flight: 3"
        ]


class _ErrorFirst(FixedOrder):
    """An order that can not be: stage 1 wants the error of a micro-batch that it has not sent."""

    @property
    def mini_batch(self) -> int:
        return 2

    def period(self, stage: int) -> list[Action]:
        wrong = [Action("F", 0), Action("B", 1), Action("F", 1), Action("B", 0)]
        right = [Action("F", 0), Action("F", 1), Action("B", 0), Action("B", 1)]
        return wrong if stage == 0 else right


def test_a_deadlock_by_order_names_the_actions_that_wait() -> None:
    assembly = assemble(chain("gpipe", [(1, 1, 0), (1, 1, 0)], 2, micro_batches=2))
    plan = assembly.plan
    order = _ErrorFirst(PipelineShape(2, 2, 2), Settings())
    machine = Machine(MachinePlan(plan.floorplan, order, plan.times, plan.links), Recording(assembly))
    with pytest.raises(
        Deadlock, match=r"^deadlock at cycle 2: stage 1 waits to start B 1; stage 2 waits to start F 1$"
    ):
        machine.run()
