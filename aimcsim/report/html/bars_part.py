"""Utilisation of every tile as bars, and staleness of every stage as small histograms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aimcsim.report.figures import DASH
from aimcsim.report.html.elements import Html, element, join
from aimcsim.report.html.histograms import StageHistogram
from aimcsim.trace.definitions import DEFINITIONS

#: Rows and histograms that are drawn, and values of staleness in one histogram.
MOST_TILES = 256
MOST_STAGES = 48
MOST_VALUES = 40

_HEIGHT = 72
_BASE = 56
_STEP = 18


def utilisation_bars(utilisation: Mapping[str, float | None], order: Sequence[str]) -> Html:
    """A bar a tile or digital unit, from 0 to 100 % of the makespan."""
    rows = []
    for name in order[:MOST_TILES]:
        share = utilisation[name]
        shown = DASH if share is None else f"{100 * share:.1f} %"
        rows.append(
            element(
                "tr",
                element("th", name, scope="row"),
                element("td", _bar(share)),
                element("td", shown, class_="number"),
            )
        )
    more = f"{len(order) - MOST_TILES} more are in summary.json." if len(order) > MOST_TILES else ""
    caption = element("p", more, class_="faint") if more else Html("")
    table = element("table", element("tbody", *rows), class_="bars")
    return join(
        [caption, element("div", table, class_="tall", tabindex="0", role="region", aria_label="Utilisation of tiles")]
    )


def staleness_histograms(histograms: Sequence[StageHistogram], left_out: str | None) -> Html:
    """One small histogram a stage: how many F and B missed how many updates, over the operations on show."""
    widest = max((max(len(own.forward), len(own.backward)) for own in histograms), default=0)
    drawn = [_histogram(own, min(widest, MOST_VALUES)) for own in histograms[:MOST_STAGES]]
    more = f" {len(histograms) - MOST_STAGES} more stages are not drawn." if len(histograms) > MOST_STAGES else ""
    where = "Counted over the operations on show." if left_out is not None else ""
    caption = element("p", f"{where}{more}", class_="faint") if where or more else Html("")
    legend = element(
        "p",
        element("i", "", class_="chip F"),
        "forward ",
        element("i", "", class_="chip B"),
        "backward",
        class_="legend",
    )
    return join([legend, element("div", *drawn, class_="histograms"), caption])


def _bar(share: float | None) -> Html:
    width = 0.0 if share is None else 100 * min(max(share, 0.0), 1.0)
    track = element("rect", width="100%", height="100%", rx="2", class_="track")
    fill = element("rect", width=f"{width:.2f}%", height="100%", rx="2", class_="fill")
    return element("svg", track, fill, class_="bar", aria_hidden="true")


def _histogram(own: StageHistogram, values: int) -> Html:
    """Bars of F and B side by side at each staleness; what lies beyond the last is added to it."""
    forward, backward = _cut(own.forward, values), _cut(own.backward, values)
    total = max(sum(forward), sum(backward), 1)
    width = max(values, 1) * _STEP + 6
    parts = [element("line", x1="0", x2=f"{width}", y1=f"{_BASE}", y2=f"{_BASE}", class_="axis")]
    for kind, counts, shift in (("F", forward, 2), ("B", backward, 9)):
        for value, count in enumerate(counts):
            if count:
                height = max(1.5, count / total * (_BASE - 4))
                title = element("title", f"stage {own.stage}: {count} {kind} missed {value} updates")
                parts.append(
                    element(
                        "rect", title, x=f"{value * _STEP + shift + 2}", width="7", y=f"{_BASE - height:.1f}",
                        height=f"{height:.1f}", class_=f"kind {kind}",
                    )
                )  # fmt: skip
    every = 1 if values <= 10 else 5
    for value in range(0, values, every):
        more = "+" if value == values - 1 and max(len(own.forward), len(own.backward)) > values else ""
        parts.append(
            element("text", f"{value}{more}", x=f"{value * _STEP + 11}", y=f"{_BASE + 13}", text_anchor="middle")
        )
    label = f"Staleness of stage {own.stage}. F: {_words(own.forward)}. B: {_words(own.backward)}."
    svg = element(
        "svg",
        *parts,
        viewBox=f"0 0 {width} {_HEIGHT}",
        width=f"{width}",
        height=f"{_HEIGHT}",
        role="img",
        aria_label=label,
    )
    return element("figure", element("figcaption", f"stage {own.stage}"), svg)


def _cut(counts: Sequence[int], values: int) -> list[int]:
    kept = list(counts[:values])
    if len(counts) > values and kept:
        kept[-1] += sum(counts[values:])
    return kept


def _words(counts: Sequence[int]) -> str:
    found = [f"{count} at {value}" for value, count in enumerate(counts) if count]
    return ", ".join(found[:MOST_VALUES]) or "none"


def definition_of(name: str) -> Html:
    """What a figure is, as a sentence."""
    definition = DEFINITIONS[name]
    return element("p", f"{definition[0].upper()}{definition[1:]}.", class_="faint")
