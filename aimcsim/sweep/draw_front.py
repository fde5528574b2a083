"""One summary value of a study against another, and the designs that no other beats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aimcsim.sweep.draw_curves import COLOURS, MOST_NAMED, say_empty
from aimcsim.sweep.figure_text import plain, short_names, wrapped
from aimcsim.sweep.intervals import MeanInterval
from aimcsim.sweep.series import Front

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from aimcsim.sweep.spec import PlotSpec


def draw_front(space: Axes, plot: PlotSpec, found: Front) -> list[str]:
    """Designs and their Pareto front; what the figure has to say of itself comes back."""

    def bars(one: MeanInterval) -> float | None:
        return one.half or None

    for each in found.candidates:
        colour = COLOURS[1] if each.on_front else "#aaaaaa"
        space.errorbar(
            each.x.mean, each.y.mean, xerr=bars(each.x), yerr=bars(each.y), fmt="o", color=colour, markersize=5,
            linewidth=0.8, zorder=3 if each.on_front else 2,
        )  # fmt: skip
    if not found.candidates:
        say_empty(space)
    all_names, heading = short_names([each.settings for each in found.candidates])
    front = sorted(
        ((each, name) for each, name in zip(found.candidates, all_names, strict=True) if each.on_front),
        key=lambda pair: (pair[0].x.mean, pair[0].y.mean),
    )
    where: Any = "pre" if found.maximise[0] else "post"
    xs, ys = [each.x.mean for each, _ in front], [each.y.mean for each, _ in front]
    space.step(xs, ys, where=where, color=COLOURS[1], linewidth=1)
    for number, (each, name) in enumerate(front[:MOST_NAMED], 1):
        space.annotate(str(number), (each.x.mean, each.y.mean), (5, 5), textcoords="offset points", fontsize=8)
        space.plot([], [], " ", label=plain(f"{number}  {name}", 200))
    if front and heading:
        title = wrapped(heading, 40)
        space.figure.legend(
            loc="outside right upper",
            fontsize=7,
            frameon=False,
            title=title,
            title_fontsize=7,
            handlelength=0,
            handletextpad=0,
            alignment="left",
        )
    for name, more, label in (
        (plot.x, found.maximise[0], space.set_xlabel),
        (plot.y, found.maximise[1], space.set_ylabel),
    ):
        label(f"{plain(name)}  ({'more' if more else 'less'} is better)")
    told = [f"Pareto front: {len(front)} of {len(found.candidates)} designs"]
    if any(each.x.count > 1 for each in found.candidates):
        told[0] += f", mean and 95 % interval over {max(each.x.count for each in found.candidates)} seeds"
    if found.left_out:
        told.append(f"{found.left_out} of {found.points} points belong to designs that lack a value")
    return told
