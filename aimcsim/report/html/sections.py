"""The parts of a report, of one run or of several."""

from __future__ import annotations

from collections.abc import Sequence

from aimcsim.report.figures import figure
from aimcsim.report.html.bars_part import definition_of, staleness_histograms, utilisation_bars
from aimcsim.report.html.document import Section
from aimcsim.report.html.elements import Html, element, join, preformatted
from aimcsim.report.html.run_data import RunData
from aimcsim.report.html.summary_part import headlines, remarks, stage_table, summary_table
from aimcsim.report.html.topology_part import topology_drawing
from aimcsim.report.op_table import KINDS
from aimcsim.report.palette import WORDS
from aimcsim.report.run_window import tiles_in_order

_METRICS = ("samples", "cycle", "train_loss", "test_loss", "test_accuracy")


def header_of_run(run: RunData) -> Html:
    """Name, what kind of run it is, and the figures that everybody looks for first."""
    summary = run.run.summary
    facts = [summary.schedule, f"{summary.stages} stages", summary.algorithm or "timing only", f"seed {summary.seed}"]
    status = element("span", summary.status, class_="status" if summary.status == "completed" else "status other")
    return join(
        [
            element("h1", run.label),
            element("p", " · ".join(facts), " ", status, class_="subtitle"),
            headlines(run.summary),
        ]
    )


def header_of_comparison(runs: Sequence[RunData]) -> Html:
    """What is compared."""
    names = ", ".join(run.label for run in runs)
    return join([element("h1", f"{len(runs)} runs side by side"), element("p", names, class_="subtitle")])


def sections_of_run(run: RunData) -> list[Section]:
    """All parts of the report of one run."""
    summary = run.run.summary
    found = [Section("timeline", "Timeline", _timelines([run]))]
    if run.run.rows:
        found.append(Section("curves", "Loss and accuracy", _curves([run])))
    bars = join([definition_of("utilisation"), _bars(run)])
    found.append(Section("utilisation", "Utilisation", _panel(bars), is_half=run.timeline is not None))
    if run.timeline is not None:
        stages = _unfolding("Every stage in figures", stage_table(run.summary))
        found.append(
            Section(
                "staleness", "Staleness", _panel(join([definition_of("staleness"), _histograms(run), stages])), True
            )
        )
    found.append(Section("topology", "Topology", _panel(topology_drawing(run.assembly.topology, summary.bottleneck))))
    found.append(Section("summary", "Summary", join([_panel(summary_table([run])), remarks(run.summary)])))
    found.append(Section("scenario", "Scenario", _panel(preformatted(run.scenario_text))))
    return found


def sections_of_comparison(runs: Sequence[RunData]) -> list[Section]:
    """All parts of the report of several runs."""
    words = [remarks(run.summary, run.label) for run in runs]
    found = [Section("summary", "Summary", join([_panel(summary_table(runs)), *words]))]
    found.append(Section("timeline", "Timelines", _timelines(runs)))
    if any(run.run.rows for run in runs):
        found.append(Section("curves", "Loss and accuracy", _curves(runs)))
    logged = [run for run in runs if run.timeline is not None]
    if logged:
        panels = _grid([(run.label, _histograms(run)) for run in logged])
        found.append(Section("staleness", "Staleness", join([definition_of("staleness"), panels])))
    panels = _grid([(run.label, _bars(run)) for run in runs])
    found.append(Section("utilisation", "Utilisation", join([definition_of("utilisation"), panels])))
    drawings = [
        _unfolding(run.label, topology_drawing(run.assembly.topology, run.run.summary.bottleneck), is_open=i == 0)
        for i, run in enumerate(runs)
    ]
    found.append(Section("topology", "Topologies", _panel(join(drawings))))
    texts = [_unfolding(run.label, preformatted(run.scenario_text)) for run in runs]
    found.append(Section("scenario", "Scenarios", _panel(join(texts))))
    return found


def _bars(run: RunData) -> Html:
    return utilisation_bars(run.run.summary.utilisation, tiles_in_order(run.run.summary))


def _histograms(run: RunData) -> Html:
    assert run.timeline is not None
    return staleness_histograms(run.timeline.histograms, run.timeline.left_out)


def _grid(parts: Sequence[tuple[str, Html]]) -> Html:
    """Panels side by side, each with its title."""
    return element("div", *(_panel(join([element("h3", title), part])) for title, part in parts), class_="charts")


def _panel(content: Html) -> Html:
    return element("div", content, class_="panel")


def _unfolding(title: str, content: Html, is_open: bool = False) -> Html:
    return element("details", element("summary", title), content, open=is_open)


def _timelines(runs: Sequence[RunData]) -> Html:
    """Where the script puts its canvases, with everything around them."""
    shown = [(number, run) for number, run in enumerate(runs) if run.timeline is not None]
    if not shown:
        return element("p", "No operation was logged (trace.ops: none).", class_="faint")
    places = [_place(number, run, len(runs) > 1) for number, run in shown]
    dialog = element(
        "dialog",
        element("h3", "Keys of a timeline"),
        element("dl", id="key-list"),
        element("form", element("button", "Close"), method="dialog"),
        id="keys",
        aria_label="Keys of a timeline",
    )
    slider = element("div", element("div"), class_="slider", id="slider", aria_hidden="true")
    hint = element(
        "p",
        "Drag to move. Click a timeline, then turn the wheel to zoom (or hold Ctrl). Point at an operation for its "
        "details, the way of its micro-batch (solid arrows) and the update whose weights it sees (dashed).",
        class_="hint",
    )
    return join([_toolbar(shown), element("div", *places, class_="panel timelines"), slider, hint, dialog])


def _place(number: int, run: RunData, is_named: bool) -> Html:
    assert run.timeline is not None
    title: list[Html] = []
    if is_named:
        cycles = f"{run.run.summary.makespan_cycles:,}".replace(",", " ")
        about = f" {run.run.summary.schedule}, {cycles} cycles"
        title.append(element("h3", run.label, element("small", about)))
    if run.timeline.left_out is not None:
        title.append(element("p", f"Left out: {run.timeline.left_out}.", class_="faint left-out"))
    return element("div", *title, id=f"timeline-{number}")


def _toolbar(shown: Sequence[tuple[int, RunData]]) -> Html:
    used = {code for _, run in shown if run.timeline is not None for code in set(run.timeline.ops.kind.tolist())}
    kinds = [
        element("span", element("i", class_=f"chip {kind}"), WORDS[kind])
        for code, kind in enumerate(KINDS)
        if code in used
    ]
    return element(
        "div",
        element("button", "+", type="button", id="zoom-in", aria_label="Zoom in"),
        element("button", "−", type="button", id="zoom-out", aria_label="Zoom out"),
        element("button", "Whole run", type="button", id="zoom-all"),
        element("button", "? Keys", type="button", id="show-keys"),
        element("p", id="range", class_="range", role="status"),
        element("p", *kinds, element("span", element("i", class_="chip idle"), "idle"), class_="legend"),
        class_="toolbar",
    )


def _curves(runs: Sequence[RunData]) -> Html:
    """Where the script puts its charts, and the same figures as tables."""
    tables = [_unfolding(f"Evaluations of {run.label}", _evaluations(run)) for run in runs if run.run.rows]
    return join([element("div", id="curves-here"), *tables])


def _evaluations(run: RunData) -> Html:
    heads = [element("th", name.replace("_", " "), scope="col", class_="number") for name in _METRICS]
    rows = [
        element("tr", *(element("td", figure(getattr(row, name)), class_="number") for name in _METRICS))
        for row in run.run.rows
    ]
    return element(
        "div", element("table", element("thead", element("tr", *heads)), element("tbody", *rows)), class_="tall"
    )
