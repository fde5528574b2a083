"""Published tile timings: value, unit, source and note of every field; what a source does not give is absent."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One published number. `verified` is False where it was recalled and not checked against its source."""

    value: str
    unit: str
    source: str
    note: str = ""
    verified: bool = True


@dataclass(frozen=True)
class TimingPreset:
    """Times of one tile, per MVM (forward, backward) and per rank-one update; decimal text keeps them exact."""

    name: str
    about: str
    figures: dict[str, Figure]


_RASCH = "Rasch et al., Nat. Commun. 15:7133 (2024), Table 1"
_PANTHER = "Ankit et al., PANTHER (IEEE Trans. Comput. 2020); constants of puma-simulator, include/constants.py"
_HERMES = "Le Gallo et al., Nat. Electron. 6:680 (2023)"
_RPU = "Gokmen and Vlasov, Front. Neurosci. 10:333 (2016)"
_CLOCK = Figure("1", "ns", "choice of this project", "finest unit of the figures below")

PRESETS: dict[str, TimingPreset] = {
    preset.name: preset
    for preset in (
        TimingPreset(
            "unit",
            "forward 1, backward 1, update 0 cycles per action: schedule studies and closed forms",
            {
                "forward": Figure("1", "cycles per action", "definition"),
                "backward": Figure("1", "cycles per action", "definition"),
                "update": Figure("0", "cycles per action", "definition"),
            },
        ),
        TimingPreset(
            "rasch_2024",
            "40 ns MVM, 5 ns pulse slots, digital periphery: the cost model of the algorithm papers",
            {
                "clock": _CLOCK,
                "forward": Figure("40", "ns per MVM", _RASCH, "t_MVM"),
                "backward": Figure("40", "ns per MVM", _RASCH, "t_MVM, transposed"),
                "pulse": Figure("5", "ns per pulse slot", _RASCH, "t_sp; 5 slots give the table's 25 ns"),
                "update": Figure("5.85", "ns per rank-one update", _RASCH, "2N operations, N = 512, at 0.175 TFLOP/s"),
            },
        ),
        TimingPreset(
            "panther_2020",
            "128x128 training crossbar: 100 ns MVM, 256 ns outer-product update",
            {
                "clock": _CLOCK,
                "forward": Figure("100", "ns per MVM", _PANTHER),
                "backward": Figure("100", "ns per MVM", _PANTHER, "transposed MVM"),
                "update": Figure("256", "ns per rank-one update", _PANTHER, "one of its four sign phases"),
            },
        ),
        TimingPreset(
            "ibm_hermes_2023",
            "64-core PCM inference chip, 1-phase read: no update figure",
            {
                "clock": _CLOCK,
                "forward": Figure("133", "ns per MVM", _HERMES, "derived: 256x256 MVMs at 63.1 TOPS over 64 cores"),
                "backward": Figure("133", "ns per MVM", _HERMES, "taken equal to the forward read"),
            },
        ),
        TimingPreset(
            "rpu_2016",
            "4096x4096 resistive processing unit: 80, 80, 20 ns (unverified)",
            {
                "clock": _CLOCK,
                "forward": Figure("80", "ns per MVM", _RPU, verified=False),
                "backward": Figure("80", "ns per MVM", _RPU, verified=False),
                "update": Figure("20", "ns per rank-one update", _RPU, verified=False),
            },
        ),
    )
}
