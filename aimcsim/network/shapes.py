"""Output shapes of a model's layers, and every place where they do not fit."""

from __future__ import annotations

from math import prod

from aimcsim.errors import FieldError
from aimcsim.network.image_shapes import MOST_VALUES, convolved, globally_pooled, pooled
from aimcsim.network.layers import Shape
from aimcsim.network.shape_errors import Found, nothing, text
from aimcsim.network.wiring import INPUT_NODE, Wiring, layer_path
from aimcsim.scenario import layer_spec as specs
from aimcsim.scenario.model_spec import NetworkSpec

#: Most weights of one layer: 8 GiB of float32, and an index that fits a signed 32-bit number of cells.
MOST_WEIGHTS = 2**31


def infer_shapes(spec: NetworkSpec, wiring: Wiring) -> tuple[dict[int, Shape | None], list[FieldError]]:
    """Shape of each layer by position, None where an earlier error leaves it unknown; `INPUT_NODE` included."""
    shapes: dict[int, Shape | None] = {INPUT_NODE: tuple(spec.input)}
    errors: list[FieldError] = []
    if prod(spec.input) > MOST_VALUES:
        errors.append(FieldError(("model", "input"), "a sample has at most 2^31 values", spec.input))
    for index in wiring.order:
        read = [None if source is None else shapes[source] for source in wiring.sources[index]]
        found = _shape_of(spec.layers[index], index, read)
        shapes[index] = found.shape
        errors += found.errors
    errors += _unfit_for_loss(spec, wiring, shapes)
    return shapes, errors


def _shape_of(layer: specs.LayerSpec, index: int, inputs: list[Shape | None]) -> Found:
    """Shape of one layer, which reads `inputs` (None: unknown), and what is wrong with it."""
    read = inputs[0] if inputs else None
    match layer:
        case specs.DenseSpec():
            errors = _digital_errors(layer, index)
            if read is not None:
                errors += _too_many_weights(layer, index, prod(read))
            return Found((layer.outputs,), errors)
        case specs.ConvolutionSpec():
            found = nothing() if read is None else convolved(layer, index, read)
            errors = [*found.errors, *_digital_errors(layer, index)]
            if found.lines:
                errors += _too_many_weights(layer, index, found.lines)
            return Found(found.shape, errors)
        case specs.PoolSpec():
            return nothing() if read is None else pooled(layer, index, read)
        case specs.JoinSpec(type="add"):
            return _sum_shape(layer, index, inputs)
        case specs.JoinSpec():
            return _joined_shape(layer, index, inputs)
        case specs.PlainSpec(type="flatten"):
            return Found(None if read is None else (prod(read),))
        case specs.PlainSpec(type="global-average-pool"):
            return nothing() if read is None else globally_pooled(layer, index, read)
        case _:
            return Found(read)


def _digital_errors(layer: specs.WeightedSpec, index: int) -> list[FieldError]:
    if not (layer.digital and layer.bias == "analog"):
        return []
    what = f"{layer.name} is digital and has no array row for a bias; use digital or none"
    return [FieldError(layer_path(index, "bias"), what, "analog")]


def _too_many_weights(layer: specs.WeightedSpec, index: int, inputs: int) -> list[FieldError]:
    rows = inputs + (layer.bias == "analog")
    if layer.outputs * rows <= MOST_WEIGHTS:
        return []
    what = f"{layer.name} has {rows} rows × {layer.outputs} columns = {rows * layer.outputs} weights, above 2^31"
    return [FieldError(layer_path(index, "outputs"), what)]


def _sum_shape(layer: specs.JoinSpec, index: int, read: list[Shape | None]) -> Found:
    """The common shape of what is added; every input whose shape differs from the first known one is an error."""
    known = [(at, shape) for at, shape in enumerate(read) if shape is not None]
    if not known:
        return nothing()
    at_first, first = known[0]
    errors = [
        FieldError(
            layer_path(index, "inputs", at),
            f"{layer.name} adds {layer.inputs[at_first]} {text(first)} and {layer.inputs[at]} {text(shape)}",
        )
        for at, shape in known[1:]
        if shape != first
    ]
    return Found(first if len(known) == len(read) and not errors else None, errors)


def _joined_shape(layer: specs.JoinSpec, index: int, read: list[Shape | None]) -> Found:
    """First dimensions add up; every input whose others differ from those of the first known one is an error."""
    known = [(at, shape) for at, shape in enumerate(read) if shape is not None]
    if not known:
        return nothing()
    at_first, first = known[0]
    errors = [
        FieldError(
            layer_path(index, "inputs", at),
            f"{layer.name} puts {layer.inputs[at]} {text(shape)} behind {layer.inputs[at_first]} {text(first)}, "
            "and all dimensions but the first must agree",
        )
        for at, shape in known[1:]
        if shape[1:] != first[1:]
    ]
    if errors or len(known) < len(read):
        return Found(None, errors)
    return Found((sum(shape[0] for _, shape in known), *first[1:]))


def _unfit_for_loss(spec: NetworkSpec, wiring: Wiring, shapes: dict[int, Shape | None]) -> list[FieldError]:
    shape = None if wiring.output is None else shapes[wiring.output]
    if wiring.output is None or shape is None or spec.loss != "cross-entropy" or (len(shape) == 1 and shape[0] >= 2):
        return []
    name = spec.layers[wiring.output].name
    what = f"cross-entropy needs an output of one dimension with at least 2 values, {name} has {text(shape)}"
    return [FieldError(("model", "loss"), what)]
