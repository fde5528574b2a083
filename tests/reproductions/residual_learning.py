"""arXiv 2502.06309, figure 2: Tiki-Taka and residual learning as the devices' asymmetry grows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.reproductions.pictures import Panel, draw_panels
from tests.reproductions.report import Claim, Experiment, Line, Report, Row, mean, values

EXCESS = "optimum.excess_loss"
C_LIN = "hardware.device.c_lin"
REFERENCE = "hardware.mapping.reference.mean"
NAMES = {
    "analog-sgd": "analog SGD",
    "residual-learning": "residual learning, γ 0.4",
    "tiki-taka": "Tiki-Taka, γ 0",
}
PUBLISHED = {
    ("residual-learning", 0.0): "far below analog SGD; plateau by granularity",
    ("residual-learning", 0.1): "degrades dramatically",
    ("residual-learning", 0.2): "worse than analog SGD",
    ("residual-learning", 0.3): "worse than analog SGD",
}


def figure_2(rows: Sequence[Row]) -> Report:
    """Asymmetry, with and without zero-shifting."""
    lines, floors = [], {}
    asymmetries = sorted({row[C_LIN] for row in rows})
    for is_shifted in (False, True):
        for algorithm, name in NAMES.items():
            for c in asymmetries:
                if is_shifted and c == 0.0:
                    continue
                own = [row for row in rows if row[C_LIN] == c and (row[REFERENCE] > 0.0) == is_shifted]
                found = values(own, EXCESS, algorithm=algorithm)
                default = "exact (corollary 1)" if is_shifted and algorithm == "residual-learning" else "–"
                published = default if is_shifted else PUBLISHED.get((algorithm, c), default)
                shifted = ", zero-shifted" if is_shifted else ""
                lines.append(Line(name + shifted, f"c_lin {c:g}", published, found))
                floors[algorithm, c, is_shifted] = mean(found)
    ahead = floors["analog-sgd", 0.0, False] / floors["residual-learning", 0.0, False]
    others = [c for c in asymmetries if c > 0.0]
    behind = [floors["residual-learning", c, False] / floors["analog-sgd", c, False] for c in others]
    restored = [floors["residual-learning", c, True] / floors["residual-learning", 0.0, False] for c in others]
    ahead_shifted = [floors["analog-sgd", c, True] / floors["residual-learning", c, True] for c in others]
    plain = [floors["tiki-taka", c, False] / floors["analog-sgd", c, False] for c in others]
    claims = (
        Claim("c = 0: far ahead of analog SGD, 100 times at least", ahead > 100, f"{ahead:.0f} times"),
        Claim(
            "c = 0.1 to 0.3: worse than analog SGD, in the mean over seeds",
            min(behind) > 1,
            ", ".join(f"c {c:g}: {ratio:.0f}×" for c, ratio in zip(others, behind, strict=True)),
        ),
        Claim(
            "the same for Tiki-Taka proper, γ = 0",
            min(plain) > 1,
            ", ".join(f"c {c:g}: {ratio:.0f}×" for c, ratio in zip(others, plain, strict=True)),
        ),
        Claim(
            "with the symmetric point shifted to 0 residual learning is as exact at every c as at 0, within a factor 2",
            max(restored) < 2,
            ", ".join(f"c {c:g}: {ratio:.2f}×" for c, ratio in zip(others, restored, strict=True)),
        ),
        Claim(
            "and at least 100 times ahead of analog SGD on the same shifted devices",
            min(ahead_shifted) > 100,
            ", ".join(f"c {c:g}: {ratio:.0f}×" for c, ratio in zip(others, ahead_shifted, strict=True)),
        ),
    )
    return Report("f(W) − f*", tuple(lines), claims)


def picture_2(folder: Path, target: Path) -> None:
    """As given, and zero-shifted."""

    def look(settings: Row, is_shifted: bool) -> tuple[str, int, str] | None:
        c, algorithm = settings[C_LIN], settings["training.algorithm"]
        if "tiki-taka" in algorithm or (c > 0.0 and (settings[REFERENCE] > 0.0) != is_shifted):
            return None
        name = "analog-sgd" if algorithm == "analog-sgd" else "residual-learning"
        return f"{NAMES[name]}, c {c:g}", round(10 * c), "--" if name == "analog-sgd" else "-"

    panels = [
        Panel("symmetric point at c·τ", {}, lambda settings: look(settings, False)),
        Panel("zero-shifted by a reference array", {}, lambda settings: look(settings, True)),
    ]
    draw_panels(folder, target, panels, 100, "iteration", "f(W) − f*")


EXPERIMENTS = (Experiment("residual-learning-figure-2", "arXiv 2502.06309, figure 2", figure_2, picture_2),)
