"""The pulse drivers of one array: how an update reaches its devices."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from aimcsim.crossbar.alignment import aligned
from aimcsim.crossbar.cells import Cells
from aimcsim.crossbar.checks import check_elapsed, check_updated
from aimcsim.crossbar.closed_form import closed_form_of, takes_closed_form
from aimcsim.crossbar.devices import IDEAL, STEPPED, DeviceArray
from aimcsim.crossbar.fast_update import numbers_of, update_closed_form
from aimcsim.crossbar.line_floats import add_lines, add_with_response
from aimcsim.crossbar.line_soft_bounds import CoarseLines, coarse_lines, write_closed_form
from aimcsim.crossbar.line_soft_bounds_exact import write_exact
from aimcsim.crossbar.pulses import LONGEST_TRAIN, packed_rules, rules_of
from aimcsim.crossbar.response_update import update_with_response
from aimcsim.crossbar.trains import count_slots
from aimcsim.crossbar.update import update_float, update_pulsed
from aimcsim.keys import key_pair
from aimcsim.scenario.hardware_spec import PulseSpec
from aimcsim.scenario.pulse_spec import UNPULSED

Floats = NDArray[np.float32]

NO_STATE = "knows the ideal device and soft bounds that do not age"


class Drivers:
    """Updates of an array of `devices` by trains of `pulses`, keyed by (seed, name) and the numbers of the samples.

    The ideal device is updated in float32 whatever `pulses` says. pulse_type "none" does the same on any device and
    ignores its bounds; "none-with-device" makes float steps that follow its response and bounds. `cells` hold what
    devices know beside their conductance, None where there is nothing. ValueError for devices that cannot be driven so.
    """

    def __init__(self, devices: DeviceArray, pulses: PulseSpec, seed: int, name: str) -> None:
        self.devices = devices
        self.held = devices.kind != IDEAL and pulses.pulse_type != "none"
        self.pulsed = self.held and pulses.pulse_type not in UNPULSED
        self.rules = rules_of(pulses, devices.granularity)
        self._rule_numbers = packed_rules(self.rules)
        self.keys = np.array([key_pair(seed, name, role) for role in ("columns", "rows", "cycles")], dtype=np.uint32)
        managed = not self.pulsed or self.rules.fixed_bl or self.rules.length_management
        self._highest_rate = math.inf if managed else self.rules.granularity * LONGEST_TRAIN
        self.nominal_slots = pulses.nominal_slots if self.pulsed else 0
        closed = self.pulsed and takes_closed_form(pulses.stepping, devices)
        self._closed_form = closed_form_of(devices) if closed else None
        self._coarse_lines: CoarseLines | None = None
        if self._closed_form is not None:
            self._numbers = numbers_of(self.rules, devices, self._closed_form)
        keeps_state = devices.kind == STEPPED or devices.aging is not None
        if keeps_state and self.held and not self.pulsed:
            raise ValueError(f"pulse_type {pulses.pulse_type} {NO_STATE}")
        self.cells = Cells(devices, seed, name, pulses.stepping) if keeps_state and self.pulsed else None

    def settled(self, conductances: Floats, noisy: bool = True) -> Floats:
        """Conductances as the devices can hold them; pulse_type "none" lets nothing hold them back."""
        if self.cells is not None:
            return self.cells.settle(conductances, noisy)
        held = self.devices.clip(conductances) if self.held else conductances
        return aligned(held)

    def update(self, conductances: Floats, lines: Floats, errors: Floats, rate: float, first: int) -> int:
        """C −= rate·d xᵀ in place; returns the pulse slots. ValueError, with nothing changed, where not finite."""
        if self.pulsed:
            self.check_rate(rate)
            slots = check_updated(self._send_pulses(conductances, lines, errors, rate, first))
            if self.cells is not None:
                self.cells.count_update()
            return slots
        if not self.held:
            return check_updated(update_float(conductances, lines, errors, rate))
        array = self.devices
        return check_updated(update_with_response(conductances, array.planes, array.granularity, lines, errors, rate))

    def write_lines(
        self, conductances: Floats, places: NDArray[np.int64], errors: Floats, rate: float, first: int
    ) -> int:
        """As `update` for samples whose x is one at the input line `places` (n,) and zero elsewhere, bit for bit."""
        if self.pulsed:
            self.check_rate(rate)
            slots = check_updated(self._send_lines(conductances, places, errors, rate, first))
            if self.cells is not None:
                self.cells.count_update()
            return slots
        if not self.held:
            return check_updated(add_lines(conductances, places, errors, rate))
        array = self.devices
        return check_updated(add_with_response(conductances, array.planes, array.granularity, places, errors, rate))

    def slots(self, lines: Floats, errors: Floats, rate: float) -> int:
        """What `update` will return, without an update; ValueError as there."""
        if not self.pulsed:
            return 0
        self.check_rate(rate)
        return check_updated(count_slots(lines, errors, rate, self._rule_numbers))

    def _send_pulses(self, conductances: Floats, lines: Floats, errors: Floats, rate: float, first: int) -> int:
        """Trains of pulses, by the kernel of these devices and this mode; its status for `check_updated`."""
        array, closed = self.devices, self._closed_form
        if array.kind == STEPPED and self.cells is not None:
            return self.cells.update(lines, errors, rate, self.rules, self.keys, first)
        if closed is not None:
            return update_closed_form(
                conductances,
                closed.planes,
                closed.coarse_at,
                closed.coarse,
                self._numbers,
                self.keys,
                lines,
                errors,
                rate,
                first,
            )
        return update_pulsed(
            conductances,
            array.planes,
            lines,
            errors,
            rate,
            self.rules,
            array.cycle_noise,
            array.multiplicative,
            self.keys,
            first,
        )

    def _send_lines(
        self, conductances: Floats, places: NDArray[np.int64], errors: Floats, rate: float, first: int
    ) -> int:
        """As `_send_pulses`, by the kernels of single lines."""
        array, closed = self.devices, self._closed_form
        if array.kind == STEPPED and self.cells is not None:
            return self.cells.write_lines(places, errors, rate, self.rules, self.keys, first)
        if closed is not None:
            if self._coarse_lines is None:
                self._coarse_lines = coarse_lines(closed)
            return write_closed_form(
                conductances, closed.planes, *self._coarse_lines, self._numbers, self.keys, places, errors, rate, first
            )
        return write_exact(
            conductances,
            array.planes,
            self.rules,
            array.cycle_noise,
            array.multiplicative,
            self.keys,
            places,
            errors,
            rate,
            first,
        )

    def check_rate(self, rate: float) -> None:
        """ValueError if unmanaged trains of free length would be longer than is ever built; `rate` is lr/scale."""
        if abs(rate) > self._highest_rate:
            step = self.rules.granularity
            raise ValueError(f"learning_rate/scale={rate:g} needs more than {LONGEST_TRAIN} pulses of {step:g} a train")

    def elapse(self, seconds: float) -> None:
        """Let simulated time pass: devices leak, diffuse and drift."""
        check_elapsed(seconds)
        if self.cells is not None:
            self.cells.elapse(seconds)
