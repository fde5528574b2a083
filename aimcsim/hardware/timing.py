"""From the `hardware.timing` words of a scenario to exact times in cycles.

Times are Fractions of a cycle until one tile operation is complete; `whole_cycles` is the one place that rounds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from aimcsim.errors import FieldError
from aimcsim.hardware.presets import PRESETS, HardwarePreset
from aimcsim.scenario.hardware_spec import (
    CycleTiming,
    HardwareSpec,
    NanosecondTiming,
    PresetTiming,
    StageTimes,
    StageTiming,
)


@dataclass(frozen=True)
class Times:
    """Exact times in cycles of one MVM, rank-one update, pulse slot and digital node.

    An MVM takes `conversion` more for each of the output lines that share an ADC. `digital`: cycles of one digital
    operation; where it is not 0, `sum` and `activation` are that too, and digital nodes and the digital work of
    updates and transfers take time in proportion to their operations.

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
    conversion: Fraction = Fraction(0)
    columns_per_adc: int = 1
    digital: Fraction = Fraction(0)
    clock_ns: Fraction | None = None
    per_action: bool = False
    stages: tuple[StageTimes, ...] | None = None

    @property
    def depends_on_data(self) -> bool:
        """True where the pulses that an update really needs decide how long it takes."""
        return self.pulse > 0

    def conversions(self, lines: int) -> Fraction:
        """Cycles in which the ADCs of a tile convert `lines` output lines."""
        return self.conversion * min(self.columns_per_adc, lines)


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
        return _from_preset(find_preset(timing, ("hardware", "timing")), None, chain)
    if isinstance(timing, PresetTiming):
        path = ("hardware", "timing", "preset")
        return _from_preset(find_preset(timing.preset, path), exact(timing.clock_ns), chain)
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
    of_nodes = timing.sum_ns or timing.activation_ns
    if chain and (timing.pulse_ns or of_nodes or timing.conversion_ns or timing.operations_per_ns):
        what = "pulse, sum, activation, conversion and digital times need a network, not a chain"
        raise FieldError(("hardware", "timing"), what)
    if of_nodes and timing.operations_per_ns is not None:
        what = "operations_per_ns stands in place of sum_ns and activation_ns: give one or the other"
        raise FieldError(("hardware", "timing"), what)
    digital = Fraction(0) if timing.operations_per_ns is None else 1 / exact(timing.operations_per_ns) / clock
    return Times(
        forward=exact(timing.forward_ns) / clock,
        backward=exact(timing.backward_ns) / clock,
        update=exact(timing.update_ns) / clock,
        pulse=exact(timing.pulse_ns) / clock,
        sum=digital or exact(timing.sum_ns) / clock,
        activation=digital or exact(timing.activation_ns) / clock,
        loss=whole_cycles(exact(timing.loss_ns) / clock),
        conversion=exact(timing.conversion_ns) / clock,
        columns_per_adc=timing.columns_per_adc,
        digital=digital,
        clock_ns=clock,
        per_action=chain,
    )


def preset_of(hardware: HardwareSpec) -> HardwarePreset | None:
    """The preset that a scenario's times are from, None where they are its own. Raises FieldError for no preset."""
    timing = hardware.timing
    if isinstance(timing, str):
        return find_preset(timing, ("hardware", "timing"))
    return find_preset(timing.preset, ("hardware", "timing", "preset")) if isinstance(timing, PresetTiming) else None


def find_preset(name: str, path: tuple[str, ...]) -> HardwarePreset:
    """The preset of this name; `path` names the field that gives it. Raises FieldError."""
    preset = PRESETS.get(name)
    if preset is None:
        raise FieldError(path, f"must be one of {', '.join(sorted(PRESETS))}, or times", name)
    return preset


def _from_preset(preset: HardwarePreset, clock: Fraction | None, chain: bool) -> Times:
    """A chain has the times of an MVM and an update alone. `clock`: in place of the preset's own, in nanoseconds."""
    if "clock" not in preset.figures:
        if clock is not None:
            path = ("hardware", "timing", "preset")
            raise FieldError(path, f"{preset.name} counts in cycles and takes no clock_ns", preset.name)
        forward, backward, update = (_figure(preset, what) for what in ("forward", "backward", "update"))
        return Times(forward, backward, update, per_action=True)
    clock = clock or _figure(preset, "clock")
    _check_trains(preset)
    lines = _figure(preset, "columns_per_adc") or Fraction(1)
    conversion = _figure(preset, "conversion") / clock
    shared = conversion * lines if chain else Fraction(0)
    throughput = _figure(preset, "digital")
    digital = 1 / throughput / clock if throughput and not chain else Fraction(0)
    return Times(
        forward=_figure(preset, "forward") / clock + shared,
        backward=_figure(preset, "backward") / clock + shared,
        update=_figure(preset, "update") / clock,
        pulse=Fraction(0) if chain else _figure(preset, "pulse") / clock,
        sum=digital,
        activation=digital,
        conversion=Fraction(0) if chain else conversion,
        columns_per_adc=int(lines),
        digital=digital,
        clock_ns=clock,
        per_action=chain,
    )


def _check_trains(preset: HardwarePreset) -> None:
    """Training needs to know how long an update takes: by itself, by its pulses, or both."""
    if not {"update", "pulse"} & preset.figures.keys():
        what = f"{preset.name} gives no update time, and training needs one"
        raise FieldError(("hardware", "timing"), what, preset.name)


def _figure(preset: HardwarePreset, field: str) -> Fraction:
    return Fraction(preset.figures[field].value) if field in preset.figures else Fraction(0)
