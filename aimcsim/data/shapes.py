"""What is known of each data set without opening a file; imports no numpy, so that `validate` stays quick."""

from __future__ import annotations

from typing import NamedTuple

from aimcsim.network.layers import Shape
from aimcsim.scenario.data_spec import DataSpec, LeastSquaresSpec


class DataShape(NamedTuple):
    """One sample's `input` shape; `classes`, None where targets are vectors; `outputs`, the values a network must
    give for it; `train` and `test`, how many samples there are at most (None: as many as one asks for).
    """

    input: Shape
    classes: int | None
    outputs: int
    train: int | None
    test: int | None


#: The 1797 digits inside scikit-learn; the split, 80 % and the rest, is aimcsim's own.
DIGITS_TRAIN = 1437
DIGITS_TEST = 360
DIGITS = DataShape((8, 8), 10, 10, DIGITS_TRAIN, DIGITS_TEST)

#: MNIST and Fashion-MNIST, as published.
IMAGES = DataShape((28, 28), 10, 10, 60_000, 10_000)


#: CIFAR-10 and CIFAR-100, as published: channels, rows, columns.
CIFAR10 = DataShape((3, 32, 32), 10, 10, 50_000, 10_000)
CIFAR100 = DataShape((3, 32, 32), 100, 100, 50_000, 10_000)


def shape_of(spec: DataSpec) -> DataShape | None:
    """Shape and size of the data set of a scenario; None for `none`."""
    match spec.name:
        case "digits":
            return DIGITS
        case "mnist" | "fashion-mnist":
            return IMAGES
        case "cifar10":
            return CIFAR10
        case "cifar100":
            return CIFAR100
        case "least-squares":
            problem = spec.problem or LeastSquaresSpec()
            return DataShape((problem.inputs,), None, problem.outputs, None, None)
        case "none":
            return None
