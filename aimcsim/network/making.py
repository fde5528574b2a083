"""From a layer as the model file writes it to the resolved one, once the shapes around it are known."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod, sqrt

from aimcsim.network.layers import (
    Activation,
    Add,
    BatchNorm,
    Concatenate,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    GlobalPool,
    Layer,
    LayerNorm,
    Pool,
    Shape,
)
from aimcsim.network.windows import window_of
from aimcsim.scenario import layer_spec as specs


def make_layer(spec: specs.LayerSpec, inputs: tuple[str, ...], read: Sequence[Shape], shape: Shape) -> Layer:
    """The layer with the output `shape` that reads `inputs` of the shapes `read`."""
    name, first = spec.name, read[0]
    match spec:
        case specs.DenseSpec():
            size = prod(first)
            return Dense(
                name=name,
                inputs=inputs,
                in_size=size,
                out_size=spec.outputs,
                bias=spec.bias,
                init_range=_init_range(spec, size),
                init_value=spec.init_value,
                digital=spec.digital,
            )
        case specs.ConvolutionSpec():
            window = window_of(spec.kernel, spec.stride, spec.padding)
            size = first[0] // spec.groups * window.size
            return Convolution(
                name=name,
                inputs=inputs,
                shape=shape,
                in_size=size,
                out_size=spec.outputs,
                bias=spec.bias,
                init_range=_init_range(spec, size),
                init_value=spec.init_value,
                digital=spec.digital,
                groups=spec.groups,
                read=first,
                window=window,
            )
        case specs.PoolSpec():
            window = window_of(spec.kernel, spec.stride, spec.padding)
            largest = spec.type == "max-pool"
            return Pool(name=name, inputs=inputs, shape=shape, read=first, window=window, largest=largest)
        case specs.BatchNormSpec():
            epsilon, momentum = spec.epsilon, spec.momentum
            return BatchNorm(name=name, inputs=inputs, shape=shape, epsilon=epsilon, momentum=momentum)
        case specs.LayerNormSpec():
            return LayerNorm(name=name, inputs=inputs, shape=shape, epsilon=spec.epsilon)
        case specs.DropoutSpec():
            return Dropout(name=name, inputs=inputs, shape=shape, probability=spec.probability)
        case specs.JoinSpec(type="add"):
            return Add(name=name, inputs=inputs, shape=shape)
        case specs.JoinSpec():
            return Concatenate(name=name, inputs=inputs, shape=shape, sizes=tuple(prod(each) for each in read))
        case specs.PlainSpec():
            if spec.type == "flatten":
                return Flatten(name=name, inputs=inputs, shape=shape)
            if spec.type == "global-average-pool":
                return GlobalPool(name=name, inputs=inputs, shape=shape, read=first)
            return Activation(name=name, inputs=inputs, shape=shape, function=spec.type)


def _init_range(spec: specs.WeightedSpec, inputs: int) -> float:
    return 1 / sqrt(inputs) if spec.init_range is None else spec.init_range
