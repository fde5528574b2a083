"""`AnalogTile`: one crossbar with its converters and pulse drivers, usable on its own in a notebook."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aimcsim.crossbar.checks import (
    as_matrix,
    as_samples,
    check_elapsed,
    check_finite,
    check_pairs,
    check_size,
    check_updated,
)
from aimcsim.crossbar.closed_form import closed_form_of, takes_closed_form
from aimcsim.crossbar.devices import IDEAL, make_devices
from aimcsim.crossbar.fast_update import update_closed_form
from aimcsim.crossbar.float_tile import FloatTile
from aimcsim.crossbar.mvm import converters_of, multiply
from aimcsim.crossbar.pulses import LONGEST_TRAIN, rules_of
from aimcsim.crossbar.update import update_float, update_pulsed
from aimcsim.keys import key_pair
from aimcsim.scenario.hardware_spec import IdealDevice, IOSpec, MappingSpec, PulseSpec, SoftBoundsDevice

Floats = NDArray[np.float32]
Device = SoftBoundsDevice | IdealDevice
DeviceName = Literal["soft-bounds", "ideal"]
Purpose = Literal["forward", "evaluation"]


class AnalogTile:
    """An array of `out_size` × `in_size` devices that holds W = scale·C, with C its conductances.

    `forward` and `backward` go through the converters (`io`), `update` sends pulse trains (`pulses`). The ideal
    device takes steps of any size and is updated in float32 whatever `pulses` says; pulse_type "none" does the same
    on any device and ignores its bounds. Weights are laid out by `mapping`: scale = max|W|/omega when they are set,
    and what a device's own bounds cannot hold is clipped.

    All randomness is a function of (`seed`, `name`, purpose, sample number, position). `first_sample` is the number,
    over the whole run, of row 0 of a call; without it a counter of its own for each kind of call goes on. What
    one sample gets does not depend on how samples are grouped into calls, up to BLAS rounding in the products.

    Threads: tiles are independent of each other; one tile is for one thread at a time.
    """

    def __init__(
        self,
        out_size: int,
        in_size: int,
        *,
        device: DeviceName | Device = "soft-bounds",
        io: IOSpec | None = None,
        pulses: PulseSpec | None = None,
        mapping: MappingSpec | None = None,
        seed: int = 0,
        name: str = "tile",
        weights: ArrayLike | None = None,
    ) -> None:
        check_size(out_size, in_size)
        io = IOSpec() if io is None else io
        self.out_size = out_size
        self.in_size = in_size
        self.seed = seed
        self.name = name
        self.mapping = MappingSpec() if mapping is None else mapping
        self.pulses = PulseSpec() if pulses is None else pulses
        self.devices = make_devices(device_spec(device), out_size, in_size, seed, name)
        self.scale = 1.0
        self._pulsed = self.devices.kind != IDEAL and self.pulses.pulse_type != "none"
        closed = self._pulsed and takes_closed_form(self.pulses.stepping, self.devices)
        self._closed_form = closed_form_of(self.devices) if closed else None
        self._rules = rules_of(self.pulses, self.devices.granularity)
        self._converters = None if io.is_perfect else converters_of(io)
        self._forward_keys = key_pair(seed, name, "forward", 0)
        self._backward_keys = key_pair(seed, name, "backward", 0)
        self._update_keys = np.array(
            [key_pair(seed, name, role) for role in ("columns", "rows", "cycles")], dtype=np.uint32
        )
        self._counts = {"forward": 0, "evaluation": 0, "backward": 0, "update": 0}
        self._conductances = self._settled(np.zeros((out_size, in_size), np.float32))
        if weights is not None:
            self.weights = weights

    @property
    def weights(self) -> Floats:
        """A copy of W = scale·C, (out, in). Setting them chooses the scale anew and clips C to the devices' bounds."""
        return self._conductances * np.float32(self.scale)

    @weights.setter
    def weights(self, values: ArrayLike) -> None:
        matrix = as_matrix(values, (self.out_size, self.in_size), "weights")
        omega, largest = self.mapping.weight_scaling_omega, float(np.abs(matrix).max())
        self.scale = largest / omega if omega > 0.0 and largest > 0.0 else 1.0
        self._conductances = self._settled(matrix / np.float32(self.scale))

    @property
    def nominal_slots(self) -> int:
        """Slots of a train before any management shortens it; 0 where nothing is pulsed."""
        return self.pulses.desired_bl if self._pulsed else 0

    def forward(
        self,
        x: ArrayLike,
        *,
        first_sample: int | None = None,
        purpose: Purpose = "forward",
        draw: int = 0,
        conductances: Floats | None = None,
    ) -> Floats:
        """W x for every sample: (batch, in) to (batch, out).

        Each `purpose` and `draw` (the number of an evaluation, say) has noise of its own. `conductances`, a
        `snapshot`, stand in for the present ones. A sample with NaN or infinity gives NaN.
        """
        lines = as_samples(x, self.in_size, "x")
        first = self._first(purpose, first_sample, len(lines))
        known = purpose == "forward" and draw == 0
        keys = self._forward_keys if known else key_pair(self.seed, self.name, purpose, draw)
        matrix = self._conductances if conductances is None else conductances
        return multiply(lines, matrix, True, self.scale, self._converters, keys, first)

    def backward(self, d: ArrayLike, *, first_sample: int | None = None) -> Floats:
        """Wᵀ d for every sample: (batch, out) to (batch, in), through the same kind of converters as `forward`."""
        lines = as_samples(d, self.out_size, "d")
        first = self._first("backward", first_sample, len(lines))
        return multiply(lines, self._conductances, False, self.scale, self._converters, self._backward_keys, first)

    def update(self, x: ArrayLike, d: ArrayLike, learning_rate: float, *, first_sample: int | None = None) -> int:
        """W −= lr·d xᵀ, in place, one sample after the other; returns the pulse slots used, over all samples.

        x (batch, in), d (batch, out). The devices see lr/scale, so lr is that of W. ValueError, with nothing
        changed, for shapes that do not fit and for a rate or sample that is not finite.
        """
        lines, errors = as_samples(x, self.in_size, "x"), as_samples(d, self.out_size, "d")
        check_pairs(lines, errors)
        rate = check_finite(float(learning_rate), "learning_rate") / self.scale
        if not self._pulsed:
            return check_updated(update_float(self._conductances, lines, errors, rate))
        self._check_train(rate)
        first = self._first("update", first_sample, len(lines))
        array, closed = self.devices, self._closed_form
        if closed is not None:
            status = update_closed_form(
                self._conductances,
                closed.rates,
                closed.bounds,
                closed.drift,
                closed.coarse,
                closed.coarse_first,
                closed.top,
                lines,
                errors,
                rate,
                self._rules,
                array.cycle_noise,
                array.multiplicative,
                self._update_keys,
                first,
            )
            return check_updated(status)
        status = update_pulsed(
            self._conductances,
            array.planes,
            array.kind,
            lines,
            errors,
            rate,
            self._rules,
            array.cycle_noise,
            array.multiplicative,
            self._update_keys,
            first,
        )
        return check_updated(status)

    def elapse(self, seconds: float) -> None:
        """Let simulated time pass since the array was last touched.

        Soft bounds and ideal devices do not age, so the time is only checked; devices that leak or drift decay here,
        and callers report the time to every tile alike.
        """
        check_elapsed(seconds)

    def snapshot(self) -> Floats:
        """A copy of the conductances, (out, in), for `restore` or for `forward(conductances=...)`."""
        return self._conductances.copy()

    def restore(self, conductances: ArrayLike) -> None:
        """Put a snapshot back; the scale stays."""
        self._conductances = self._settled(as_matrix(conductances, (self.out_size, self.in_size), "conductances"))

    def state(self) -> dict[str, NDArray[np.generic]]:
        """All that changes, as arrays, for a checkpoint; device parameters follow from seed and name."""
        return {
            "conductances": self._conductances.copy(),
            "scale": np.array(self.scale, dtype=np.float64),
            "counts": np.array(list(self._counts.values()), dtype=np.int64),
        }

    def load_state(self, state: dict[str, NDArray[np.generic]]) -> None:
        """Put back what `state` gave."""
        self.restore(state["conductances"])
        self.scale = float(state["scale"].item())
        self._counts = dict(zip(self._counts, state["counts"].tolist(), strict=True))

    def _settled(self, conductances: Floats) -> Floats:
        """Conductances as the devices can hold them. Without pulses nothing holds them back."""
        held = self.devices.clip(conductances) if self._pulsed else conductances
        return np.ascontiguousarray(held)

    def _first(self, operation: str, first_sample: int | None, batch: int) -> int:
        """Number of the first sample of a call; a call without one takes and moves on the operation's own counter."""
        if first_sample is not None:
            return int(first_sample)
        first = self._counts[operation]
        self._counts[operation] = first + batch
        return first

    def _check_train(self, rate: float) -> None:
        """ValueError if unmanaged trains of free length would be longer than is ever built."""
        rules = self._rules
        if not (rules.fixed_bl or rules.length_management) and abs(rate) > rules.granularity * LONGEST_TRAIN:
            raise ValueError(
                f"learning_rate/scale={rate:g} needs more than {LONGEST_TRAIN} pulses of {rules.granularity:g} a train"
            )


def device_spec(device: DeviceName | Device) -> Device:
    """A device's parameters; a name stands for its defaults. ValueError for an unknown name."""
    if not isinstance(device, str):
        return device
    if device == "soft-bounds":
        return SoftBoundsDevice(name="soft-bounds")
    if device == "ideal":
        return IdealDevice(name="ideal")
    raise ValueError(f"device must be soft-bounds or ideal (got {device!r})")


Tile = AnalogTile | FloatTile


def make_tile(
    out_size: int,
    in_size: int,
    *,
    device: DeviceName | Device = "soft-bounds",
    io: IOSpec | None = None,
    pulses: PulseSpec | None = None,
    mapping: MappingSpec | None = None,
    seed: int = 0,
    name: str = "tile",
    weights: ArrayLike | None = None,
) -> Tile:
    """A `FloatTile` where nothing is left of the physics (ideal device, perfect converters), else an `AnalogTile`."""
    spec = device_spec(device)
    if isinstance(spec, IdealDevice) and io is not None and io.is_perfect:
        return FloatTile(out_size, in_size, name=name, weights=weights)
    return AnalogTile(
        out_size,
        in_size,
        device=spec,
        io=io,
        pulses=pulses,
        mapping=mapping,
        seed=seed,
        name=name,
        weights=weights,
    )
