"""`AnalogTile`: one crossbar with its converters and pulse drivers, usable on its own in a notebook."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aimcsim.crossbar.cells import Cells
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
from aimcsim.crossbar.converters import converters_of
from aimcsim.crossbar.devices import IDEAL, STEPPED, make_devices
from aimcsim.crossbar.fast_update import update_closed_form
from aimcsim.crossbar.float_tile import FloatTile
from aimcsim.crossbar.mapping import OutputScales, fit_line_scales, fit_scale, output_scales, reference_array
from aimcsim.crossbar.mvm import multiply, product
from aimcsim.crossbar.pulses import LONGEST_TRAIN, rules_of
from aimcsim.crossbar.response_update import update_with_response
from aimcsim.crossbar.update import update_float, update_pulsed
from aimcsim.keys import key_pair
from aimcsim.scenario.device_spec import Device, IdealDevice, device_of
from aimcsim.scenario.hardware_spec import MappingSpec, PulseSpec
from aimcsim.scenario.io_spec import IOSpec, backward_of
from aimcsim.scenario.pulse_spec import UNPULSED

Floats = NDArray[np.float32]
#: A device, its name, the name of a preset, or a mapping of parameters.
AnyDevice = Device | str | dict[str, Any]
Purpose = Literal["forward", "evaluation"]

NO_STATE = "knows the ideal device and soft bounds that do not age"


class AnalogTile:
    """An array of `out_size` × `in_size` devices that holds W = scale·C, with C its conductances.

    `forward` goes through the converters `io`, `backward` through `io_backward` (default: `io` without bound
    management, as in aihwkit), and `update` sends pulse trains (`pulses`). `repeated_products` counts the products that
    bound management repeated in the last `forward` or `backward`, over its samples.

    The ideal device takes steps of any size and is updated in float32 whatever `pulses` says. pulse_type "none" does
    the same on any device and ignores its bounds; "none-with-device" makes float steps that follow its response and
    bounds. Weights are laid out by `mapping`: scale = max|W|/omega when they are set, and what a device's own bounds
    cannot hold is clipped; options are a scale for every output, learned factors and a reference array (`mapping.py`).

        tile = AnalogTile(10, 784, weights=w)
        y = tile.forward(x)
        back = tile.backward(d)
        slots = tile.update(x, d, 0.1)

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
        device: AnyDevice = "soft-bounds",
        io: IOSpec | None = None,
        io_backward: IOSpec | None = None,
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
        self._outputs = output_scales(self.mapping, out_size)
        self._difference = np.empty((0, 0) if self.mapping.reference is None else (out_size, in_size), np.float32)
        self._reference = reference_array(self.mapping, device_spec(device), out_size, in_size, seed, name)
        self._held = self.devices.kind != IDEAL and self.pulses.pulse_type != "none"
        self._pulsed = self._held and self.pulses.pulse_type not in UNPULSED
        closed = self._pulsed and takes_closed_form(self.pulses.stepping, self.devices)
        self._closed_form = closed_form_of(self.devices) if closed else None
        self._rules = rules_of(self.pulses, self.devices.granularity)
        io_backward = backward_of(io) if io_backward is None else io_backward
        self._converters = converters_of(io, out_size, seed, name, "forward")
        self._backward_converters = converters_of(io_backward, in_size, seed, name, "backward")
        #: Running scales of average-abs-max noise management, forward and backward; negative before the first sample.
        self._averages = np.full((2, 1), -1.0)
        self.repeated_products = 0
        self._forward_keys = key_pair(seed, name, "forward", 0)
        self._backward_keys = key_pair(seed, name, "backward", 0)
        self._update_keys = np.array(
            [key_pair(seed, name, role) for role in ("columns", "rows", "cycles")], dtype=np.uint32
        )
        self._counts = {"forward": 0, "evaluation": 0, "backward": 0, "update": 0}
        keeps_state = self.devices.kind == STEPPED or self.devices.aging is not None
        if keeps_state and self._held and not self._pulsed:
            raise ValueError(f"pulse_type {self.pulses.pulse_type} {NO_STATE}")
        self._cells = Cells(self.devices, seed, name, self.pulses.stepping) if keeps_state and self._pulsed else None
        self._conductances = self._settled(np.zeros((out_size, in_size), np.float32))
        if weights is not None:
            self.weights = weights

    @property
    def weights(self) -> Floats:
        """A copy of W = scale·C, (out, in). Setting them chooses the scale anew and clips C to the devices' bounds."""
        return self.weights_of(self._conductances)

    @weights.setter
    def weights(self, values: ArrayLike) -> None:
        matrix = as_matrix(values, (self.out_size, self.in_size), "weights")
        self.scale = fit_scale(matrix, self.mapping)
        matrix = matrix / np.float32(self.scale)
        if self._outputs is not None:
            self._outputs = OutputScales(fit_line_scales(matrix, self.mapping), np.ones(self.out_size, np.float32))
            matrix = matrix / self._outputs.line[:, None]
        self._conductances = self._settled(matrix if self._reference is None else matrix + self._reference)

    @property
    def out_scales(self) -> Floats | None:
        """A copy of the learned factors of the outputs, (out,); None where none are learned."""
        learned = self.mapping.learn_out_scaling and self._outputs is not None
        return self._outputs.learned.copy() if learned and self._outputs is not None else None

    def weights_of(self, conductances: Floats, out_scales: Floats | None = None) -> Floats:
        """The weights (out, in) that `conductances` stand for, with these learned factors or the present ones."""
        weights: Floats = self._readable(conductances) * np.float32(self.scale)
        return weights if self._outputs is None else weights * self._outputs.factors(out_scales)[:, None]

    @property
    def nominal_slots(self) -> int:
        """Slots of a train before any management shortens it; 0 where nothing is pulsed."""
        return self.pulses.nominal_slots if self._pulsed else 0

    def forward(
        self,
        x: ArrayLike,
        *,
        first_sample: int | None = None,
        purpose: Purpose = "forward",
        draw: int = 0,
        conductances: Floats | None = None,
        out_scales: Floats | None = None,
    ) -> Floats:
        """W x for every sample: (batch, in) to (batch, out).

        Each `purpose` and `draw` (the number of an evaluation, say) has noise of its own. `conductances`, a
        `snapshot`, stand in for the present ones, and `out_scales` for the present learned factors. A sample with NaN
        or infinity gives NaN.
        """
        lines = as_samples(x, self.in_size, "x")
        first = self._first(purpose, first_sample, len(lines))
        known = purpose == "forward" and draw == 0
        keys = self._forward_keys if known else key_pair(self.seed, self.name, purpose, draw)
        matrix = self._readable(self._conductances if conductances is None else conductances)
        y, self.repeated_products = multiply(
            lines, matrix, True, self.scale, self._converters, keys, first, self._averages[0], purpose == "forward"
        )
        if self._outputs is not None:
            y *= self._outputs.factors(out_scales)
        return y

    def backward(self, d: ArrayLike, *, first_sample: int | None = None) -> Floats:
        """Wᵀ d for every sample: (batch, out) to (batch, in), through the backward converters."""
        lines = as_samples(d, self.out_size, "d")
        first = self._first("backward", first_sample, len(lines))
        if self._outputs is not None:
            lines = lines * self._outputs.factors()
        converters, matrix = self._backward_converters, self._readable(self._conductances)
        y, self.repeated_products = multiply(
            lines, matrix, False, self.scale, converters, self._backward_keys, first, self._averages[1]
        )
        return y

    def update(self, x: ArrayLike, d: ArrayLike, learning_rate: float, *, first_sample: int | None = None) -> int:
        """W −= lr·d xᵀ, in place, one sample after the other; returns the pulse slots used, over all samples.

        x (batch, in), d (batch, out). The devices see lr/scale, so lr is that of W. ValueError, with nothing
        changed, for shapes that do not fit and for a rate or sample that is not finite.

        Learned factors of the outputs take one step a call, with the gradient Σ d·y of all its samples, y being the
        exact product of the conductances before the call; the array is updated with the factors before it.
        """
        lines, errors = as_samples(x, self.in_size, "x"), as_samples(d, self.out_size, "d")
        check_pairs(lines, errors)
        rate = check_finite(float(learning_rate), "learning_rate")
        outputs = self._outputs
        if outputs is None:
            return self._update_array(lines, errors, rate / self.scale, first_sample)
        with np.errstate(all="ignore"):  # samples that are not finite are refused by the update
            given = product(lines, self._readable(self._conductances), True) * np.float32(self.scale)
            of_array = outputs.errors_of_array(errors)
        slots = self._update_array(lines, of_array, rate / self.scale, first_sample)
        if self.mapping.learn_out_scaling:
            outputs.step(given, errors, rate)
        return slots

    def _update_array(self, lines: Floats, errors: Floats, rate: float, first_sample: int | None) -> int:
        """C −= rate·d xᵀ; returns the pulse slots."""
        if self._held and not self._pulsed:
            array = self.devices
            status = update_with_response(self._conductances, array.planes, array.granularity, lines, errors, rate)
            return check_updated(status)
        if not self._pulsed:
            return check_updated(update_float(self._conductances, lines, errors, rate))
        self._check_train(rate)
        slots = check_updated(self._send_pulses(lines, errors, rate, self._first("update", first_sample, len(lines))))
        if self._cells is not None:
            self._cells.count_update()
        return slots

    def _send_pulses(self, lines: Floats, errors: Floats, rate: float, first: int) -> int:
        """Trains of pulses, by the kernel of these devices and this mode; its status for `check_updated`."""
        array, closed = self.devices, self._closed_form
        if array.kind == STEPPED and self._cells is not None:
            return self._cells.update(lines, errors, rate, self._rules, self._update_keys, first)
        if closed is not None:
            return update_closed_form(
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
        return update_pulsed(
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

    def check_learning_rate(self, learning_rate: float) -> None:
        """ValueError if an update at this rate could need trains longer than are ever built."""
        if self._pulsed:
            self._check_train(learning_rate / self.scale)

    def elapse(self, seconds: float) -> None:
        """Let simulated time pass since the array was last touched: devices leak, diffuse and drift.

        Callers report the time to every tile alike, in simulated order; most devices do not age by it.
        """
        check_elapsed(seconds)
        if self._cells is not None:
            self._cells.elapse(seconds)

    def snapshot(self) -> Floats:
        """A copy of the conductances, (out, in), for `restore` or for `forward(conductances=...)`."""
        return self._conductances.copy()

    def restore(self, conductances: ArrayLike) -> None:
        """Put a snapshot back; the scale stays. Devices hold it as if just written; pairs start from one side."""
        matrix = as_matrix(conductances, (self.out_size, self.in_size), "conductances")
        self._conductances = self._settled(matrix, noisy=False)

    def state(self) -> dict[str, NDArray[np.generic]]:
        """All that changes, as arrays, for a checkpoint; device parameters follow from seed and name."""
        outputs = self._outputs or OutputScales(np.ones(0, np.float32), np.ones(0, np.float32))
        return {
            "conductances": self._conductances.copy(),
            "line_scales": outputs.line.copy(),
            "out_scales": outputs.learned.copy(),
            "scale": np.array(self.scale, dtype=np.float64),
            "counts": np.array(list(self._counts.values()), dtype=np.int64),
            "averages": self._averages.copy(),
            **({} if self._cells is None else self._cells.state()),
        }

    def load_state(self, state: dict[str, NDArray[np.generic]]) -> None:
        """Put back what `state` gave."""
        if self._cells is not None:
            self._conductances = self._cells.load_state(state)
        else:
            self.restore(state["conductances"])
        self.scale = float(state["scale"].item())
        self._counts = dict(zip(self._counts, state["counts"].tolist(), strict=True))
        self._averages = np.array(state["averages"], dtype=np.float64)
        if self._outputs is not None:
            line, learned = (np.array(state[key], dtype=np.float32) for key in ("line_scales", "out_scales"))
            self._outputs = OutputScales(line, learned)

    def _settled(self, conductances: Floats, noisy: bool = True) -> Floats:
        """Conductances as the devices can hold them; pulse_type "none" lets nothing hold them back."""
        if self._cells is not None:
            return self._cells.settle(conductances, noisy)
        held = self.devices.clip(conductances) if self._held else conductances
        return np.ascontiguousarray(held)

    def _readable(self, conductances: Floats) -> Floats:
        """What the lines read, (out, in): the conductances, or their difference from the reference array."""
        if self._reference is None:
            return conductances
        # Into an array that is kept: an action must not allocate one of this size.
        return np.subtract(conductances, self._reference, out=self._difference)

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


def device_spec(device: AnyDevice) -> Device:
    """A device's parameters; names stand for defaults and presets. ValueError for what is no device."""
    return device_of(device) if isinstance(device, str | dict) else device


Tile = AnalogTile | FloatTile


def make_tile(
    out_size: int,
    in_size: int,
    *,
    device: AnyDevice = "soft-bounds",
    io: IOSpec | None = None,
    io_backward: IOSpec | None = None,
    pulses: PulseSpec | None = None,
    mapping: MappingSpec | None = None,
    seed: int = 0,
    name: str = "tile",
    weights: ArrayLike | None = None,
) -> Tile:
    """A `FloatTile` where nothing is left of the physics (ideal device, perfect converters), else an `AnalogTile`."""
    spec = device_spec(device)
    learns = mapping is not None and mapping.learn_out_scaling
    perfect = io is not None and io.is_perfect and (io_backward is None or io_backward.is_perfect)
    if isinstance(spec, IdealDevice) and perfect and not learns:
        return FloatTile(out_size, in_size, name=name, weights=weights)
    return AnalogTile(
        out_size,
        in_size,
        device=spec,
        io=io,
        io_backward=io_backward,
        pulses=pulses,
        mapping=mapping,
        seed=seed,
        name=name,
        weights=weights,
    )
