"""Sweep files: what their axes mean, and what is said about mistakes in them, all at once and with their place."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from aimcsim.errors import ScenarioError
from aimcsim.loading import load_scenario
from aimcsim.network.weight_files import write_weights
from aimcsim.shipped import shipped_sweeps
from aimcsim.sweep.contents import FileContents
from aimcsim.sweep.points import point_id
from aimcsim.sweep.reading import read_search, read_sweep
from tests.data.idx_files import write_image_set
from tests.sweep.studies import CHAINS, points_of, problems_of, study

START = "name: s\nbase: chain.yaml\n"


def settings(folder: Path, axes: str) -> list[dict[str, object]]:
    return [point.settings for point in points_of(folder, START + axes)]


def test_a_grid_crosses_every_value_with_every_other_and_the_seed_is_fastest(tmp_path: Path) -> None:
    found = [tuple(point.settings.values()) for point in points_of(tmp_path, CHAINS)]
    assert found == list(itertools.product([2, 3, 4], [0, 1], [5, 7]))


def test_zipped_paths_go_together_and_cross_what_else_varies(tmp_path: Path) -> None:
    axes = "zip: {model.chain: [2, 4], pipeline.max_in_flight: [1, 3]}\ngrid: {seed: [0, 1]}\n"
    found = [(each["model.chain"], each["pipeline.max_in_flight"], each["seed"]) for each in settings(tmp_path, axes)]
    assert found == [(2, 1, 0), (4, 3, 0), (2, 1, 1), (4, 3, 1)]


def test_two_zips_are_two_axes(tmp_path: Path) -> None:
    axes = "zip:\n- {model.chain: [2, 4], pipeline.max_in_flight: [1, 3]}\n- {training.samples: [16, 32, 64]}\n"
    assert len(settings(tmp_path, axes)) == 6


def test_points_are_taken_as_they_are_written(tmp_path: Path) -> None:
    axes = "points:\n- {pipeline.schedule: gpipe, model.chain: 2}\n- {pipeline.schedule: async}\nseeds: 2\n"
    assert settings(tmp_path, axes) == [
        {"pipeline.schedule": "gpipe", "model.chain": 2, "seed": 0},
        {"pipeline.schedule": "gpipe", "model.chain": 2, "seed": 1},
        {"pipeline.schedule": "async", "seed": 0},
        {"pipeline.schedule": "async", "seed": 1},
    ]


def test_a_part_is_set_before_what_lies_inside_it_wherever_it_stands(tmp_path: Path) -> None:
    axes = "grid:\n  hardware.timing.update: [7]\n  hardware.timing: [{forward: 2, backward: 3}]\n"
    (point,) = points_of(tmp_path, START + axes)
    assert point.scenario.hardware.model_dump()["timing"]["update"] == 7
    assert point.scenario.hardware.model_dump()["timing"]["forward"] == 2


def test_set_changes_the_base_of_every_point(tmp_path: Path) -> None:
    points = points_of(tmp_path, START + "set: {training.samples: 48}\nseeds: 3\n")
    assert {point.scenario.training.samples for point in points} == {48}


def test_the_base_may_be_a_file_a_shipped_scenario_or_inline(tmp_path: Path) -> None:
    inline = "name: s\nbase: {name: x, model: {chain: 4}, pipeline: {schedule: async, micro_batches: 4},"
    by_file = points_of(tmp_path, START + "seeds: 1\n")
    written = points_of(tmp_path, f"{inline} training: {{samples: 16}}}}\nseeds: 1\n")
    shipped = points_of(tmp_path, "name: s\nbase: schedule-study-8-stages\nseeds: 1\n")
    assert by_file == written
    assert shipped[0].id == point_id(load_scenario("schedule-study-8-stages"), True, FileContents())


def test_file_names_in_an_axis_are_relative_to_the_sweep_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bases").mkdir()
    (tmp_path / "order.csv").write_text("0F0, 0B0\n")
    (tmp_path / "bases" / "b.yaml").write_text("name: b\nmodel: {chain: 1}\ntraining: {samples: 4}\n")
    monkeypatch.chdir("/")
    (point,) = points_of(tmp_path, "name: s\nbase: bases/b.yaml\ngrid: {pipeline.schedule: [order.csv]}\n")
    assert point.scenario.pipeline.model_dump()["schedule"] == {"table": [["0F0", "0B0"]]}


def test_a_points_hash_names_all_that_decides_its_result_and_nothing_else(tmp_path: Path) -> None:
    scenario = points_of(tmp_path, START + "seeds: 1\n")[0].scenario
    renamed = scenario.model_copy(update={"name": "other"})
    reseeded = scenario.model_copy(update={"seed": 1})
    files = FileContents()
    own = point_id(scenario, True, files)
    assert point_id(renamed, True, files) == own
    assert len({own, point_id(scenario, False, files), point_id(reseeded, True, files)}) == 3
    # A default that is written out is the same scenario.
    written_out = points_of(tmp_path, START + "set: {hardware.link.latency: 0}\nseeds: 1\n")
    assert written_out[0].id == own


@pytest.mark.parametrize("which", ["weights", "images", "table", "model"])
def test_the_contents_of_the_files_that_a_point_reads_are_part_of_its_hash(tmp_path: Path, which: str) -> None:
    base = (
        "name: b\nmodel: net.yaml\ndata: {name: mnist, root: %s, train: 4, test: 4}\n"
        "pipeline: {stages: 1, schedule: order.csv}\ntraining: {samples: 4, initial_weights: w.npz}\n"
    ) % (tmp_path / "images")
    net = "input: [784]\nlayers: [{name: fc, type: dense, outputs: 10, bias: none}]\nname: net\n"

    def write(what: str, changed: bool) -> None:
        if what == "weights":
            write_weights(tmp_path / "w.npz", {"fc": np.full((10, 784), 0.5 if changed else 0.25, np.float32)})
        elif what == "images":
            write_image_set(tmp_path / "images", train=8, first=4 if changed else 3)
        elif what == "table":
            (tmp_path / "order.csv").write_text("0F0,0B0,0U0\n" if changed else "0F0,0B0\n")
        else:
            (tmp_path / "net.yaml").write_text(
                net.replace("bias: none", "bias: none, init_range: 1") if changed else net
            )

    for each in ("weights", "images", "table", "model"):
        write(each, False)
    (first,) = points_of(tmp_path, START + "seeds: 1\n", base)
    write(which, False)
    (same,) = points_of(tmp_path, START + "seeds: 1\n", base)
    write(which, True)
    (other,) = points_of(tmp_path, START + "seeds: 1\n", base)
    assert same.id == first.id
    assert other.id != first.id


def test_points_are_checked_for_the_run_that_they_will_be(tmp_path: Path) -> None:
    hardware = "{timing: {forward: 1, backward: 1, update: 1}, device: ideal}"
    model = "{input: [64], layers: [{name: fc, type: dense, outputs: 10}]}"
    base = f"name: b\nmodel: {model}\ndata: {{name: digits}}\nhardware: {hardware}\npipeline: {{stages: 1}}\n"
    text = f"{START}set: {{training.samples: 8}}\ngrid: {{hardware.placement.replicas.fc: [1, 2]}}\n"
    (problem,) = problems_of(tmp_path, text, base)
    assert "copies on analog arrays drift apart" in problem
    assert problem.endswith("at hardware.placement.replicas.fc=2")
    assert problems_of(tmp_path, f"{text}train: false\n", base) == []


def test_every_mistake_of_the_file_is_told_at_once(tmp_path: Path) -> None:
    text = (
        "name: a b\nbase: [chain.yaml]\ngird: {}\ngrid:\n  pipeline.stages: []\n  seed: 4\nseeds: 0\n"
        "plots: [{x: seed}]\npipeline.stages: 2\n"
    )
    assert problems_of(tmp_path, text) == [
        "sweep.yaml:1:7: name: must be a name: at most 128 letters, digits, _, - and ., not beginning with - or . "
        "(got 'a b')",
        "sweep.yaml:2:7: base: must be the path of a scenario file, the name of a shipped one, or a scenario written "
        "inline (got a list of 1 item)",
        "sweep.yaml:3:1: gird: unknown key, did you mean grid?",
        "sweep.yaml:5:20: grid.pipeline.stages: must have at least 1 item (got a list of 0 items)",
        "sweep.yaml:6:9: grid.seed: must be a list (got 4)",
        "sweep.yaml:7:8: seeds: must be >= 1 (got 0)",
        "sweep.yaml:8:9: plots.0.y: missing key",
        "sweep.yaml:9:1: pipeline.stages: unknown key; a path of the scenario stands below grid or set, or in base: "
        "pipeline.stages",
    ]


@pytest.mark.parametrize(
    ("axes", "problem"),
    [
        ("", "1:1: needs an axis: one of grid, zip, points and seeds"),
        ("seeds: 2\ngrid: {seed: [1]}", "3:8: seeds: is an axis already, in grid"),
        (
            "zip: {seed: [1, 2], model.chain: [2]}",
            "3:6: zip: must hold equally many values of every path (seed has 2, model.chain has 1)",
        ),
        ("grid: {name: [a]}", "3:14: grid.name: cannot be set: every point has a name of its own"),
        ("grid: {a..b: [1]}", "3:14: grid.a..b: a path is keys and list indices joined by dots (got 'a..b')"),
        ("set: {seed: 1}\nseeds: 2", "3:13: set.seed: is an axis too"),
        ("seeds: 2\nplots: [{x: sead, y: test_loss}]",
         "4:13: plots.0.x: must be an axis, did you mean seed? (got 'sead')"),
        (
            "seeds: 2\nplots: [{x: seed, y: makespan}]",
            "4:22: plots.0.y: must be a summary value, did you mean makespan_cycles? (got 'makespan')",
        ),
        ("grid: {seed: [1, 1]}", "3:18: grid.seed.1: gives the same scenario twice: seed=1"),
        ("grid: {model.chain: [2, 0]}", "3:25: model.chain: must be >= 1 (got 0)"),
        ("grid: {pipeline.stages: [{}]}", "3:26: pipeline.stages: must be a whole number, auto, or a list with the "
         "layers of each stage (got a mapping)"),
        ("grid: {pipeline.staiges: [1]}", "3:8: pipeline.staiges: unknown key, did you mean stages?"),
        ("grid: {model.chain.x: [1]}", "3:8: model.chain.x: model.chain is a single value, with nothing inside it"),
        ("grid: {pipeline.schedule: [a.csv]}", "3:28: pipeline.schedule: no such file (got 'a.csv')"),
        ("seeds: 1000\ngrid: {training.samples: [1, 2], training.epochs: {x: 1}}", "4:51: grid.training.epochs: must "
         "be a list (got a mapping)"),
        ("grid: {seed: *x}", "3:14: not valid YAML: this alias has no anchor"),
    ],
)  # fmt: skip
def test_mistakes_are_cited_where_they_are_written(tmp_path: Path, axes: str, problem: str) -> None:
    found = problems_of(tmp_path, f"{START}{axes}\n")
    assert found[0] == f"sweep.yaml:{problem}"
    assert len(found) == 1


def test_values_that_do_not_go_together_are_told_once_with_the_points_that_have_them(tmp_path: Path) -> None:
    text = f"{START}grid: {{pipeline.micro_batches: [4, 32], pipeline.micro_batch: [1, 8]}}\nseeds: 3\n"
    found = problems_of(tmp_path, text)
    # 16 samples: 4 x 8, 32 x 1 and 32 x 8 do not fit, each of them with three seeds.
    assert [line.split("training.samples")[0] for line in found] == ["chain.yaml:4:21: "] * 3
    assert all("and 2 more" in line for line in found)
    assert "at pipeline.micro_batches=4, pipeline.micro_batch=8, seed=0" in found[0]


def test_a_mistake_of_the_base_is_told_as_validate_tells_it(tmp_path: Path) -> None:
    found = problems_of(tmp_path, START + "seeds: 40\n", base="name: x\nmodel: {chain: 0}\ntraining: {samples: 4}\n")
    assert found == ["chain.yaml:2:16: model.chain: must be >= 1 (got 0)"]


@pytest.mark.parametrize("text", ["", "- 1\n", "x", "\0", "name: [", "!!python/object:os.system {}"])
def test_what_is_no_sweep_is_refused_with_its_place(tmp_path: Path, text: str) -> None:
    found = problems_of(tmp_path, text)
    assert found
    assert all(line.startswith("sweep.yaml:") for line in found)


def test_a_base_that_is_nowhere_is_told_at_its_name(tmp_path: Path) -> None:
    assert problems_of(tmp_path, "name: s\nbase: quickstrat\nseeds: 1\n") == [
        "sweep.yaml:2:7: base: no such file, nor a scenario that comes with aimcsim; did you mean quickstart? "
        "(got 'quickstrat')"
    ]


@pytest.mark.parametrize("name", shipped_sweeps())
def test_shipped_studies_are_good(name: str) -> None:
    text = shipped_sweeps()[name].read_text()
    if "trials:" in text:
        assert read_search(name).spec.name == name
    else:
        assert read_sweep(name).spec.name == name
    assert text.startswith("# ")


def test_a_search_file_has_its_own_mistakes(tmp_path: Path) -> None:
    text = (
        "name: s\nbase: chain.yaml\naxes:\n  model.chain: {int: [4, 2]}\n  seed: {float: [0, 1], log: true}\n"
        "  pipeline.schedule: [async, async]\nminimise: [makespan]\nmaximise: [test_loss, test_loss]\ntrials: 4\n"
    )
    with pytest.raises(ScenarioError) as error:
        read_search(study(tmp_path, text))
    assert str(error.value).replace(f"{tmp_path}/", "").split("\n") == [
        "sweep.yaml:4:16: axes.model.chain: must begin with the smaller number (got 4 to 2)",
        "sweep.yaml:5:9: axes.seed: log needs a range above 0 (got 0.0)",
        "sweep.yaml:6:22: axes.pipeline.schedule: holds a choice twice",
        "sweep.yaml:7:12: minimise.0: must be a summary value, did you mean makespan_cycles? (got 'makespan')",
        "sweep.yaml:8:23: maximise.1: is a goal already (got 'test_loss')",
    ]
