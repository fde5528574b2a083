"""The state of an array whose cells have more of it than a conductance: hidden weights, pairs, age."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aimcsim.crossbar.aging import Aging, Elapsed
from aimcsim.crossbar.alignment import aligned
from aimcsim.crossbar.closed_form import Stepping
from aimcsim.crossbar.devices import BOUND_DOWN, BOUND_UP, SOFT_BOUNDS, DeviceArray
from aimcsim.crossbar.families import HIGH, LOW
from aimcsim.crossbar.family_form import family_form_of, scalars_of, takes_family_form
from aimcsim.crossbar.family_update import update_families
from aimcsim.crossbar.line_families import write_families
from aimcsim.crossbar.line_stepped import write_stepped
from aimcsim.crossbar.pulses import TrainRules
from aimcsim.crossbar.stepped_update import update_stepped
from aimcsim.keys import stream

Floats = NDArray[np.float32]


class Cells:
    """What the devices of one array hold. `conductances` (out, in) is what the array multiplies with.

    `hidden` (D, out, in) is what pulses and time change; `shown` is what is read of it, the same array where there is
    no write noise; and for single devices shown[0] is `conductances` itself. Plain soft bounds are kept here only if
    they age.
    """

    def __init__(self, devices: DeviceArray, seed: int, name: str, stepping: Stepping = "auto") -> None:
        self.devices = devices
        self._form = family_form_of(devices) if takes_family_form(stepping, devices) else None
        self._rules: TrainRules | None = None
        self._scalars = np.zeros(0)
        self._seed, self._name = seed, name
        self._write_noise = 0.0 if devices.law is None else devices.law.write_noise
        if devices.kind == SOFT_BOUNDS:
            self._low, self._high = devices.planes[BOUND_DOWN][None], devices.planes[BOUND_UP][None]
        else:
            self._low, self._high = (np.ascontiguousarray(devices.planes[:, plane]) for plane in (LOW, HIGH))
        shape = self._low.shape
        drifts = devices.aging is not None and devices.aging.nu is not None
        self._anchors = np.zeros(shape if drifts else (0, 0, 0), np.float32)
        self._written = np.zeros(shape if drifts else (0, 0, 0), np.float64)
        self._resets = np.zeros((0, 0, 0), np.float32) if devices.resets is None else devices.resets
        self.elapsed = Elapsed()
        self._settings = 0
        self.settle(np.zeros(shape[1:], np.float32), noisy=False)

    def settle(self, conductances: Floats, noisy: bool = True) -> Floats:
        """Program the array (and count as written now); returns the conductances it shows then.

        A pair holds a positive weight in g₊ and a negative one in g₋, with the other at zero. `noisy`: reading what
        was set has write noise, as in aihwkit; without it, the conductances are shown as given.
        """
        if len(self._low) == 1:
            wanted = conductances[None]
        else:
            wanted = np.stack([np.maximum(conductances, 0.0), np.maximum(-conductances, 0.0)])
        self.hidden = aligned(np.clip(wanted, self._low, self._high))
        self.shown = self.hidden
        if self._write_noise > 0.0:
            self.shown = aligned(wanted)
            if noisy:
                random = stream(self._seed, self._name, "setting", self._settings)
                noise = random.standard_normal(self.hidden.shape)
                self.shown = aligned(self.hidden + self._write_noise * noise)
                self._settings += 1
        self._show()
        if self._written.size:
            self._anchors[...] = self.hidden
            self._written[...] = self.elapsed.clock
        return self.conductances

    def update(
        self, x: Floats, d: Floats, rate: float, rules: TrainRules, keys: NDArray[np.uint32], first_sample: int
    ) -> int:
        """As `update_stepped`; stepped devices only."""
        devices = self.devices
        if devices.law is None or devices.nodes is None:
            raise ValueError("plain soft bounds are stepped by a kernel of their own")
        form = self._form
        if form is not None:
            return update_families(
                self.conductances,
                self.hidden,
                self.shown,
                devices.planes,
                form.numbers,
                *form.table,
                self._resets,
                devices.nodes,
                self._anchors,
                self._written,
                self._scalars_for(rules),
                keys,
                self.elapsed.clock,
                x,
                d,
                rate,
                first_sample,
            )
        return update_stepped(
            self.conductances,
            self.hidden,
            self.shown,
            devices.planes,
            self._resets,
            devices.nodes,
            self._anchors,
            self._written,
            self.elapsed.clock,
            devices.law,
            x,
            d,
            rate,
            rules,
            keys,
            first_sample,
        )

    def write_lines(
        self,
        lines: NDArray[np.int64],
        d: Floats,
        rate: float,
        rules: TrainRules,
        keys: NDArray[np.uint32],
        first_sample: int,
    ) -> int:
        """As `update` for samples whose x is one at the input line `lines` (n,) and zero elsewhere."""
        devices = self.devices
        if devices.law is None or devices.nodes is None:
            raise ValueError("plain soft bounds are stepped by a kernel of their own")
        form = self._form
        if form is not None:
            return write_families(
                self.conductances,
                self.hidden,
                self.shown,
                devices.planes,
                form.numbers,
                *form.table,
                self._resets,
                devices.nodes,
                self._anchors,
                self._written,
                self._scalars_for(rules),
                keys,
                self.elapsed.clock,
                lines,
                d,
                rate,
                first_sample,
            )
        return write_stepped(
            self.conductances,
            self.hidden,
            self.shown,
            devices.planes,
            self._resets,
            devices.nodes,
            self._anchors,
            self._written,
            self.elapsed.clock,
            devices.law,
            lines,
            d,
            rate,
            rules,
            keys,
            first_sample,
        )

    def elapse(self, seconds: float) -> None:
        """Simulated time has passed."""
        aging = self.devices.aging
        if aging is not None and aging.simulated:
            self._age(aging, seconds)

    def count_update(self) -> None:
        """An update has been made: what ages per mini-batch ages by one."""
        aging = self.devices.aging
        if aging is not None and not aging.simulated:
            self._age(aging, 1.0)

    def state(self) -> dict[str, NDArray[np.generic]]:
        """All that changes, for a checkpoint."""
        times = self.elapsed
        return {
            "hidden": self.hidden.copy(),
            "shown": self.shown.copy(),
            "anchors": self._anchors.copy(),
            "written": self._written.copy(),
            "elapsed": np.array([times.clock, times.leak, times.walk], np.float64),
            "operations": np.array([times.applied, self._settings], np.int64),
        }

    def load_state(self, state: dict[str, NDArray[np.generic]]) -> Floats:
        """Put back what `state` gave; returns the conductances."""
        self.hidden = aligned(state["hidden"])
        self.shown = aligned(state["shown"]) if self._write_noise > 0.0 else self.hidden
        self._anchors, self._written = state["anchors"].astype(np.float32), state["written"].astype(np.float64)
        clock, leak, walk = state["elapsed"].tolist()
        applied, self._settings = state["operations"].tolist()
        self.elapsed = Elapsed(clock, leak, walk, applied)
        self._show()
        return self.conductances

    def _scalars_for(self, rules: TrainRules) -> NDArray[np.float64]:
        if self._rules is not rules:
            assert self._form is not None
            assert self.devices.law is not None
            self._rules, self._scalars = rules, scalars_of(self._form, self.devices.law, rules)
        return self._scalars

    def _age(self, aging: Aging, amount: float) -> None:
        noise = self.shown - self.hidden if self.shown is not self.hidden else None
        aging.age(self.hidden, self._low, self._high, self._resets, amount, self.elapsed, self._anchors, self._written)
        if noise is not None:
            # What was read wrongly at the last write stays as wrong until the next.
            np.add(self.hidden, noise, out=self.shown)
        if len(self.shown) == 2:
            np.subtract(self.shown[0], self.shown[1], out=self.conductances)

    def _show(self) -> None:
        self.conductances = self.shown[0] if len(self.shown) == 1 else self.shown[0] - self.shown[1]
