"""arXiv 2406.12774: analog SGD's asymptotic error, on what it depends, and Tiki-Taka without it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from aimcsim.data.load import load_dataset
from aimcsim.scenario.data_spec import DataSpec, LeastSquaresSpec
from tests.reproductions.pictures import Panel, draw_panels
from tests.reproductions.report import Claim, Experiment, Line, Report, Row, mean, values

EXCESS = "optimum.excess_loss"
UNIT = "f(W) − f*"
TAU = "hardware.device.w_max"
NOISE = "data.problem.fresh_noise_std"
RATE = "training.learning_rate"
START = "model.layers.0.init_value"
PULSES = "hardware.pulses.pulse_type"
NAMES = {"digital-sgd": "digital SGD", "analog-sgd": "analog SGD", "tiki-taka": "Tiki-Taka"}
FLOAT = "none-with-device"


def settings_of(rows: Sequence[Row], path: str) -> list[Any]:
    """The values of an axis, sorted."""
    return sorted({row[path] for row in rows})


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Of log y against log x, least squares."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def figure_1(rows: Sequence[Row]) -> Report:
    """Learning rates."""
    rates = settings_of(rows, RATE)
    published = {
        "digital-sgd": "falls with α",
        "analog-sgd": "much larger, does not fall with α",
    }
    lines, floors = [], {}
    for algorithm, text in published.items():
        for rate in reversed(rates):
            found = values(rows, EXCESS, algorithm=algorithm, training__learning_rate=rate)
            lines.append(Line(NAMES[algorithm], f"α {rate / 2:g}", text, found))
            floors[algorithm, rate] = mean(found)
    digital = slope(rates, [floors["digital-sgd", rate] for rate in rates])
    analog = slope(rates, [floors["analog-sgd", rate] for rate in rates])
    least = min(floors["analog-sgd", rate] / floors["digital-sgd", rate] for rate in rates)
    claims = (
        Claim("digital error in proportion to α: power 0.7 to 1.5", 0.7 < digital < 1.5, f"α^{digital:.2f}"),
        Claim("analog error does not fall with α: power below 0.3", analog < 0.3, f"α^{analog:.2f}"),
        Claim("analog error at least 10 times the digital one", least > 10, f"{least:.0f} times at least"),
    )
    return Report(UNIT, tuple(lines), claims)


def figure_3(rows: Sequence[Row]) -> Report:
    """Recursions against pulses."""
    kinds = (
        ("digital-sgd", FLOAT, "digital recursion (2)", "far from the simulation"),
        ("analog-sgd", FLOAT, "analog recursion (3), float", "accurate approximation"),
        ("analog-sgd", "stochastic-compressed", "analog SGD by pulses, 600 states", "–"),
    )
    lines, distance = [], []
    for tau in settings_of(rows, TAU):
        floors = []
        for algorithm, pulses, name, text in kinds:
            where = {"hardware__device__w_max": tau, "hardware__pulses__pulse_type": pulses, "algorithm": algorithm}
            found = values(rows, EXCESS, **where)
            lines.append(Line(name, f"τ {tau:g}", text, found))
            floors.append(mean(found))
        distance.append((tau, floors[2] / floors[0], floors[2] / floors[1]))
    claims = (
        Claim(
            "the analog recursion is nearer to the pulses than the digital one, at every τ",
            all(abs(math.log(analog)) < abs(math.log(digital)) for _, digital, analog in distance),
            "; ".join(f"τ {tau:g}: {analog:.2f} against {digital:.1f}" for tau, digital, analog in distance)
            + " (pulses / recursion)",
        ),
        Claim(
            "within a factor 2 of the pulses",
            all(0.5 < analog < 2 for _, _, analog in distance),
            f"{min(analog for *_, analog in distance):.2f} to {max(analog for *_, analog in distance):.2f}",
        ),
    )
    return Report(UNIT, tuple(lines), claims)


def figure_4_tau(rows: Sequence[Row]) -> Report:
    """Dynamic range."""
    taus = settings_of(rows, TAU)
    digital = mean(values(rows, EXCESS, algorithm="digital-sgd"))
    lines = [
        Line(
            "analog SGD",
            f"τ {tau:g}",
            "largest" if tau == taus[0] else "near digital SGD" if tau == taus[-1] else "falls with τ",
            values(rows, EXCESS, algorithm="analog-sgd", hardware__device__w_max=tau),
        )
        for tau in taus
    ]
    floors = [mean(line.values) for line in lines]
    lines.append(Line("digital SGD", "", "smallest", values(rows, EXCESS, algorithm="digital-sgd", **_at(taus[0]))))
    above = [(tau, floor - digital) for tau, floor in zip(taus, floors, strict=True) if tau <= 5]
    power = slope(*zip(*above, strict=True))
    claims = (
        Claim(
            "the error falls as τ grows, from 2 to 20",
            all(a > b for a, b in pairwise(floors[:-1])),
            " > ".join(f"{floor:.2g}" for floor in floors[:-1]),
        ),
        Claim("at τ = 50 within 30 % of digital SGD", 0.7 < floors[-1] / digital < 1.3, f"{floors[-1] / digital:.2f}"),
        Claim(
            "what is above digital SGD falls as τ^-2 (the theorem's S_K): power -2.4 to -1.6 up to τ 5",
            -2.4 < power < -1.6,
            f"τ^{power:.2f}",
        ),
    )
    return Report(UNIT, tuple(lines), claims)


def _at(tau: float) -> dict[str, float]:
    return {"hardware__device__w_max": tau}


def figure_4_noise(rows: Sequence[Row]) -> Report:
    """Noise of the gradient."""
    lines, floors, digital = [], [], []
    noises = settings_of(rows, NOISE)
    for noise in noises:
        found = values(rows, EXCESS, algorithm="analog-sgd", data__problem__fresh_noise_std=noise)
        lines.append(Line("analog SGD", f"σ² {(noise / 2) ** 2:.2g}", "rises with σ²", found))
        floors.append(mean(found))
        digital.append(mean(values(rows, EXCESS, algorithm="digital-sgd", data__problem__fresh_noise_std=noise)))
    variances = [(noise / 2) ** 2 for noise in noises]
    low, high = slope(variances[:2], floors[:2]), slope(variances[2:], floors[2:])
    claims = (
        Claim(
            "the error increases with the noise",
            all(a < b for a, b in pairwise(floors)),
            " < ".join(f"{floor:.2g}" for floor in floors),
        ),
        Claim(
            "in proportion to σ² while it is small (0.001 to 0.01): power 0.7 to 1.3", 0.7 < low < 1.3, f"σ²^{low:.2f}"
        ),
        Claim("in proportion to σ² up to 1: power 0.7 to 1.3", 0.7 < high < 1.3, f"σ²^{high:.2f} from 0.1 to 1"),
        Claim(
            "above digital SGD up to σ² 0.1",
            all(a > b for a, b in zip(floors[:-1], digital[:-1], strict=True)),
            ", ".join(f"{a / b:.1f}×" for a, b in zip(floors, digital, strict=True)),
        ),
    )
    return Report(UNIT, tuple(lines), claims)


def figure_4_start(rows: Sequence[Row]) -> Report:
    """Initial weights."""
    starts = settings_of(rows, START)
    lines = [
        Line("analog SGD", f"W₀ = {start:g}", "the same", values(rows, EXCESS, model__layers__0__init_value=start))
        for start in starts
    ]
    floors = [mean(line.values) for line in lines]
    ratio = max(floors) / min(floors)
    claim = Claim("all starts end at one error, within 10 %", ratio < 1.1, f"largest / smallest {ratio:.3f}")
    return Report(UNIT, tuple(lines), (claim,))


def bound(rows: Sequence[Row]) -> Report:
    """The floor of the squared gradient against σ² S_K, with one weight."""
    lines, ratios, standing = [], [], []
    for noise in settings_of(rows, NOISE):
        for tau in settings_of(rows, TAU):
            found = []
            for floor, part, seed in floors_above_digital(rows, noise, tau):
                first, second = _moments(seed)
                # The noise of the gradient is fresh noise times input; the error of the weight adds below 1 % to it.
                found.append(floor / (noise**2 * second * part / (1 - part)))
                standing.append(floor / (2 / math.pi * (first * noise) ** 2 * part))
            lines.append(
                Line("analog SGD", f"σ {noise:g}, τ {tau:g}", "at most 4; the instance of theorem 3: 4", tuple(found))
            )
            ratios.append(mean(found))
    still = mean(standing)
    claims = (
        Claim(
            "the floor is in proportion to σ²S_K: ratios within a factor 1.3 over all τ and noises",
            max(ratios) / min(ratios) < 1.3,
            f"{min(ratios):.2f} to {max(ratios):.2f} of σ²S_K",
        ),
        Claim("the upper bound holds: below 4σ²S_K", max(ratios) < 4, f"{max(ratios) / 4:.2f} of it at most"),
        Claim(
            "it is (E&#124;g&#124;)²w²/τ², what (3) gives where it stands still, within 15 %",
            0.85 < still < 1.15,
            f"{still:.2f} times that",
        ),
    )
    return Report("‖∇f‖² / σ²S_K", tuple(lines), claims)


def floors_above_digital(rows: Sequence[Row], noise: float, tau: float) -> list[tuple[float, float, int]]:
    """Of each seed: squared gradient of analog SGD above that of digital SGD, (w/τ)², seed.

    Digital SGD sees the same samples and noise; what it has is the part Θ(α) of both.
    """
    gradient = "optimum.squared_gradient"
    own = [row for row in rows if row[NOISE] == noise and row[TAU] == tau]
    digital = {row["seed"]: row[gradient] for row in own if row["algorithm"] == "digital-sgd"}
    return [
        (row[gradient] - digital[row["seed"]], (row["optimum.largest_weight"] / tau) ** 2, row["seed"])
        for row in own
        if row["algorithm"] == "analog-sgd"
    ]


def _moments(seed: int) -> tuple[float, float]:
    """Mean |x| and mean x² of the 100 inputs of the one weight."""
    spec = LeastSquaresSpec(inputs=1, input_std=1.0, weight_std=0.5, noise_std=0.0)
    x = load_dataset(DataSpec(name="least-squares", train=100, test=1, problem=spec), seed).train_x.astype(float)
    return float(np.abs(x).mean()), float(np.square(x).mean())


def tiki_taka(rows: Sequence[Row]) -> Report:
    """Tiki-Taka where SGD stalls."""
    lines, claims = [], []
    for tau in settings_of(rows, TAU):
        floors = {}
        for pulses in (FLOAT, "stochastic-compressed"):
            for algorithm in dict.fromkeys(row["training.algorithm"] for row in rows):
                if algorithm == "digital-sgd" and pulses != FLOAT:
                    continue
                name = named(algorithm)
                where = {"hardware__device__w_max": tau, "hardware__pulses__pulse_type": pulses}
                found = values(rows, EXCESS, training__algorithm=algorithm, **where)
                how = "" if name == "digital SGD" else ", float" if pulses == FLOAT else ", pulses"
                published = {"digital SGD": "0", "analog SGD": "4σ²S_K"}.get(name, "0 as α → 0")
                lines.append(Line(name + how, f"τ {tau:g}", published, found))
                floors[name, pulses == FLOAT] = mean(found)
        rates = (0.03, 0.003, 0.001)
        for is_float, how in ((True, "float"), (False, "pulses")):
            path = [floors[f"Tiki-Taka, α {rate:g}", is_float] for rate in rates]
            claims.append(
                Claim(
                    f"τ {tau:g}, {how}: the error of Tiki-Taka falls with α, below that of analog SGD",
                    path[0] > path[1] > path[2] and path[2] < floors["analog SGD", is_float],
                    " > ".join(f"{floor:.2g}" for floor in path)
                    + f"; analog SGD {floors['analog SGD', is_float]:.2g}, digital {floors['digital SGD', True]:.2g}",
                )
            )
    return Report(UNIT, tuple(lines), tuple(claims))


def named(algorithm: str) -> str:
    """A readable name of the algorithm column of a sweep's table."""
    if not algorithm.startswith("{"):
        return NAMES[algorithm]
    rate = algorithm.split('"transfer_rate": ')[1].rstrip("}").split(",")[0]
    return f"Tiki-Taka, α {float(rate):g}"


# ---------------------------------------------------------------------------- pictures


def picture_1(folder: Path, target: Path) -> None:
    """Convergence at four learning rates."""

    def look(settings: Row) -> tuple[str, int, str]:
        algorithm, rate = settings["training.algorithm"], settings[RATE]
        style = "--" if algorithm == "digital-sgd" else "-"
        return f"{NAMES[algorithm]}, α {rate / 2:g}", [0.4, 0.2, 0.1, 0.06].index(rate), style

    draw_panels(folder, target, [Panel("τ = 3", {}, look)], 100, "iteration", UNIT)


def picture_3(folder: Path, target: Path) -> None:
    """Recursions and pulses at four τ."""

    def look(settings: Row) -> tuple[str, int, str]:
        if settings["training.algorithm"] == "digital-sgd":
            return "digital recursion", 0, "-"
        return ("analog recursion", 1, "-") if settings[PULSES] == FLOAT else ("pulses, 600 states", 2, "-")

    panels = [Panel(f"τ = {tau:g}", {TAU: tau}, look) for tau in (1.0, 1.5, 2.0, 2.5)]
    draw_panels(folder, target, panels, 1, "iteration", UNIT)


def picture_4(path: str, name: str, until: float | None = None) -> Any:
    """A picture of one panel whose curves differ in the axis `path`."""

    shown = "analog-sgd"

    def draw(folder: Path, target: Path) -> None:
        order: list[float] = []

        def look(settings: Row) -> tuple[str, int, str] | None:
            if settings.get("training.algorithm", shown) != shown:
                return ("digital SGD", 7, "--") if settings[path] == order[0] and path == TAU else None
            if settings[path] not in order:
                order.append(settings[path])
            value = settings[path] if path != NOISE else (settings[path] / 2) ** 2
            return f"{name} {value:.3g}", order.index(settings[path]), "-"

        draw_panels(folder, target, [Panel("analog SGD", {}, look)], 1, "iteration", UNIT, until)

    return draw


def picture_tiki_taka(folder: Path, target: Path) -> None:
    """By pulses, at both τ."""

    def look(settings: Row) -> tuple[str, int, str]:
        name = named(settings["training.algorithm"])
        return name, list(_ORDER).index(name), "-"

    panels = [Panel(f"τ = {tau:g}, by pulses", {TAU: tau, PULSES: "stochastic-compressed"}, look) for tau in (1.0, 2.5)]
    draw_panels(folder, target, panels, 1, "iteration", UNIT)


_ORDER = ("digital SGD", "analog SGD", "Tiki-Taka, α 0.03", "Tiki-Taka, α 0.003", "Tiki-Taka, α 0.001")


def picture_bound(folder: Path, target: Path) -> None:
    """Squared gradient at the end of each run against the bound's factor."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    from tests.reproductions.report import rows_of

    rows = rows_of(folder)
    figure = Figure(figsize=(5.0, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    space = figure.add_subplot()
    xs: list[float] = []
    for number, noise in enumerate(settings_of(rows, NOISE)):
        x, y = [], []
        for tau in settings_of(rows, TAU):
            for floor, part, seed in floors_above_digital(rows, noise, tau):
                x.append(noise**2 * _moments(seed)[1] * part / (1 - part))
                y.append(floor)
        space.plot(x, y, "os"[number], color=("#D55E00", "#0072B2")[number], markersize=4, label=f"σ {noise:g}")
        xs += x
    ends = np.array([min(xs), max(xs)])
    space.plot(ends, 4 * ends, color="#000000", linewidth=1, label="4σ²S_K, the paper's bound")
    space.plot(ends, ends, color="#999999", linewidth=1, label="σ²S_K")
    space.set_xscale("log")
    space.set_yscale("log")
    space.xaxis.set_minor_formatter(NullFormatter())
    space.set_xlabel("σ²S_K")
    space.set_ylabel("‖∇f‖² at the end, above digital SGD")
    space.grid(color="#e5e5e5")
    space.legend(fontsize=8, frameon=False)
    figure.savefig(target, dpi=120, metadata={"Software": None})


SOURCE = "arXiv 2406.12774"
EXPERIMENTS = (
    Experiment("analog-sgd-figure-1", f"{SOURCE}, figure 1", figure_1, picture_1),
    Experiment("analog-sgd-figure-3", f"{SOURCE}, figure 3", figure_3, picture_3),
    Experiment("analog-sgd-figure-4-tau", f"{SOURCE}, figure 4 left", figure_4_tau, picture_4(TAU, "τ")),
    Experiment("analog-sgd-figure-4-noise", f"{SOURCE}, figure 4 middle", figure_4_noise, picture_4(NOISE, "σ²")),
    Experiment("analog-sgd-figure-4-start", f"{SOURCE}, figure 4 right", figure_4_start, picture_4(START, "W₀", 800)),
    Experiment("analog-sgd-bound", f"{SOURCE}, theorems 2 and 3", bound, picture_bound),
    Experiment("tiki-taka-converges", f"{SOURCE}, theorem 4", tiki_taka, picture_tiki_taka),
)
