"""Whether the data part of a scenario is right by itself and fits the network; opens no file."""

from __future__ import annotations

from math import prod

from aimcsim.data.shapes import DataShape, shape_of
from aimcsim.errors import FieldError
from aimcsim.network.graph import Network
from aimcsim.network.layers import Shape
from aimcsim.scenario.data_spec import DataSpec

#: Most values of generated samples: 8 GiB of float32.
MOST_VALUES = 2**31


def check_data(spec: DataSpec) -> list[FieldError]:
    """What is wrong with the data part by itself: counts, and a problem that nothing reads."""
    errors = []
    if spec.problem is not None and spec.name != "least-squares":
        errors.append(FieldError(("data", "problem"), f"belongs to least-squares, the data is {spec.name}"))
    shape = shape_of(spec)
    errors += _wrong_for_images(spec, shape)
    if shape is None:
        return errors
    for part, asked, most in (("train", spec.train, shape.train), ("test", spec.test, shape.test)):
        if asked is None:
            continue
        if most is not None and asked > most:
            errors.append(FieldError(("data", part), f"{spec.name} has {most} {part} samples", asked))
        if most is None and asked * (prod(shape.input) + shape.outputs) > MOST_VALUES:
            errors.append(FieldError(("data", part), "these samples have more than 2^31 values in all", asked))
    return errors


def _wrong_for_images(spec: DataSpec, shape: DataShape | None) -> list[FieldError]:
    """What treats samples as images of so many channels, and cannot."""
    errors = []
    images = shape is not None and len(shape.input) > 1
    if spec.augmentation is not None and not images:
        errors.append(FieldError(("data", "augmentation"), f"is for images, the data is {spec.name}"))
    channels = shape.input[0] if shape is not None and len(shape.input) == 3 else 1
    for key, numbers in (("mean", spec.mean), ("std", spec.std)):
        if isinstance(numbers, list) and len(numbers) != channels:
            what = f"needs one number a channel, {spec.name} has {channels}"
            errors.append(FieldError(("data", key), what, len(numbers)))
    return errors


def check_data_fits(spec: DataSpec, network: Network) -> list[FieldError]:
    """Everything in the data part that is wrong by itself or does not fit `network`, without loading the data.

    A sample fits an input of its own shape, of that shape with ones added, or flattened: [28, 28] fits [784],
    [1, 28, 28] and [28, 28]. A chain computes nothing, so any data fits it.
    """
    errors = check_data(spec)
    shape = shape_of(spec)
    if shape is None or network.loss is None:
        return errors
    wanted = network.input_shape
    if _squeezed(wanted) not in (_squeezed(shape.input), _squeezed((prod(shape.input),))):
        what = f"a sample of {spec.name} is {list(shape.input)}, the model reads {list(wanted)}"
        errors.append(FieldError(("model", "input"), what))
    given = network.layers[network.output].size
    if given != shape.outputs:
        kind = "outputs" if shape.classes is None else "classes"
        what = f"{spec.name} has {shape.outputs} {kind}, the model's output {network.output} has {given} values"
        errors.append(FieldError(("data", "name"), what))
    if shape.classes is None and network.loss == "cross-entropy":
        what = f"cross-entropy needs classes, {spec.name} has target vectors; use squared"
        errors.append(FieldError(("model", "loss"), what))
    return errors


def _squeezed(shape: Shape) -> Shape:
    return tuple(size for size in shape if size != 1)
