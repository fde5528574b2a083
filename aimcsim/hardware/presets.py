"""Published figures of tiles: value, unit, source and note of every field; what a source does not give is absent."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """One published number. `verified` is False where it was recalled and not checked against its source."""

    value: str
    unit: str
    source: str
    note: str = ""
    verified: bool = True

    @property
    def origin(self) -> str:
        """Source and note in one line, and whether the figure was checked against it."""
        text = f"{self.source}; {self.note}" if self.note else self.source
        return text if self.verified else f"unverified: {text}"


@dataclass(frozen=True)
class HardwarePreset:
    """Times of one tile, per MVM (forward, backward) and per rank-one update; decimal text keeps them exact.

    `energy` and `area` have the keys of a scenario's `hardware.energy` and `hardware.area`. `tile`: rows and columns
    that the figures of an MVM are those of; None where they do not say.
    """

    name: str
    about: str
    figures: dict[str, Figure]
    energy: dict[str, Figure] = field(default_factory=dict)
    area: dict[str, Figure] = field(default_factory=dict)
    tile: tuple[int, int] | None = None


_RASCH = "Rasch et al., Nat. Commun. 15:7133 (2024), Table 1"
_MULTI_TILE = "arXiv 2510.02516, appendix"
_PANTHER = "Ankit et al., PANTHER (IEEE Trans. Comput. 2020); constants of puma-simulator, include/constants.py"
_NEUROSIM = "DNN_NeuroSim_V2.1, Training_pytorch/NeuroSIM/Param.cpp"
_HERMES = "Le Gallo et al., Nat. Electron. 6:680 (2023)"
_RPU = "Gokmen and Vlasov, Front. Neurosci. 10:333 (2016)"
_CLOCK = Figure("1", "ns", "choice of this project", "another one: timing: {preset: ..., clock_ns: ...}")

_UNIT = HardwarePreset(
    "unit",
    "forward 1, backward 1, update 0 cycles per action: schedule studies and closed forms",
    {
        "forward": Figure("1", "cycles per action", "definition"),
        "backward": Figure("1", "cycles per action", "definition"),
        "update": Figure("0", "cycles per action", "definition"),
    },
)

_RASCH_2024 = HardwarePreset(
    "rasch_2024",
    "40 ns MVM, 5 ns pulse slots, digital periphery: the cost model of the algorithm papers",
    {
        "clock": _CLOCK,
        "forward": Figure("40", "ns per MVM", _RASCH, "t_MVM"),
        "backward": Figure("40", "ns per MVM", _RASCH, "t_MVM, transposed"),
        "pulse": Figure("5", "ns per pulse slot", _RASCH, "t_sp; 5 slots give the table's 25 ns"),
        "digital": Figure("175", "operations per ns and array", _RASCH, "0.7 TFLOP/s shared by 4 arrays"),
    },
    area={"cell_um2": Figure("0.16", "um2 per device", _MULTI_TILE, "400 nm pitch")},
    tile=(512, 512),
)

_PANTHER_2020 = HardwarePreset(
    "panther_2020",
    "128x128 training crossbar: 100 ns MVM, 256 ns outer-product update",
    {
        "clock": _CLOCK,
        "forward": Figure("100", "ns per MVM", _PANTHER, "its ADCs work in a pipeline behind it"),
        "backward": Figure("100", "ns per MVM", _PANTHER, "transposed MVM"),
        "update": Figure("256", "ns per rank-one update", _PANTHER, "one of its four sign phases"),
    },
    energy={
        "forward_pj": Figure("170", "pJ per MVM", _PANTHER, "derived: 1.70 mW x 100 ns, without ADC"),
        "backward_pj": Figure("170", "pJ per MVM", _PANTHER, "derived: 1.70 mW x 100 ns, without ADC"),
        "conversion_pj": Figure(
            "1.40625", "pJ per conversion", _PANTHER, "derived: 1.8 mW x 100 ns for the 128 columns of a tile"
        ),
        "update_pj": Figure("289.28", "pJ per rank-one update", _PANTHER, "derived: 1.13 mW x 256 ns, one sign phase"),
        "idle_mw": Figure("0.2", "mW per tile", _PANTHER, "leakage of one ADC"),
    },
    tile=(128, 128),
)

_NEUROSIM_V2_1 = HardwarePreset(
    "neurosim_v2_1",
    "128x128 arrays at 32 nm, 8 columns (or rows) per ADC, 10 ns read and 50 ns write pulses",
    {
        "clock": Figure("1", "ns", _NEUROSIM, "clkFreq 1 GHz"),
        "conversion": Figure("10", "ns per read of a column group", _NEUROSIM, "readPulseWidth; one pulse of input"),
        "columns_per_adc": Figure("8", "output lines per ADC", _NEUROSIM, "numColMuxed, and numRowMuxedAG of B"),
        "pulse": Figure("50", "ns per pulse slot", _NEUROSIM, "writePulseWidth"),
    },
    tile=(128, 128),
)

_IBM_HERMES_2023 = HardwarePreset(
    "ibm_hermes_2023",
    "64-core PCM inference chip, 1-phase read: no update figure",
    {
        "clock": _CLOCK,
        "forward": Figure("133", "ns per MVM", _HERMES, "derived: 256x256 MVMs at 63.1 TOPS over 64 cores"),
        "backward": Figure("133", "ns per MVM", _HERMES, "taken equal to the forward read"),
    },
    energy={"forward_pj": Figure("13400", "pJ per MVM", _HERMES, "derived: 256x256 MVMs at 9.76 TOPS/W")},
    tile=(256, 256),
)

_RPU_2016 = HardwarePreset(
    "rpu_2016",
    "4096x4096 resistive processing unit: 80, 80, 20 ns (unverified)",
    {
        "clock": _CLOCK,
        "forward": Figure("80", "ns per MVM", _RPU, verified=False),
        "backward": Figure("80", "ns per MVM", _RPU, verified=False),
        "update": Figure("20", "ns per rank-one update", _RPU, verified=False),
    },
    tile=(4096, 4096),
)

PRESETS: dict[str, HardwarePreset] = {
    preset.name: preset for preset in (_UNIT, _RASCH_2024, _PANTHER_2020, _NEUROSIM_V2_1, _IBM_HERMES_2023, _RPU_2016)
}
