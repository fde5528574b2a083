"""`AnalogTile`: one crossbar with its converters and pulse drivers, usable on its own in a notebook."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aimcsim.crossbar.checks import as_lines, as_matrix, as_samples, check_finite, check_pairs, check_size, one_hot
from aimcsim.crossbar.converters import converters_of
from aimcsim.crossbar.devices import AnyDevice, device_spec, make_devices
from aimcsim.crossbar.drivers import Drivers
from aimcsim.crossbar.line_trains import FEWEST_LINES
from aimcsim.crossbar.mapping import Layout
from aimcsim.crossbar.mvm import exact_product, multiply
from aimcsim.keys import key_pair
from aimcsim.scenario.hardware_spec import MappingSpec, PulseSpec
from aimcsim.scenario.io_spec import IOSpec, backward_of

Floats = NDArray[np.float32]
Purpose = Literal["forward", "evaluation", "transfer"]


class AnalogTile:
    """An array of `out_size` × `in_size` devices that holds W = scale·C, with C its conductances.

    `forward` goes through the converters `io`, `backward` through `io_backward` (default: `io` without bound
    management, as in aihwkit), a `forward` for a transfer (`purpose`) through `io_transfer` (default: `io`), and
    `update` sends pulse trains (`pulses`). `repeated_products` counts the products that bound management repeated in
    the last `forward` or `backward`, over its samples.

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
    one sample gets does not depend on how samples are grouped into calls.

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
        io_transfer: IOSpec | None = None,
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
        spec = device_spec(device)
        self.devices = make_devices(spec, out_size, in_size, seed, name)
        self._drivers = Drivers(self.devices, self.pulses, seed, name)
        self._layout = Layout(self.mapping, spec, out_size, in_size, seed, name)
        io_backward = backward_of(io) if io_backward is None else io_backward
        self._converters = converters_of(io, out_size, seed, name, "forward")
        self._backward_converters = converters_of(io_backward, in_size, seed, name, "backward")
        self._transfer_converters = converters_of(io_transfer or io, out_size, seed, name, "forward")
        #: Running scales of average-abs-max noise management, forward and backward; negative before the first sample.
        self._averages = np.full((2, 1), -1.0)
        self._forward_average, self._backward_average = self._averages
        self.repeated_products = 0
        #: Keys of the products of a training run; those of evaluations are made when they are asked for.
        self._first_keys = {purpose: key_pair(seed, name, purpose, 0) for purpose in ("forward", "transfer")}
        self._backward_keys = key_pair(seed, name, "backward", 0)
        self._counts = {"forward": 0, "evaluation": 0, "transfer": 0, "backward": 0, "update": 0}
        self._conductances = self._drivers.settled(np.zeros((out_size, in_size), np.float32))
        if weights is not None:
            self.weights = weights

    @property
    def weights(self) -> Floats:
        """A copy of W = scale·C, (out, in). Setting them chooses the scale anew and clips C to the devices' bounds."""
        return self.weights_of(self._conductances)

    @weights.setter
    def weights(self, values: ArrayLike) -> None:
        matrix = as_matrix(values, (self.out_size, self.in_size), "weights")
        self._conductances = self._drivers.settled(self._layout.conductances_for(matrix))

    def weights_of(self, conductances: Floats, out_scales: Floats | None = None) -> Floats:
        """The weights (out, in) that `conductances` stand for, with these learned factors or the present ones."""
        return self._layout.weights_of(conductances, out_scales)

    @property
    def scale(self) -> float:
        """The scale of W = scale·C."""
        return self._layout.scale

    @property
    def out_scales(self) -> Floats | None:
        """A copy of the learned factors of the outputs, (out,); None where none are learned."""
        return self._layout.learned

    @property
    def granularity(self) -> float:
        """Weight that one pulse is worth at weight zero, scale·Δw_min; 0 for the ideal device."""
        return self.devices.granularity * self.scale

    @property
    def nominal_slots(self) -> int:
        """Slots of a train before any management shortens it; 0 where nothing is pulsed."""
        return self._drivers.nominal_slots

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
        keys = self._first_keys.get(purpose) if draw == 0 else None
        if keys is None:
            keys = key_pair(self.seed, self.name, purpose, draw)
        matrix = self._layout.readable(self._conductances if conductances is None else conductances)
        y, self.repeated_products = multiply(
            lines,
            matrix,
            True,
            self._layout.scale,
            self._transfer_converters if purpose == "transfer" else self._converters,
            keys,
            first,
            self._forward_average,
            purpose == "forward",
        )
        if self._layout.outputs is not None:
            y *= self._layout.outputs.factors(out_scales)
        return y

    def forward_lines(self, lines: ArrayLike, *, first_sample: int | None = None) -> Floats:
        """The columns of W at input `lines` (batch,), read as `forward` for a transfer reads them: (batch, out)."""
        x = one_hot(as_lines(lines, self.in_size), self.in_size)
        return self.forward(x, first_sample=first_sample, purpose="transfer")

    def backward(self, d: ArrayLike, *, first_sample: int | None = None) -> Floats:
        """Wᵀ d for every sample: (batch, out) to (batch, in), through the backward converters."""
        lines = as_samples(d, self.out_size, "d")
        first = self._first("backward", first_sample, len(lines))
        if self._layout.outputs is not None:
            lines = lines * self._layout.outputs.factors()
        converters, matrix = self._backward_converters, self._layout.readable(self._conductances)
        y, self.repeated_products = multiply(
            lines, matrix, False, self.scale, converters, self._backward_keys, first, self._backward_average
        )
        return y

    def exact(self, x: ArrayLike) -> Floats:
        """W x for every sample without converters or noise: (batch, in) to (batch, out)."""
        y = exact_product(
            as_samples(x, self.in_size, "x"), self._layout.readable(self._conductances), True, self._layout.scale
        )
        return y if self._layout.outputs is None else y * self._layout.outputs.factors()

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
        outputs, scale = self._layout.outputs, self._layout.scale
        first = self._first("update", first_sample, len(lines))
        if outputs is None:
            return self._drivers.update(self._conductances, lines, errors, rate / scale, first)
        with np.errstate(all="ignore"):  # samples that are not finite are refused by the update
            given = exact_product(lines, self._layout.readable(self._conductances), True, scale)
            of_array = outputs.errors_of_array(errors)
        slots = self._drivers.update(self._conductances, lines, of_array, rate / scale, first)
        if self.mapping.learn_out_scaling:
            outputs.step(given, errors, rate)
        return slots

    def update_lines(
        self, lines: ArrayLike, d: ArrayLike, learning_rate: float, *, first_sample: int | None = None
    ) -> int:
        """As `update` for samples whose x is one at the input line `lines` (batch,) and zero elsewhere, as the writes
        of a transfer: the same bits, in a fifth of the time.
        """
        places, errors = as_lines(lines, self.in_size), as_samples(d, self.out_size, "d")
        if self.in_size < FEWEST_LINES or self.mapping.learn_out_scaling:
            return self.update(one_hot(places, self.in_size), errors, learning_rate, first_sample=first_sample)
        check_pairs(places, errors)
        rate = check_finite(float(learning_rate), "learning_rate") / self._layout.scale
        first = self._first("update", first_sample, len(places))
        if self._layout.outputs is not None:
            with np.errstate(all="ignore"):
                errors = self._layout.outputs.errors_of_array(errors)
        return self._drivers.write_lines(self._conductances, places, errors, rate, first)

    def slots(self, x: ArrayLike, d: ArrayLike, learning_rate: float) -> int:
        """The pulse slots that `update` would take now, without an update. ValueError as there."""
        lines, errors = as_samples(x, self.in_size, "x"), as_samples(d, self.out_size, "d")
        check_pairs(lines, errors)
        rate = check_finite(float(learning_rate), "learning_rate") / self._layout.scale
        if self._layout.outputs is not None:
            with np.errstate(all="ignore"):
                errors = self._layout.outputs.errors_of_array(errors)
        return self._drivers.slots(lines, errors, rate)

    def check_learning_rate(self, learning_rate: float) -> None:
        """ValueError if an update at this rate could need trains longer than are ever built."""
        self._drivers.check_rate(learning_rate / self.scale)

    def elapse(self, seconds: float) -> None:
        """Let simulated time pass since the array was last touched: devices leak, diffuse and drift.

        Callers report the time to every tile alike, in simulated order; most devices do not age by it.
        """
        self._drivers.elapse(seconds)

    def snapshot(self) -> Floats:
        """A copy of the conductances, (out, in), for `restore` or for `forward(conductances=...)`."""
        return self._conductances.copy()

    def restore(self, conductances: ArrayLike) -> None:
        """Put a snapshot back; the scale stays. Devices hold it as if just written; pairs start from one side."""
        matrix = as_matrix(conductances, (self.out_size, self.in_size), "conductances")
        self._conductances = self._drivers.settled(matrix, noisy=False)

    def state(self) -> dict[str, NDArray[np.generic]]:
        """All that changes, as arrays, for a checkpoint; device parameters follow from seed and name."""
        cells = self._drivers.cells
        return {
            "conductances": self._conductances.copy(),
            **self._layout.state(),
            "counts": np.array(list(self._counts.values()), dtype=np.int64),
            "averages": self._averages.copy(),
            **({} if cells is None else cells.state()),
        }

    def load_state(self, state: dict[str, NDArray[np.generic]]) -> None:
        """Put back what `state` gave."""
        cells = self._drivers.cells
        if cells is not None:
            self._conductances = cells.load_state(state)
        else:
            # As they were, finite or not: `restore` would refuse or clip some.
            self._conductances = np.array(state["conductances"], np.float32, order="C")
        self._layout.load_state(state)
        self._counts = dict(zip(self._counts, state["counts"].tolist(), strict=True))
        self._averages[:] = state["averages"]

    def _first(self, operation: str, first_sample: int | None, batch: int) -> int:
        """Number of the first sample of a call; a call without one takes and moves on the operation's own counter."""
        if first_sample is not None:
            return int(first_sample)
        first = self._counts[operation]
        self._counts[operation] = first + batch
        return first
