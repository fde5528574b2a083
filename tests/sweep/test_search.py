"""`aimcsim search`: the same file gives the same points, whatever happens on the way, and a front that can be run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aimcsim.scenario.load import read_scenario
from aimcsim.sweep import crew, work
from aimcsim.trace.run_folder import is_run_folder
from tests.cli.command import CHAIN, aimcsim_, files_in, never
from tests.sweep.studies import study, table, without_wall

#: More stages take more cycles to fill (2(M-1) + 2·16) and are more in flight: nothing but the axis decides.
SEARCH = """\
name: s
base: chain.yaml
axes:
  model.chain: {int: [2, 8]}
  pipeline.schedule: [async, gpipe]
  pipeline.max_in_flight: ["M-m+1", 1, [2, 1]]
minimise: [makespan_cycles]
maximise: [computation_density]
trials: 16
population: 4
"""


def search(file: str, out: Path, *more: str) -> Any:
    return aimcsim_("search", file, "--out", out, "--workers", "0", *more)


def settings(out: Path) -> list[tuple[Any, ...]]:
    names = ("trial", "point", "model.chain", "pipeline.schedule", "pipeline.max_in_flight")
    return [tuple(row[name] for name in names) for row in table(out)]


def test_the_same_file_gives_the_same_points_and_another_seed_gives_others(tmp_path: Path) -> None:
    file = study(tmp_path, SEARCH)
    assert search(file, tmp_path / "a").exit_code == 0
    search(file, tmp_path / "b")
    search(study(tmp_path, SEARCH + "seed: 1\n", "other.yaml"), tmp_path / "c")
    assert settings(tmp_path / "a") == settings(tmp_path / "b")
    assert settings(tmp_path / "a") != settings(tmp_path / "c")


def test_a_search_that_was_stopped_anywhere_goes_on_to_the_same_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = study(tmp_path, SEARCH)
    search(file, tmp_path / "whole")
    left = 0

    def runs_out(task: work.Task) -> dict[str, Any]:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        return work.run_task(task)

    monkeypatch.setattr(crew, "run_task", runs_out)
    statuses = [130]
    while statuses[-1] == 130:
        left = 2  # two more points a call: stops within generations and between them
        statuses.append(search(file, tmp_path / "parts").exit_code)
    assert len(statuses) > 4
    assert statuses[-1] == 0
    assert without_wall(table(tmp_path / "parts")) == without_wall(table(tmp_path / "whole"))
    assert files_in(tmp_path / "parts" / "front").keys() == files_in(tmp_path / "whole" / "front").keys()


def test_a_finished_search_runs_nothing_again_and_a_longer_one_begins_with_the_same_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, out = study(tmp_path, SEARCH), tmp_path / "out"
    search(file, out)
    before = settings(out)
    search(study(tmp_path, SEARCH.replace("trials: 16", "trials: 24")), out)
    assert settings(out)[: len(before)] == before
    monkeypatch.setattr(crew, "run_task", never)
    assert search(study(tmp_path, SEARCH.replace("trials: 16", "trials: 24")), out).exit_code == 0


def test_each_point_of_the_front_is_a_scenario_that_run_accepts(tmp_path: Path) -> None:
    out = tmp_path / "out"
    search(study(tmp_path, SEARCH), out)
    rows = {row["point"]: row for row in table(out) if row["status"] == "completed"}

    def is_beaten(row: dict[str, Any]) -> bool:
        cycles, density = row["makespan_cycles"], row["computation_density"]
        return any(
            other["makespan_cycles"] <= cycles
            and other["computation_density"] >= density
            and (other["makespan_cycles"], other["computation_density"]) != (cycles, density)
            for other in rows.values()
        )

    front = {id for id, row in rows.items() if not is_beaten(row)}
    assert {id for id, row in rows.items() if row["on_front"]} == front
    files = sorted((out / "front").iterdir())
    assert {file.name for file in files} == {f"s-{id[:8]}.yaml" for id in front}
    result = aimcsim_("run", files[0], "--out", tmp_path / "run")
    assert result.exit_code == 0
    assert is_run_folder(tmp_path / "run")
    scenario, _ = read_scenario(files[0])
    assert any(scenario.model.model_dump() == {"chain": rows[id]["model.chain"]} for id in front)
    assert (out / "plots" / "computation_density-against-makespan_cycles.png").is_file()


def test_settings_that_make_no_scenario_are_infeasible_and_recorded(tmp_path: Path) -> None:
    # Two entries of max_in_flight fit two stages only, and gpipe does not use the key at all.
    out = tmp_path / "out"
    result = search(study(tmp_path, SEARCH), out)
    assert result.exit_code == 0
    wrong = [row for row in table(out) if row["status"] == "failed"]
    assert wrong
    assert all(row["pipeline.max_in_flight"] == "[2, 1]" and row["model.chain"] != 2 for row in wrong)
    assert all("max_in_flight" in row["error"] for row in wrong)
    assert not any(row["on_front"] for row in wrong)


def test_a_value_that_is_null_makes_a_point_infeasible(tmp_path: Path) -> None:
    text = SEARCH.replace("minimise: [makespan_cycles]", "minimise: [energy_j]").replace("trials: 16", "trials: 6")
    result = search(study(tmp_path, text), tmp_path / "out")
    assert result.exit_code == 0
    assert not any(row["on_front"] for row in table(tmp_path / "out"))
    assert list((tmp_path / "out" / "front").iterdir()) == []


def test_ranges_hold_their_ends_and_steps(tmp_path: Path) -> None:
    text = """\
name: s
base: chain.yaml
axes:
  training.samples: {int: [16, 60], step: 16}
  hardware.link.bandwidth: {float: [0.5, 2]}
  hardware.timing.forward: {int: [1, 100], log: true}
minimise: [makespan_cycles]
trials: 16
"""
    search(study(tmp_path, text), tmp_path / "out")
    rows = table(tmp_path / "out")
    assert {row["training.samples"] for row in rows} == {16, 32, 48}
    assert all(0.5 <= row["hardware.link.bandwidth"] <= 2 for row in rows)
    assert all(1 <= row["hardware.timing.forward"] <= 100 for row in rows)


def test_ends_that_no_scenario_takes_are_2_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "run_task", never)
    text = SEARCH.replace("[2, 8]", "[0, 8]").replace("[async, gpipe]", "[async, 7]")
    file = study(tmp_path, text)
    result = search(file, tmp_path / "out")
    assert (result.exit_code, result.stdout) == (2, "")
    assert [line.split(": must")[0] for line in result.stderr.splitlines()] == [
        f"{file}:4:16: model.chain",
        f"{file}:5:30: pipeline.schedule",
    ]
    assert not (tmp_path / "out").exists()


def test_a_base_that_is_wrong_whatever_is_chosen_is_2(tmp_path: Path) -> None:
    file = study(tmp_path, SEARCH, base=CHAIN.replace("samples: 16", "samples: 2"))
    result = search(file, tmp_path / "out")
    assert result.exit_code == 2
    assert "training.samples=2 must be >=" in result.stderr
