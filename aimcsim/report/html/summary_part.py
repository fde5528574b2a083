"""The summary of one or several runs: the figures that matter most, and all of them with their definitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aimcsim.report.comparison import COMPARISON_DEFINITIONS
from aimcsim.report.figures import DASH, figure
from aimcsim.report.html.elements import Html, element, join
from aimcsim.report.html.run_data import RunData
from aimcsim.report.run_table import SINGLE_FIGURES

_HEADLINES = (
    ("makespan_cycles", "makespan", "cycles"),
    ("cycles_per_sample", "per sample", "cycles"),
    ("computation_density", "computation density", ""),
    ("energy_j", "energy", "J"),
    ("test_accuracy", "test accuracy", ""),
    ("test_loss", "test loss", ""),
    ("cycles_to_target", "to target accuracy", "cycles"),
)
_SHARES = ("computation_density", "test_accuracy", "target_accuracy")
_STALENESS = ("forward_mean", "forward_max", "backward_mean", "backward_max")
_PEAKS = ("peak_in_flight", "peak_activations")
_SPEED_UPS = ("speed_up_over_first", "speed_up_over_serial")

#: Stages whose figures are listed; summary.json has all.
MOST_STAGES = 64

#: Up to so many runs the definitions have a column; of more they stand below the names of the figures.
FEW_RUNS = 4


def headlines(summary: Mapping[str, Any]) -> Html:
    """The few figures that everybody looks for first; those that do not apply are left out."""
    cards = [
        element(
            "div",
            element("dt", word),
            element("dd", element("b", _shown(name, summary[name])), f" {unit}" if unit else ""),
            title=COMPARISON_DEFINITIONS[name],
        )
        for name, word, unit in _HEADLINES
        if summary.get(name) is not None
    ]
    return element("dl", *cards, class_="headlines")


def summary_table(runs: Sequence[RunData]) -> Html:
    """A row a figure, a column a run, and what the figure is."""
    facts = [("schedule", "how the stages take turns"), ("algorithm", "what F, B and U do with the weights")]
    facts += [(name, COMPARISON_DEFINITIONS[name]) for name in ("micro_batch", "micro_batches")]
    facts += [(name, COMPARISON_DEFINITIONS[name]) for name in SINGLE_FIGURES]
    facts += [(name, COMPARISON_DEFINITIONS[name]) for name in ("target_accuracy", *_SPEED_UPS)]
    rows = []
    for name, definition in facts:
        rows += _row(name, [run.summary.get(name) for run in runs], definition)
    if len(runs) > 1:
        rows += _staleness_rows(runs)
        rows += _equal_rows(runs)
    heads = _run_heads(runs)
    if len(runs) <= FEW_RUNS:
        heads.append(element("th", "what it is", scope="col", class_="definition"))
    head = element("tr", element("th", "figure", scope="col"), *heads)
    table = element(
        "table",
        element("thead", head),
        element("tbody", *rows),
        class_="summary" if len(runs) > 1 else "summary single",
    )
    return element("div", table, class_="wide", tabindex="0", role="region", aria_label="Summary, scrolls sideways")


def stage_table(summary: Mapping[str, Any]) -> Html:
    """Staleness and peaks of every stage of one run."""
    stages = list(summary["staleness"])
    heads = (
        "stage",
        *(f"staleness {part.replace('_', ' ')}" for part in _STALENESS),
        *(p.replace("_", " ") for p in _PEAKS),
    )
    rows = []
    for stage in stages[:MOST_STAGES]:
        own = summary["staleness"][stage]
        values = [own[part] for part in _STALENESS]
        values += [_of_stage(summary, peak, stage) for peak in _PEAKS]
        cells = [element("td", _shown("", value), class_="number") for value in values]
        rows.append(element("tr", element("th", stage, scope="row"), *cells))
    more = f" … and {len(stages) - MOST_STAGES} more stages: see summary.json." if len(stages) > MOST_STAGES else ""
    notes = [f"{name.replace('_', ' ')}: {COMPARISON_DEFINITIONS[name]}." for name in ("staleness", *_PEAKS)]
    table = element(
        "table",
        element("thead", element("tr", *(element("th", head, scope="col") for head in heads))),
        element("tbody", *rows),
        class_="stages",
    )
    scroll = element("div", table, class_="wide", tabindex="0", role="region", aria_label="Stages, scrolls sideways")
    return join([scroll, element("p", " ".join(notes) + more, class_="faint")])


def remarks(summary: Mapping[str, Any], label: str | None = None) -> Html:
    """Bottleneck, divergence, notes and warnings in words; `label` names the run where there are several."""
    found: list[tuple[str, str]] = []
    if summary.get("bottleneck") is not None:
        found.append(("bottleneck", str(summary["bottleneck"])))
    diverged = summary.get("diverged")
    if isinstance(diverged, dict):
        found.append(
            ("diverged", f"cycle {diverged.get('cycle')}, {diverged.get('samples')} samples: the loss was not finite")
        )
    unused = _texts(summary.get("unused_keys"))
    if unused:
        found.append(("unused", f"{', '.join(unused)} (schedule {summary['schedule']} does not use it)"))
    found += [("note", note) for note in _texts(summary.get("notes"))]
    found += [("warning", warning) for warning in _texts(summary.get("warnings"))]
    of = f" of {label}" if label is not None else ""
    items = [element("li", element("b", kind + of), f": {words}", class_=kind) for kind, words in found]
    return element("ul", *items, class_="remarks") if items else Html("")


def _texts(values: Any) -> list[str]:
    return [str(value) for value in values] if isinstance(values, list) else []


def _run_heads(runs: Sequence[RunData]) -> list[Html]:
    if len(runs) == 1:
        return [element("th", "value", scope="col", class_="number")]
    return [element("th", run.label, scope="col", class_="number") for run in runs]


def _row(name: str, values: Sequence[Any], definition: str, label: str | None = None) -> list[Html]:
    """One row; none where the figure applies to no run."""
    if all(value is None for value in values):
        return []
    words = (label or name).replace("_", " ")
    kind = "number list" if "by stage" in (label or "") else "number"
    cells = [element("td", _shown(name, value), class_=kind) for value in values]
    if len(values) > FEW_RUNS:
        return [element("tr", element("th", words, element("small", definition), scope="row"), *cells)]
    about = element("td", definition, class_="definition")
    return [element("tr", element("th", words, scope="row"), *cells, about)]


def _staleness_rows(runs: Sequence[RunData]) -> list[Html]:
    rows = []
    for part in ("forward_max", "forward_mean", "backward_max"):
        values = [_by_stage([own.get(part) for own in run.summary["staleness"].values()]) for run in runs]
        definition = COMPARISON_DEFINITIONS["staleness"]
        rows += _row("staleness", values, definition, f"staleness by stage, {part.replace('_', ' ')}")
    values = [_by_stage(list(run.summary["peak_in_flight"].values())) for run in runs]
    return rows + _row("", values, COMPARISON_DEFINITIONS["peak_in_flight"], "peak_in_flight by stage")


def _equal_rows(runs: Sequence[RunData]) -> list[Html]:
    """Losses and accuracies where the runs have taken the same samples, and the same cycles."""
    rows = []
    for where in ("at_equal_samples", "at_equal_cycles"):
        found = [run.summary.get(where) or {} for run in runs]
        first = "cycle" if where == "at_equal_samples" else "samples"
        for name in (first, "train_loss", "test_loss", "test_accuracy"):
            definition = COMPARISON_DEFINITIONS[where if name == first else name]
            rows += _row(name, [row.get(name) for row in found], definition, f"{name} {where}")
    return rows


def _by_stage(values: Sequence[Any]) -> str:
    more = " …" if len(values) > MOST_STAGES else ""
    return " ".join(_shown("", value) for value in values[:MOST_STAGES]) + more


def _of_stage(summary: Mapping[str, Any], name: str, stage: str) -> Any:
    values = summary.get(name)
    return values.get(stage) if isinstance(values, dict) else None


def _shown(name: str, value: Any) -> str:
    """A figure; shares in per cent, large whole numbers in groups of three digits."""
    if value is None:
        return DASH
    if isinstance(value, bool) or not isinstance(value, int | float):
        return figure(str(value))
    if name in _SHARES:
        return f"{100 * value:.4g} %"
    if isinstance(value, int):
        return f"{value:,}".replace(",", " ")
    return figure(value)
