"""Output shapes of a model's layers, and every place where they do not fit."""

from __future__ import annotations

from math import prod

from aimcsim.errors import FieldError
from aimcsim.network.layers import Shape
from aimcsim.network.wiring import INPUT_NODE, Wiring, layer_path
from aimcsim.scenario.model_spec import AddSpec, DenseSpec, NetworkSpec

#: Most weights of one layer: 8 GiB of float32, and an index that fits a signed 32-bit number of cells.
MOST_WEIGHTS = 2**31


def infer_shapes(spec: NetworkSpec, wiring: Wiring) -> tuple[dict[int, Shape | None], list[FieldError]]:
    """Shape of each layer by position, None where an earlier error leaves it unknown; `INPUT_NODE` included."""
    shapes: dict[int, Shape | None] = {INPUT_NODE: tuple(spec.input)}
    errors: list[FieldError] = []
    if prod(spec.input) > MOST_WEIGHTS:
        errors.append(FieldError(("model", "input"), "a sample has at most 2^31 values", spec.input))
    for index in wiring.order:
        layer = spec.layers[index]
        read = [None if source is None else shapes[source] for source in wiring.sources[index]]
        if isinstance(layer, DenseSpec):
            shapes[index] = (layer.outputs,)
            errors += _too_many_weights(layer, index, read)
        elif isinstance(layer, AddSpec):
            shapes[index], differing = _sum_shape(layer, index, read)
            errors += differing
        else:
            shapes[index] = read[0] if read else None
    errors += _unfit_for_loss(spec, wiring, shapes)
    return shapes, errors


def text(shape: Shape) -> str:
    """A shape as scenario files write it."""
    return f"[{', '.join(map(str, shape))}]"


def _too_many_weights(layer: DenseSpec, index: int, read: list[Shape | None]) -> list[FieldError]:
    if not read or read[0] is None:
        return []
    rows = prod(read[0]) + (layer.bias == "analog")
    if layer.outputs * rows <= MOST_WEIGHTS:
        return []
    what = f"{layer.name} has {rows} rows × {layer.outputs} columns = {rows * layer.outputs} weights, above 2^31"
    return [FieldError(layer_path(index, "outputs"), what)]


def _sum_shape(layer: AddSpec, index: int, read: list[Shape | None]) -> tuple[Shape | None, list[FieldError]]:
    """The common shape of what is added; every input whose shape differs from the first known one is an error."""
    known = [(at, shape) for at, shape in enumerate(read) if shape is not None]
    if not known:
        return None, []
    at_first, first = known[0]
    errors = [
        FieldError(
            layer_path(index, "inputs", at),
            f"{layer.name} adds {layer.inputs[at_first]} {text(first)} and {layer.inputs[at]} {text(shape)}",
        )
        for at, shape in known[1:]
        if shape != first
    ]
    return (first if len(known) == len(read) and not errors else None), errors


def _unfit_for_loss(spec: NetworkSpec, wiring: Wiring, shapes: dict[int, Shape | None]) -> list[FieldError]:
    shape = None if wiring.output is None else shapes[wiring.output]
    if wiring.output is None or shape is None or spec.loss != "cross-entropy" or (len(shape) == 1 and shape[0] >= 2):
        return []
    name = spec.layers[wiring.output].name
    what = f"cross-entropy needs an output of one dimension with at least 2 values, {name} has {text(shape)}"
    return [FieldError(("model", "loss"), what)]
