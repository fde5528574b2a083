"""The trace for Perfetto, read as JSON and held against a log and arrows worked out by hand."""

from __future__ import annotations

import gzip
import itertools
import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from aimcsim.report.perfetto import write_perfetto
from aimcsim.report.run_window import EmptyWindow, whole_log
from tests.report.small_run import FIRST, LOG, SECOND, rows_of, save_run

Event = dict[str, Any]

#: Keys that the Trace Event Format asks for, by phase.
KEYS = {
    "M": {"ph", "name", "pid", "args"},
    "X": {"ph", "name", "cat", "pid", "tid", "ts", "dur", "args"},
    "s": {"ph", "name", "cat", "pid", "tid", "ts", "id"},
    "f": {"ph", "name", "cat", "pid", "tid", "ts", "id", "bp"},
    "C": {"ph", "name", "pid", "ts", "args"},
}


#: Two mini-batches of two micro-batches each.
FLUSHES = {"pipeline.schedule": "gpipe", "pipeline.micro_batches": 2, "training.samples": 4}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_run(tmp_path_factory.mktemp("small") / "run")


def trace(tmp_path: Path, *runs: Path, cycles: tuple[int, int | None] | None = None, tiles: str = "*") -> Any:
    write_perfetto([whole_log(each, cycles, tiles, 10**6) for each in runs], tmp_path / "t.json.gz")
    return json.loads(gzip.decompress((tmp_path / "t.json.gz").read_bytes()))


def events(tmp_path: Path, *runs: Path, **window: Any) -> list[Event]:
    found = trace(tmp_path, *runs, **window)["traceEvents"]
    for event in found:
        optional = {"tid"} if event["ph"] == "M" else set()
        assert event.keys() - optional == KEYS[event["ph"]]
    return list(found)


def tracks(found: list[Event]) -> dict[int, str]:
    """Thread number to name, top to bottom."""
    rank = {e["tid"]: e["args"]["sort_index"] for e in found if e["name"] == "thread_sort_index"}
    names = {e["tid"]: e["args"]["name"] for e in found if e["name"] == "thread_name"}
    return {thread: names[thread] for thread in sorted(names, key=lambda thread: rank[thread])}


def slices(found: list[Event]) -> list[tuple[Any, ...]]:
    names = tracks(found)
    return [
        (names[e["tid"]], e["name"], e["ts"], e["dur"], e["args"].get("version_read"), e["args"].get("version_written"))
        for e in found
        if e["ph"] == "X"
    ]


def arrows(found: list[Event], kind: str) -> set[tuple[str, str, str, str]]:
    """Arrows as a viewer binds them: to the slice last opened on the track at that time, in the order of the file."""
    names, open_slice, begun, complete = tracks(found), {}, {}, set()
    for event in sorted((e for e in found if e["ph"] in "Xsf"), key=lambda e: e["ts"]):
        if event["ph"] == "X":
            open_slice[event["tid"]] = event
        elif event["cat"] == kind:
            own = open_slice[event["tid"]]
            assert own["ts"] <= event["ts"] <= own["ts"] + own["dur"]
            begun.setdefault(event["id"], {})[event["ph"]] = (names[event["tid"]], own["name"])
    for ends in begun.values():
        assert ends.keys() == {"s", "f"}
        complete.add((*ends["s"], *ends["f"]))
    assert len(complete) == len(begun)
    return complete


def counter(found: list[Event], name: str) -> list[tuple[int, float]]:
    return [(e["ts"], *e["args"].values()) for e in found if e["ph"] == "C" and e["name"] == name]


def test_the_log_of_the_small_run_is_the_one_on_the_page(run: Path) -> None:
    assert rows_of(pq.read_table(run / "ops.parquet").to_pylist()) == LOG


def test_every_operation_is_a_slice_on_the_track_of_its_tile(run: Path, tmp_path: Path) -> None:
    found = events(tmp_path, run)
    expected = [
        (tile, f"{op} {k}", start, end - start, read, written) for tile, op, k, start, end, read, written in LOG
    ]
    assert sorted(slices(found), key=str) == sorted(expected, key=str)
    assert list(tracks(found).values()) == [FIRST, SECOND]


def test_slices_say_their_staleness_and_queue_and_no_energy_without_a_price(run: Path, tmp_path: Path) -> None:
    found = events(tmp_path, run)
    names = tracks(found)
    told = {(names[e["tid"]], e["name"]): e["args"] for e in found if e["ph"] == "X"}
    # Stage 1 computes F1 before U0, and F2 before U1: one update late. All else sees what a serial run would have seen.
    stale = {key: args["staleness"] for key, args in told.items()}
    assert stale == {
        (tile, f"{op} {k}"): None if op == "U" else int((tile, op, k) in {(FIRST, "F", 1), (FIRST, "F", 2)})
        for tile, op, k, *_ in LOG
    }
    # F1 and F2 of stage 1 end at 2 and 7; stage 2 starts them at 5 and 9. In between they wait.
    waiting = {key for key, args in told.items() if args["queue"]}
    assert waiting == {(SECOND, "B 0"), (SECOND, "U 0"), (SECOND, "U 1")}
    assert not any("energy_j" in args for args in told.values())
    assert told[FIRST, "B 1"]["micro_batch"] == 1


def test_slices_say_their_energy_where_operations_have_a_price(tmp_path: Path) -> None:
    model = {"input": [6], "layers": [{"name": "fc", "type": "dense", "outputs": 4}]}
    hardware = {"timing": {"forward": 1, "backward": 2, "update": 5}, "energy": {"forward_pj": 2, "update_pj": 0.5}}
    text = f"name: p\nmodel: {model}\nhardware: {hardware}\npipeline: {{stages: 1}}\ntraining: {{samples: 3}}\n"
    found = events(tmp_path, save_run(tmp_path / "run", text.replace("'", "")))
    told = {(e["name"][0], e["args"]["energy_j"]) for e in found if e["ph"] == "X"}
    assert told == {("F", 2e-12), ("B", None), ("U", 5e-13)}


def test_arrows_follow_the_data(run: Path, tmp_path: Path) -> None:
    expected = set()
    for k in range(3):
        expected |= {
            (FIRST, f"F {k}", SECOND, f"F {k}"),
            (SECOND, f"F {k}", SECOND, f"B {k}"),
            (SECOND, f"B {k}", FIRST, f"B {k}"),
        }
    assert arrows(events(tmp_path, run), "data") == expected


def test_arrows_lead_from_an_update_to_the_first_forward_that_reads_it(run: Path, tmp_path: Path) -> None:
    # From U j to F k; k - j - 1 is the staleness of F k.
    assert arrows(events(tmp_path, run), "version") == {
        (FIRST, "U 0", FIRST, "F 2"), (SECOND, "U 0", SECOND, "F 1"), (SECOND, "U 1", SECOND, "F 2"),
    }  # fmt: skip


def test_updates_of_a_flush_all_lead_to_the_first_forward_after_it(tmp_path: Path) -> None:
    run = save_run(
        tmp_path / "run", **{"pipeline.schedule": "gpipe", "pipeline.micro_batches": 2, "training.samples": 4}
    )
    assert arrows(events(tmp_path, run), "version") == {
        (tile, f"U {k}", tile, "F 2") for tile in (FIRST, SECOND) for k in (0, 1)
    }


def test_updates_of_no_length_keep_their_arrows(tmp_path: Path) -> None:
    text = (
        "name: z\nmodel: {chain: 2}\nhardware: {timing: {forward: 1, backward: 1, update: 0}}\ntraining: {samples: 3}\n"
    )
    assert arrows(events(tmp_path, save_run(tmp_path / "run", text)), "version") == {
        (FIRST, "U 0", FIRST, "F 2"), (SECOND, "U 0", SECOND, "F 1"), (SECOND, "U 1", SECOND, "F 2"),
    }  # fmt: skip


def test_counters_follow_the_log(run: Path, tmp_path: Path) -> None:
    found = events(tmp_path, run)
    assert counter(found, "stage 1 in flight") == [(0, 1), (1, 2), (10, 1), (14, 0)]
    assert counter(found, "stage 2 in flight") == [(0, 0), (1, 1), (13, 0)]
    assert counter(found, "stage 1 queue") == [(0, 0)]
    assert counter(found, "stage 2 queue") == [(0, 0), (2, 1), (5, 0), (7, 1), (9, 0)]
    assert counter(found, f"{FIRST} weight version") == [(0, 0), (6, 1), (10, 2), (14, 3)]
    busy = {cycle for tile, _, _, start, end, *_ in LOG if tile == FIRST for cycle in range(start, end)}
    assert counter(found, f"{FIRST} utilisation") == [(cycle, int(cycle in busy)) for cycle in range(14)]


def test_the_loss_is_a_counter_over_the_cycles_of_its_evaluations(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in run.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    rows = ["0,0,0,,,2.5,0.1,", "1,1,6,,2.25,1.5,0.5,", "3,3,14,,1.125,,0.75,"]
    header = "samples,epoch,cycle,seconds,train_loss,test_loss,test_accuracy,energy_j"
    (copy / "metrics.csv").write_text("\n".join([header, *rows]) + "\n")
    found = events(tmp_path, copy)
    assert counter(found, "train_loss") == [(6, 2.25), (14, 1.125)]
    assert counter(found, "test_loss") == [(0, 2.5), (6, 1.5)]
    assert counter(events(tmp_path, copy, cycles=(5, 10)), "test_accuracy") == [(6, 0.5)]


def test_a_window_holds_what_touches_it_and_counts_from_what_it_shows(run: Path, tmp_path: Path) -> None:
    found = events(tmp_path, run, cycles=(7, 10))
    assert {(name, start) for _, name, start, *_ in slices(found)} == {
        ("B 1", 7), ("U 1", 7), ("U 1", 8), ("F 2", 9),
    }  # fmt: skip
    # Micro-batches 1 and 2 are in flight at stage 1, of which the window shows only that 1 is updated in it.
    assert counter(found, "stage 2 in flight") == [(7, 1)]
    assert counter(found, "stage 2 queue") == [(7, 1), (9, 0)]


def test_tiles_that_were_not_asked_for_have_no_track_and_no_arrow(run: Path, tmp_path: Path) -> None:
    found = events(tmp_path, run, tiles="s2.*")
    assert list(tracks(found).values()) == [SECOND]
    assert arrows(found, "data") == {(SECOND, f"F {k}", SECOND, f"B {k}") for k in range(3)}
    assert not [e for e in found if e["ph"] == "C" and "stage 1" in e["name"]]


def test_several_runs_stand_in_one_file_apart_from_each_other(run: Path, tmp_path: Path) -> None:
    serial = save_run(tmp_path / "serial", **{"pipeline.schedule": "serial"})
    found = events(tmp_path, serial, run)
    assert [e["args"]["name"] for e in found if e["name"] == "process_name"] == [
        "small (1 µs = 1 cycle)", "counters of small (1 µs = 1 cycle)",
    ] * 2  # fmt: skip
    processes = [e["pid"] for e in found if e["ph"] == "X"]
    assert {process: processes.count(process) for process in processes} == {1: 18, 3: 18}
    threads = {(e["pid"], e["tid"]) for e in found if e["ph"] == "X"}
    assert len({thread for _, thread in threads}) == len(threads) == 4
    assert threads.isdisjoint({(process, process) for process in range(5)})
    numbers = [e["id"] for e in found if e["ph"] == "s"]
    assert len(numbers) == len(set(numbers))
    first = [e for e in found if e["pid"] == 1]
    # Serial: each forward reads the update before it, so that every arrow joins neighbours.
    assert arrows(first, "version") == {
        (tile, f"U {k}", tile, f"F {k + 1}") for tile in (FIRST, SECOND) for k in (0, 1)
    }
    assert len(arrows([e for e in found if e["pid"] == 3], "version")) == 3


def test_the_file_says_what_its_time_unit_is(run: Path, tmp_path: Path) -> None:
    assert trace(tmp_path, run)["otherData"]["time_unit"] == "1 µs of the trace is 1 clock cycle"
    clocked = save_run(tmp_path / "clocked", **{"hardware.timing": {"forward": 5, "backward": 5, "clock_ns": 2.5}})
    names = [e["args"]["name"] for e in events(tmp_path, clocked) if e["name"] == "process_name"]
    assert names[0] == "small (1 µs = 1 cycle of 2.5 ns)"


def test_the_same_run_gives_the_same_bytes(run: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_perfetto([whole_log(run, None, "*", 10**6)], tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_messages_on_links_that_take_time_have_tracks_below_the_tiles(tmp_path: Path) -> None:
    link = {"latency": 2, "bandwidth": 0.5}
    found = events(tmp_path, save_run(tmp_path / "run", **{"hardware.link": link}))
    names = list(tracks(found).values())
    assert names[:2] == [FIRST, SECOND]
    assert set(names[2:]) >= {"link.F.s1.s2", "link.B.s2.s1"}
    # F0 ends at 1; one byte takes 2 cycles on the transmitter and 2 more to arrive. F1, which ends at 2, waits one.
    messages = [e for e in found if e.get("cat") == "link" and e["name"][0] == "F"]
    told = sorted((e["ts"], e["dur"], e["name"], e["args"]["waited"]) for e in messages)
    assert told[:2] == [(1, 4, "F 0", 0), (3, 4, "F 1", 1)]
    # A pattern that no tile matches is refused, even where links do.
    with pytest.raises(EmptyWindow):
        events(tmp_path, tmp_path / "run", tiles="link.B*")
    assert list(tracks(events(tmp_path, tmp_path / "run", tiles="*s2*")).values()).count(SECOND) == 1


@pytest.mark.parametrize(("latency", "shown"), [(2, 2), (3, 3), (30, 8)])
def test_messages_side_by_side_have_tracks_up_to_eight_and_never_overlap(
    latency: int, shown: int, tmp_path: Path
) -> None:
    # The first stage sends its first forwards one a cycle, so many that they fill the way to the loss and back.
    chain = {"model.chain": 9, "hardware.timing": "unit", "training.samples": 40}
    found = events(tmp_path, save_run(tmp_path / "run", **chain, **{"hardware.link": {"latency": latency}}))
    assert sum(name.startswith("link.F.s1.s2") for name in tracks(found).values()) == shown
    for thread in tracks(found):
        own = sorted((e["ts"], e["ts"] + e["dur"]) for e in found if e["ph"] == "X" and e["tid"] == thread)
        assert own
        assert [end for (_, end), (start, _) in itertools.pairwise(own) if start < end] == []


def test_hostile_names_stay_inside_their_quotes(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    summary = json.loads((copy / "summary.json").read_text())
    name = 'x"}},\x00\n\ud800 $end ../é'
    (copy / "summary.json").write_text(json.dumps(summary | {"name": name}))
    found = events(tmp_path, copy)
    shown = next(e["args"]["name"] for e in found if e["name"] == "process_name")
    assert shown == 'x"}},\\x00\\n\\ud800 $end ../é (1 µs = 1 cycle)'
