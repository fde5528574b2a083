"""From the `hardware.timing` words of a scenario to exact times in cycles.

Times are Fractions of a cycle until one tile operation is complete; `whole_cycles` is the one place that rounds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from aimcsim.errors import FieldError
from aimcsim.hardware.presets import PRESETS, TimingPreset
from aimcsim.scenario.hardware_spec import CycleTiming, HardwareSpec, NanosecondTiming, StageTimes, StageTiming


@dataclass(frozen=True)
class Times:
    """Exact times in cycles of one MVM, rank-one update, pulse slot and digital node.

    With `per_action` they count per stage action of one micro-batch, whatever its size, and `stages` may give
    each stage its own triple. `clock_ns` is None where a cycle has no stated length.
    """

    forward: Fraction
    backward: Fraction
    update: Fraction
    pulse: Fraction = Fraction(0)
    sum: Fraction = Fraction(0)
    activation: Fraction = Fraction(0)
    loss: int = 0
    clock_ns: Fraction | None = None
    per_action: bool = False
    stages: tuple[StageTimes, ...] | None = None

    @property
    def depends_on_data(self) -> bool:
        """True where the pulses that an update really needs decide how long it takes."""
        return self.pulse > 0


def without_pulses(times: Times) -> Times:
    """The same times where nothing is pulsed: no duration depends on the data."""
    return replace(times, pulse=Fraction(0))


def whole_cycles(exact: Fraction) -> int:
    """Exact time of one tile operation rounded up to cycles: the only rounding of time in aimcsim."""
    return -(-exact.numerator // exact.denominator)


def exact(value: float) -> Fraction:
    """The decimal number the user wrote, not its binary neighbour: 0.1 is 1/10."""
    return Fraction(repr(value))


def resolve_timing(hardware: HardwareSpec, chain: bool) -> Times:
    """Times of a scenario; a chain's are per action. Raises FieldError for a preset that lacks what is used."""
    timing = hardware.timing
    if isinstance(timing, str):
        return _from_preset(timing, chain)
    if isinstance(timing, StageTiming):
        first = timing.stages[0]
        return Times(
            forward=Fraction(first.forward),
            backward=Fraction(first.backward),
            update=Fraction(first.update),
            per_action=True,
            stages=tuple(timing.stages),
        )
    if isinstance(timing, NanosecondTiming):
        return _from_nanoseconds(timing, chain)
    return _from_cycles(timing, chain)


def _from_cycles(timing: CycleTiming, chain: bool) -> Times:
    per_action = chain or timing.per == "action"
    if per_action and (timing.pulse or timing.sum or timing.activation):
        raise FieldError(("hardware", "timing"), "pulse, sum and activation times need times per MVM, not per action")
    return Times(
        forward=Fraction(timing.forward),
        backward=Fraction(timing.backward),
        update=Fraction(timing.update),
        pulse=Fraction(timing.pulse),
        sum=Fraction(timing.sum),
        activation=Fraction(timing.activation),
        loss=timing.loss,
        clock_ns=None if timing.clock_ns is None else exact(timing.clock_ns),
        per_action=per_action,
    )


def _from_nanoseconds(timing: NanosecondTiming, chain: bool) -> Times:
    clock = exact(timing.clock_ns)
    if chain and (timing.pulse_ns or timing.sum_ns or timing.activation_ns):
        raise FieldError(("hardware", "timing"), "pulse, sum and activation times need a network, not a chain")
    return Times(
        forward=exact(timing.forward_ns) / clock,
        backward=exact(timing.backward_ns) / clock,
        update=exact(timing.update_ns) / clock,
        pulse=exact(timing.pulse_ns) / clock,
        sum=exact(timing.sum_ns) / clock,
        activation=exact(timing.activation_ns) / clock,
        loss=whole_cycles(exact(timing.loss_ns) / clock),
        clock_ns=clock,
        per_action=chain,
    )


def _from_preset(name: str, chain: bool) -> Times:
    preset = PRESETS.get(name)
    if preset is None:
        raise FieldError(("hardware", "timing"), f"must be one of {', '.join(sorted(PRESETS))}, or times", name)
    clock = Fraction(preset.figures["clock"].value) if "clock" in preset.figures else None
    in_cycles = Fraction(1) if clock is None else clock
    return Times(
        forward=_figure(preset, "forward") / in_cycles,
        backward=_figure(preset, "backward") / in_cycles,
        update=_figure(preset, "update") / in_cycles,
        pulse=Fraction(0) if chain else _optional_figure(preset, "pulse") / in_cycles,
        clock_ns=clock,
        per_action=chain or clock is None,
    )


def _figure(preset: TimingPreset, field: str) -> Fraction:
    if field not in preset.figures:
        raise FieldError(
            ("hardware", "timing"), f"{preset.name} gives no {field} time, and training needs one", preset.name
        )
    return Fraction(preset.figures[field].value)


def _optional_figure(preset: TimingPreset, field: str) -> Fraction:
    return Fraction(preset.figures[field].value) if field in preset.figures else Fraction(0)
