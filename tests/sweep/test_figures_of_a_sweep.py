"""Pareto fronts, means with intervals, the table's columns, and what a figure leaves out."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcsim.errors import RunFolderError
from aimcsim.sweep.draw import draw
from aimcsim.sweep.figure_text import short_names
from aimcsim.sweep.front import pareto_front
from aimcsim.sweep.intervals import mean_interval
from aimcsim.sweep.ledger import flat_summary
from aimcsim.sweep.run_curves import run_curves
from aimcsim.sweep.series import front_of_two, mean_curves
from aimcsim.sweep.spec import PlotSpec
from aimcsim.sweep.table import table_of

PNG = b"\x89PNG"
CURVES = PlotSpec(kind="curves", x="samples", y="test_loss")


def row(status: str = "completed", **values: Any) -> dict[str, Any]:
    return {"point": "0" * 16, "status": status, "error": None, **values}


def metrics(folder: Path, point: str, text: str) -> None:
    """The metrics.csv of a point of the study in `folder`."""
    run = folder / "points" / point
    run.mkdir(parents=True, exist_ok=True)
    (run / "metrics.csv").write_text(text)


@given(
    st.integers(1, 3).flatmap(
        lambda goals: st.tuples(
            st.lists(st.tuples(*[st.integers(0, 6)] * goals), max_size=12), st.tuples(*[st.booleans()] * goals)
        )
    )
)
def test_the_front_is_what_no_other_point_beats_by_definition(
    case: tuple[list[tuple[int, ...]], tuple[bool, ...]],
) -> None:
    points, maximise = case

    def beats(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
        gains = [a - b if more else b - a for a, b, more in zip(one, other, maximise, strict=True)]
        return min(gains) >= 0 and max(gains) > 0

    by_definition = [n for n, point in enumerate(points) if not any(beats(other, point) for other in points)]
    assert pareto_front(points, maximise) == by_definition


def test_the_interval_is_students() -> None:
    # Values 1 2 3 4 5: s = sqrt(2.5), and the table of Student's t has 2.776 for 4 degrees of freedom and 95 %.
    found = mean_interval([1, 2, 3, 4, 5])
    assert (found.mean, found.count) == (3, 5)
    assert found.half == pytest.approx(2.776 * math.sqrt(2.5 / 5), rel=2e-4)
    assert mean_interval([7]).half is None
    assert mean_interval([2, 2]).half == 0


def test_curves_average_over_the_seed_and_over_nothing_else() -> None:
    rows = [
        row(seed=seed, **{"pipeline.stages": m, "pipeline.schedule": s, "makespan_cycles": 100 * m + seed + (s == "b")})
        for s in "ab"
        for m in (8, 1, 2)
        for seed in (0, 2)
    ]  # fmt: skip
    plot = PlotSpec(x="pipeline.stages", y="makespan_cycles")
    found = mean_curves(rows, plot, ["pipeline.stages", "pipeline.schedule", "seed"])
    means = {curve.settings["pipeline.schedule"]: [spot.y.mean for spot in curve.spots] for curve in found.curves}
    assert means == {"a": [101, 201, 801], "b": [102, 202, 802]}
    assert found.x_values == (1, 2, 8)
    only_b = mean_curves(
        rows, plot.model_copy(update={"where": {"pipeline.schedule": "b"}}), ["pipeline.stages", "seed"]
    )
    assert [spot.y.mean for spot in only_b.curves[0].spots] == [102, 202, 802]


def test_points_without_a_value_are_left_out_and_counted() -> None:
    rows = [
        row(seed=0, **{"training.samples": 1, "makespan_cycles": 10}),
        row("diverged", seed=1, **{"training.samples": 1, "makespan_cycles": 3}),
        row("failed", seed=0, **{"training.samples": 2}),
        row(seed=1, **{"training.samples": 2, "makespan_cycles": None}),
    ]
    found = mean_curves(rows, PlotSpec(x="training.samples", y="makespan_cycles"), ["training.samples", "seed"])
    (curve,) = found.curves
    assert [(spot.x, spot.y.mean, spot.y.count, spot.complete) for spot in curve.spots] == [(1, 10, 1, False)]
    assert (found.left_out, found.points) == (3, 4)


def test_a_design_that_lacks_a_value_for_a_seed_is_on_no_front() -> None:
    rows = [
        row(seed=seed, **{"model.chain": m, "makespan_cycles": 10 * m, "test_accuracy": accuracy})
        for m, accuracies in ((1, (0.5, None)), (2, (0.6, 0.8)), (3, (0.6, 0.6)), (4, (0.9, 0.9)))
        for seed, accuracy in enumerate(accuracies)
    ]
    plot = PlotSpec(kind="pareto", x="makespan_cycles", y="test_accuracy")
    found = front_of_two(rows, plot, ["model.chain", "seed"])
    assert [(each.settings["model.chain"], each.on_front) for each in found.candidates] == [
        (2, True),
        (3, False),
        (4, True),
    ]
    assert found.maximise == (False, True)
    assert (found.left_out, found.points) == (2, 8)


@pytest.mark.parametrize("kind", ["mean", "pareto", "curves"])
@pytest.mark.parametrize("hostile", ["$\\frac$", "$x$", "\x1b[31m", "a\nb", "\u202e", "x" * 4000, "_{", ""])
def test_figures_are_drawn_whatever_texts_a_scenario_holds(tmp_path: Path, kind: Any, hostile: str) -> None:
    rows = [
        row(seed=s, point=f"{s}{v == 'b'}", **{hostile: v, "test_loss": s + 1.0, "train_loss": 2.0})
        for s in (0, 1)
        for v in (hostile, "b")
    ]
    for each in rows:
        metrics(tmp_path, each["point"], "samples,test_loss\n0,2.0\n8,1.0\n")
    x = {"pareto": "train_loss", "curves": "samples"}.get(kind, hostile or "seed")
    assert draw(PlotSpec(kind=kind, x=x, y="test_loss", log=["y"]), rows, [hostile, "seed"], tmp_path).startswith(PNG)


@pytest.mark.parametrize("kind", ["mean", "pareto", "curves"])
@pytest.mark.parametrize("rows", [[], [row("failed", seed=1)], [row(seed=1, test_loss=None, train_loss=0.0)]])
def test_a_figure_without_a_value_is_drawn_all_the_same(tmp_path: Path, kind: Any, rows: list[dict[str, Any]]) -> None:
    metrics(tmp_path, "p", "samples,test_loss\n0,\n")
    rows = [each | {"point": "p"} for each in rows]
    x = {"pareto": "train_loss", "curves": "samples"}.get(kind, "seed")
    assert draw(PlotSpec(kind=kind, x=x, y="test_loss", log=["x", "y"]), rows, ["seed"], tmp_path).startswith(PNG)


def test_curves_are_the_mean_and_the_range_over_seeds_where_all_of_them_have_a_value(tmp_path: Path) -> None:
    rows = [row(point=str(seed), seed=seed, **{"model.chain": 2}) for seed in (0, 1)]
    rows += [row(point="2", seed=0, **{"model.chain": 3}), row("failed", point="3", seed=1, **{"model.chain": 3})]
    metrics(tmp_path, "0", "samples,test_loss\n0,4.0\n8,2.0\n16,1.0\n")
    metrics(tmp_path, "1", "samples,test_loss\n0,6.0\n8,\n16,3.0\n")
    metrics(tmp_path, "2", "samples,test_loss\n0,5.0\n")
    found = run_curves(rows, CURVES, ["model.chain", "seed"], tmp_path)
    both, alone = found.curves
    assert (both.x, both.mean, both.low, both.high, both.seeds) == ((0, 16), (5, 2), (4, 1), (6, 3), 2)
    assert (alone.settings, alone.mean, alone.seeds) == ({"model.chain": 3}, (5,), 1)
    assert (found.left_out, found.points) == (1, 4)


@pytest.mark.parametrize("text", ["samples,test_loss\n0,one\n", None])
def test_a_run_whose_metrics_can_not_be_read_is_named(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        metrics(tmp_path, "p", text)
    with pytest.raises(RunFolderError, match=r"points/p/metrics\.csv: "):
        run_curves([row(point="p", seed=0)], CURVES, ["seed"], tmp_path)


def test_names_hold_only_what_tells_curves_apart() -> None:
    settings = [{"hardware.device.name": "ideal", "model.name": 1, "seed": 0}, {"hardware.device.name": "x", "seed": 0}]
    assert short_names(settings) == (["ideal, 1", "x, null"], "hardware.device.name, model.name")


def test_a_mapping_is_named_by_its_name_and_by_what_tells_it_from_others_of_that_name() -> None:
    texts = [
        "analog-sgd",
        '{"name": "tiki-taka", "rate": 0.03, "all": 1}',
        '{"name": "tiki-taka", "rate": 0.01, "all": 1}',
        '{"name": "agad"}',
        '{"no": 1}',
        "{",
    ]
    settings = [{"training.algorithm": text} for text in texts]
    names, _ = short_names(settings)
    assert names == ["analog-sgd", "tiki-taka rate 0.03", "tiki-taka rate 0.01", "agad", '{"no": 1}', "{"]


def test_columns_have_the_type_that_all_their_values_share() -> None:
    rows = [
        row(a=1, b=1, c=1, d=True, e=None, f=2**70, makespan_cycles=4),
        row(a=2, b=0.5, c="x", d=None, e=None, f=1, makespan_cycles=5),
        row(a=None, b=None, c=[1], d=False, e=None, f=1, makespan_cycles=6, late=1),
    ]
    table = table_of(rows)
    types = dict(zip(table.schema.names, map(str, table.schema.types), strict=True))
    assert types["a"] == "int64"
    assert types["b"] == types["f"] == "double"
    assert types["c"] == "string"
    assert types["d"] == "bool"
    assert table["c"].to_pylist() == ["1", "x", "[1]"]
    assert table["late"].to_pylist() == [None, None, 1]
    assert b"last end minus first start" in table.schema.field("makespan_cycles").metadata[b"definition"]
    assert isinstance(table_of([]), pa.Table)


def test_a_summary_becomes_one_level() -> None:
    summary = {
        "name": "x",
        "staleness": {"1": {"forward_mean": 0.5}},
        "notes": ["a"],
        "diverged": None,
        "definitions": {},
    }
    assert flat_summary(summary) == {"staleness.1.forward_mean": 0.5, "notes": '["a"]', "diverged": None}
