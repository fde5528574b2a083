"""The samples of every protocol as comparisons of single quantities, and what differs on purpose."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tests.crossbar.against_aihwkit.agreement import ROUNDING, Comparison, compare, joint
from tests.crossbar.against_aihwkit.our_side import DEVICES, Samples, our_samples, protocols, their_samples

#: Probability that a comparison of equals names one or more of its quantities as different.
FALSE_ALARM = 1e-3

#: Looks of `long trains`, of 30 pulses each.
LONG_LOOKS = (0, 1, 10, 11, 20, 21)
LONG_NAMES = ("start", "30 up", "300 up", "30 down", "300 down", "200 pairs")

#: (beginning of a subject, beginning of a quantity): shown, and left out of the verdict, for the reason given.
ON_PURPOSE = {
    ("stochastic;", "variance of row sums"): (
        "the two phases of `stochastic` are two trains on every row here; aihwkit sends the row's one train in both"
    ),
    ("soft-bounds, strong noise [closed-form]", "mean, 30 down"): (
        "the closed form cuts weights off at their bounds once a train, `exact` stepping and aihwkit at every pulse: "
        "it shows where a long train sends cells back from a bound with noise of several steps (`dw_min_std` 3)"
    ),
    ("leak, symmetric point", ""): (
        "aihwkit adds the symmetric point to the value that a leak or a reset of `soft-bounds-reference` leads to, in "
        "units of w + r; here `reset` is that value"
    ),
    ("narrow outputs, iterative, positive bound; forward", ""): (
        "with `bm_test_negative_bound` off, an output at the lower bound makes aihwkit forget one at the upper bound "
        "before it in the same sample; here the lower bound does not count"
    ),
}


@dataclass
class Result:
    """A protocol as it came out: both sides' samples, and the comparisons that count and that do not."""

    protocol: str
    ours: dict[str, Samples]
    theirs: Samples
    counted: list[Comparison] = field(default_factory=list)
    on_purpose: list[Comparison] = field(default_factory=list)


def reason_of(subject: str, quantity: str) -> str | None:
    """Why a quantity differs on purpose; None if it should not differ."""
    for (start, part), reason in ON_PURPOSE.items():
        if subject.startswith(start) and quantity.startswith(part):
            return reason
    return None


def measure(protocol: str, tiles: int, python: str) -> Result:
    """Run a protocol on both sides, and compare."""
    result = Result(protocol, our_samples(protocol, tiles), their_samples(protocol, tiles, python))
    for subject, theirs in result.theirs.items():
        case = DEVICES.get(subject.split("; ")[0])
        modes = case.steppings if case is not None and len(result.ours) > 1 else ("auto",)
        for mode in modes:
            title = subject if mode == "auto" else f"{subject} [{mode}]"
            ours = result.ours[mode][subject].astype(np.float64)
            for each in _quantities(protocol, title, ours, theirs.astype(np.float64)):
                known = reason_of(each.subject, each.quantity) is not None
                (result.on_purpose if known else result.counted).append(each)
    return result


def _quantities(protocol: str, title: str, ours: np.ndarray, theirs: np.ndarray) -> list[Comparison]:
    if protocol == "trajectories":
        return _looks(
            title, ("mean", "spread"), protocols.LOOK_NAMES, ours[:, protocols.LOOKS], theirs[:, protocols.LOOKS]
        )
    if protocol == "long trains":
        return _looks(title, ("mean", "spread"), LONG_NAMES, ours[:, LONG_LOOKS], theirs[:, LONG_LOOKS])
    if protocol == "ageing":
        return _looks(title, ("mean", "spread", "slope on the start"), protocols.AGE_NAMES, ours, theirs)
    if protocol in ("updates", "pulses"):
        return compare(title, protocols.UPDATE_NAMES, ours, theirs)
    if protocol == "noisy products":
        return _noisy(title, ours, theirs)
    return []


def _looks(
    title: str, figures: tuple[str, ...], names: tuple[str, ...], ours: np.ndarray, theirs: np.ndarray
) -> list[Comparison]:
    """(tiles, looks, figures), without what is the same number on every tile of both sides (weights just set)."""
    found = []
    for column, figure in enumerate(figures):
        found += compare(title, [f"{figure}, {name}" for name in names], ours[..., column], theirs[..., column])
    return [each for each in found if each.error > 2.0 * ROUNDING * max(abs(each.ours), abs(each.theirs))]


def _noisy(title: str, ours: np.ndarray, theirs: np.ndarray) -> list[Comparison]:
    """(tiles, outputs of all samples, mean and deviation over reads): each output, and all of them together.

    Together, in units of each output's deviation, differences show that are too small in single outputs; outputs that
    hardly vary (at a bound) are left out there.
    """
    unit = theirs[..., 1].mean(axis=0)
    varying = unit > 0.05 * np.median(unit)
    scaled = [side[:, varying] / unit[varying, None] for side in (ours, theirs)]
    name, direction = title.split("; ")
    deviations = ours[..., 1], theirs[..., 1]
    if protocols.NOISY_IO[name].get("out_noise_std"):
        # A line is as noisy in all samples: lines are independent, outputs are not.
        lines = protocols.OUTPUTS if direction == "forward" else protocols.INPUTS
        deviations = tuple((side / unit).reshape(len(side), -1, lines).mean(axis=1) for side in deviations)
    return [
        joint(title, "mean of each output", ours[..., 0], theirs[..., 0]),
        joint(title, "deviation of each output", *deviations),
        *compare(title, ["mean of all outputs", "deviation of all outputs"], *(side.mean(axis=1) for side in scaled)),
    ]


def exact_difference(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
    """(share of outputs that differ by more than rounding, largest difference), both relative.

    To the largest output of their sample; ours, theirs: (1, 2, batch, outputs).
    """
    scale = np.maximum(np.abs(theirs).max(axis=-1, keepdims=True), 1e-6)
    apart = np.abs(ours - theirs) / scale
    return float((apart > 2e-5).mean()), float(apart.max())
