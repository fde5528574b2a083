"""Loading the data set that a scenario names."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aimcsim.data.cifar import load_cifar
from aimcsim.data.dataset import Dataset, Floats
from aimcsim.data.digits import load_digits
from aimcsim.data.fit import check_data
from aimcsim.data.image_sets import read_image_set
from aimcsim.data.least_squares import DEFAULT_COUNT, make_least_squares
from aimcsim.data.shapes import IMAGES
from aimcsim.errors import FieldError, FieldErrors
from aimcsim.scenario.data_spec import DataSpec, LeastSquaresSpec


def load_dataset(spec: DataSpec, seed: int) -> Dataset:
    """The first `train` and `test` samples of the set in its fixed order; `seed` matters to least-squares only.

    Raises `FieldErrors` for fields that are wrong, `FieldError` where the files hold fewer samples than asked for,
    `DataMissing` and `DataBroken` where the files are absent or damaged.
    """
    errors = check_data(spec)
    if errors:
        raise FieldErrors(errors)
    match spec.name:
        case "digits":
            return _head(load_digits(), spec)
        case "mnist" | "fashion-mnist":
            return _load_images(spec)
        case "cifar10" | "cifar100":
            return load_cifar(spec)
        case "least-squares":
            problem = spec.problem or LeastSquaresSpec()
            return make_least_squares(problem, spec.train or DEFAULT_COUNT, spec.test or DEFAULT_COUNT, seed)
        case "none":
            raise FieldError(("data", "name"), "there is nothing to train on; name a data set", "none")


def _head(whole: Dataset, spec: DataSpec) -> Dataset:
    train, test = spec.train, spec.test
    return Dataset(
        whole.name,
        whole.train_x[:train],
        whole.train_y[:train],
        whole.test_x[:test],
        whole.test_y[:test],
        whole.classes,
    )


def _load_images(spec: DataSpec) -> Dataset:
    raw = read_image_set(spec.name, spec.root)
    for part, asked, images in (("train", spec.train, raw.train_x), ("test", spec.test, raw.test_x)):
        if asked is not None and asked > len(images):
            raise FieldError(("data", part), f"{spec.name} in {raw.folder} has {len(images)} {part} samples", asked)
    return Dataset(
        spec.name,
        _pixels(raw.train_x[: spec.train]),
        raw.train_y[: spec.train].astype(np.int64),
        _pixels(raw.test_x[: spec.test]),
        raw.test_y[: spec.test].astype(np.int64),
        IMAGES.classes,
    )


def _pixels(images: NDArray[np.uint8]) -> Floats:
    """Bytes 0 … 255 as float32 in [0, 1]; converted after the cut, so that a small count needs little memory."""
    return np.divide(images, np.float32(255), dtype=np.float32)
