"""Curves of a study: means over seeds against an axis, and columns of metrics.csv against one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from aimcsim.sweep.axes import text_of
from aimcsim.sweep.figure_text import defined, plain, short_names, wrapped
from aimcsim.sweep.run_curves import RunCurves
from aimcsim.sweep.series import Curve, Curves, is_numeric

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from aimcsim.sweep.spec import PlotSpec

#: Colours of Okabe and Ito, which people with any colour vision can tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
MARKERS = "osD^vP*X"
LINES = ("-", "--", ":", "-.")

#: Most curves and most points of a front that are named.
MOST_NAMED = 16

#: Letters of a name beside which the axes keep their width in a usual figure, and of the longest that widens it.
USUAL_LETTERS, MOST_LETTERS, INCHES_A_LETTER = 18, 80, 0.07

#: Values of an axis that still get a tick each.
MOST_TICKS = 12


def draw_means(space: Axes, plot: PlotSpec, found: Curves) -> list[str]:
    """A curve for every combination of the other axes; what the figure has to say of itself comes back."""
    numeric = is_numeric(found.x_values)
    names, heading = short_names([curve.settings for curve in found.curves])
    for number, curve in enumerate(found.curves):
        shift = 0.0 if numeric else (number - (len(found.curves) - 1) / 2) * min(0.12, 0.6 / len(found.curves))
        places = [float(spot.x) if numeric else found.x_values.index(spot.x) + shift for spot in curve.spots]
        _draw_curve(space, curve, places, number, names[number] if number < MOST_NAMED else "", joined=numeric)
    if not found.curves:
        say_empty(space)
    elif numeric and len(found.x_values) <= MOST_TICKS:
        space.set_xticks([float(x) for x in found.x_values], [f"{x:g}" for x in found.x_values])
        space.set_xticks([], minor=True)
    elif not numeric:
        space.set_xticks(range(len(found.x_values)), [plain(text_of(x), 24) for x in found.x_values])
        if max((len(text_of(x)) for x in found.x_values), default=0) * len(found.x_values) > 70:
            space.tick_params(axis="x", rotation=30)
    space.set_xlabel(plain(plot.x))
    space.set_ylabel(plain(plot.y))
    _name_curves(space, names, heading)
    counts = {spot.y.count for curve in found.curves for spot in curve.spots}
    most = max(counts, default=0)
    told = [defined(plot.y)]
    if found.curves:
        told.append(f"mean and 95 % interval over {most} seeds" if most > 1 else "one run a point, no interval")
    if found.left_out:
        hollow = "; hollow: the mean of those that have" if found.curves else ""
        told.append(f"{found.left_out} of {found.points} points have no value{hollow}")
    return [line for line in told if line]


def draw_runs(space: Axes, plot: PlotSpec, found: RunCurves) -> list[str]:
    """Mean curves and the range of seeds around them; what the figure has to say of itself comes back."""
    names, heading = short_names([curve.settings for curve in found.curves])
    for number, curve in enumerate(found.curves):
        colour, style = COLOURS[number % len(COLOURS)], LINES[number // len(COLOURS) % len(LINES)]
        name = plain(names[number]) if number < MOST_NAMED and names[number] else None
        space.plot(curve.x, curve.mean, color=colour, linestyle=style, linewidth=1.4, label=name)
        if curve.seeds > 1:
            space.fill_between(curve.x, curve.low, curve.high, color=colour, alpha=0.15, linewidth=0)
    if not found.curves:
        say_empty(space)
    space.set_xlabel(plain(plot.x))
    space.set_ylabel(plain(plot.y))
    _name_curves(space, names, heading)
    most = max((curve.seeds for curve in found.curves), default=0)
    told = [defined(plot.y)]
    if found.curves:
        told.append(f"mean and range over {most} seeds" if most > 1 else "one run a curve")
    if found.left_out:
        told.append(f"{found.left_out} of {found.points} points have no curve")
    return [line for line in told if line]


def _name_curves(space: Axes, names: Sequence[str], heading: str) -> None:
    """The legend beside the figure, where there is anything to tell apart; long names make the figure wider."""
    if not any(names):
        return
    longest = min(MOST_LETTERS, max(len(name) for name in names[:MOST_NAMED]))
    figure = space.figure
    assert isinstance(figure, Figure)
    figure.set_size_inches(8.0 + max(0, longest - USUAL_LETTERS) * INCHES_A_LETTER, 5.0)
    more = len(names) - MOST_NAMED
    title = wrapped(heading, 24) + (f"\n({more} more)" if more > 0 else "")
    space.figure.legend(loc="outside right upper", fontsize=8, frameon=False, title=title, title_fontsize=8)


def say_empty(space: Axes) -> None:
    """Nothing to draw: no ticks either, which would look like values."""
    space.text(0.5, 0.5, "no point has a value", ha="center", transform=space.transAxes)
    space.set_xticks([])
    space.set_yticks([])


def _draw_curve(space: Axes, curve: Curve, places: list[float], number: int, name: str, *, joined: bool) -> None:
    colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
    means = [spot.y.mean for spot in curve.spots]
    if joined:
        space.plot(places, means, color=colour, linewidth=1.2, alpha=0.7)
    for index, (place, spot) in enumerate(zip(places, curve.spots, strict=True)):
        space.errorbar(
            place,
            spot.y.mean,
            yerr=spot.y.half or None,
            fmt=marker,
            color=colour,
            markerfacecolor=colour if spot.complete else "white",
            markersize=5,
            capsize=3,
            linewidth=1.2,
            label=plain(name) if name and index == 0 else None,
        )
