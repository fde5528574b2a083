"""How many cycles an operation of each unit takes: *Durations*, one of the three interfaces at the seam."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

from aimcsim.errors import FieldError
from aimcsim.hardware.digital import NodeOperations, is_array
from aimcsim.hardware.floorplan import Floorplan, Unit
from aimcsim.hardware.timing import Times, whole_cycles
from aimcsim.hardware.transfer_times import TransferTimes
from aimcsim.pipeline.actions import BACKWARD, FORWARD, UPDATE, WEIGHT_GRADIENT


class Durations:
    """Cycles of every operation, rounded up once (rule 1); F and B take at least one cycle, U may take none.

    The executor counts, over the micro-batch's samples, pulse slots of an update and repeated products of F and B.
    Without an executor the nominal train length stands in, and nothing is repeated. Slots matter only where they take
    time, repetitions only where times are per MVM.
    """

    def __init__(
        self,
        floorplan: Floorplan,
        times: Times,
        *,
        samples: int,
        positions: Sequence[int],
        nominal_slots: int = 0,
        gradient_apart: bool = False,
        nodes: Sequence[NodeOperations] = (),
    ) -> None:
        """`samples` of a micro-batch; `positions`: MVMs per sample of each unit (by unit index). `nodes`: digital
        operations by unit, needed where they take time.

        `gradient_apart`: the schedule computes weight gradients in an action W of their own, which takes the
        update's time; the step U then takes none.
        """
        self.depends_on_data = times.depends_on_data
        self._products_repeated = False
        kinds = (FORWARD, BACKWARD, UPDATE, WEIGHT_GRADIENT)
        self._base = {kind: [0] * len(floorplan.units) for kind in kinds}
        exact_update = [Fraction(0)] * len(floorplan.units)

        @lru_cache(maxsize=1 << 14)
        def update_cycles(unit: int, slots: int) -> int:
            return whole_cycles(exact_update[unit] + times.pulse * slots)

        self._per_action = times.per_action
        #: By kind and unit: the time of all products, and of one.
        exact_product: dict[tuple[str, int], tuple[Fraction, Fraction]] = {}

        @lru_cache(maxsize=1 << 14)
        def product_cycles(kind: str, unit: int, repeated: int) -> int:
            products, one = exact_product[kind, unit]
            return max(1, whole_cycles(products + one * repeated))

        self._product_cycles = product_cycles
        # Fractions are slow and few trains differ in length: remember the sums.
        self._update_cycles = update_cycles

        def of_arrays(unit: Unit) -> tuple[Fraction, Fraction]:
            forward, _, update = _exact_times(unit, times, floorplan, nodes)
            return forward, update

        self._transfers = TransferTimes(floorplan, times, of_arrays)
        for unit in floorplan.units:
            mvms = 1 if times.per_action else samples * positions[unit.index]
            forward, backward, update = _exact_times(unit, times, floorplan, nodes)
            update += times.digital * update_operations(unit, floorplan)
            products, beside = unit.share(mvms), times.digital * product_operations(unit, floorplan)
            for kind, product in ((FORWARD, forward), (BACKWARD, backward)):
                # What is digital is not repeated.
                exact_product[kind, unit.index] = (product + beside) * products, product
                self._base[kind][unit.index] = max(1, whole_cycles((product + beside) * products))
            exact_update[unit.index] = update * mvms
            nominal = whole_cycles(update * mvms + times.pulse * nominal_slots * mvms)
            if unit.kind == "buffer":
                accumulate = Fraction(floorplan.plan.accumulate * mvms)
                exact_update[unit.index] = accumulate + times.digital * update_operations(unit, floorplan) * mvms
            if unit.kind in ("buffer", "digital"):
                nominal = whole_cycles(exact_update[unit.index])
            self._base[WEIGHT_GRADIENT if gradient_apart else UPDATE][unit.index] = nominal

    @property
    def products_repeated(self) -> bool:
        """True once a product was repeated (bound management) and took longer for it."""
        return self._products_repeated or self._transfers.products_repeated

    def transfer_cycles(self, kind: str, transfer: int, unit: int, count: int | None) -> int:
        """Cycles of one half of a transfer, see `TransferTimes`."""
        return self._transfers.cycles(kind, transfer, unit, count)

    def table(self, kind: str) -> list[int]:
        """Nominal cycles of every unit (by index) for one kind of operation."""
        return self._base[kind]

    def cycles(self, kind: str, unit: int, count: int) -> int:
        """Cycles of an operation whose executor counted `count` pulse slots or repeated products."""
        if kind == UPDATE and self.depends_on_data:
            return self._update_cycles(unit, count)
        if count and kind != UPDATE and not self._per_action:
            self._products_repeated = True
            return self._product_cycles(kind, unit, count)
        return self._base[kind][unit]


def update_operations(unit: Unit, floorplan: Floorplan) -> int:
    """Digital operations of U for one sample (and position) beside an array; 0 for a node."""
    if unit.shard is None or not is_array(unit):
        return 0
    return floorplan.plan.update_work.of(unit.shard.in_size, unit.shard.out_size)


def product_operations(unit: Unit, floorplan: Floorplan) -> int:
    """Digital operations of F, and of B, for one sample (and position) beside an array; 0 for a node."""
    if unit.shard is None or not is_array(unit):
        return 0
    return floorplan.plan.roles[unit.role].work.of(unit.shard.in_size, unit.shard.out_size)


def _exact_times(
    unit: Unit, times: Times, floorplan: Floorplan, nodes: Sequence[NodeOperations]
) -> tuple[Fraction, Fraction, Fraction]:
    """Of one product, of one transposed product, and of one rank-one update without its pulses and digital work."""
    if times.digital and not is_array(unit):
        forward, backward, update = nodes[unit.index]
        return times.digital * forward, times.digital * backward, times.digital * update
    if unit.shard is None:
        node = times.sum if unit.kind == "sum" else times.activation
        return node, node, Fraction(0)
    if unit.kind == "digital" and not times.per_action:
        return times.activation, times.activation, times.activation
    own = times.stages[unit.stage] if times.stages else times
    # F converts the output lines, B the input lines.
    triple = (
        Fraction(own.forward) + times.conversions(unit.shard.out_size),
        Fraction(own.backward) + times.conversions(unit.shard.in_size),
        Fraction(own.update),
    )
    v = floorplan.chunks_per_stage
    if not times.per_action or v == 1:
        return triple
    for what, value in zip(("forward", "backward", "update"), triple, strict=True):
        if value % v:
            path = ("hardware", "timing", "stages", unit.stage, what) if times.stages else ("hardware", "timing")
            raise FieldError(path, f"{what}={value} must be a multiple of pipeline.chunks={v}")
    return triple[0] / v, triple[1] / v, triple[2] / v


def layer_cycles(times: Times, is_split: bool, copies: int = 1) -> int:
    """Cycles of F + B + U of one layer for one sample and position: what `auto` balances. `copies` share F and B.

    With times per action every layer counts the same, since they say nothing about layers.
    """
    if times.per_action:
        return 1
    conversions = 2 * times.conversions(times.columns_per_adc)
    products = times.forward + times.backward + conversions
    products += 2 * times.sum if is_split and not times.digital else 0
    return max(1, whole_cycles((products / copies + times.update + times.pulse) * 1000))


def digital_layer_cycles(times: Times) -> int:
    """The same of a layer that is marked digital, whose F, B and U take a digital node's time."""
    return 1 if times.per_action else max(1, whole_cycles(times.activation * 3 * 1000))
