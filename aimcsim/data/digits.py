"""The digits that ship inside scikit-learn: 1797 handwritten digits of 8 × 8 pixels, the set that is always there.

Source: E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI repository (its test part).
"""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aimcsim.data.dataset import Dataset
from aimcsim.data.shapes import DIGITS, DIGITS_TEST, DIGITS_TRAIN
from aimcsim.data.stream import keyed_permutation

#: The split is a property of the data set, not of a run: it hangs on this constant, never on the scenario's seed.
#: So every run is judged on the same 360 test samples.
SPLIT_SEED = 0


def load_digits() -> Dataset:
    """All digits, pixels 0 … 16 scaled to [0, 1].

    The set's own order goes through one keyed permutation with a constant key; the first 1437 are for training.
    """
    images, labels = _read()
    order = keyed_permutation(DIGITS_TRAIN + DIGITS_TEST, SPLIT_SEED, "digits", "split")
    x = np.divide(images, 16, dtype=np.float32).reshape(-1, *DIGITS.input)[order]
    y = labels.astype(np.int64)[order]
    cut = DIGITS_TRAIN
    return Dataset("digits", x[:cut], y[:cut], x[cut:], y[cut:], DIGITS.classes)


def _read() -> tuple[NDArray[np.float64], NDArray[np.integer[Any]]]:
    """Pixels (samples, 64) and labels (samples,) in the set's own order.

    Read from the file that scikit-learn carries, since importing it takes a second; by scikit-learn itself should it
    ever keep the file elsewhere.
    """
    package = find_spec("sklearn")
    if package is not None and package.origin is not None:
        path = Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"
        if path.is_file():
            with gzip.open(path, "rt", encoding="ascii") as file:
                table = np.loadtxt(file, delimiter=",")
            return table[:, :-1], table[:, -1].astype(np.int64)
    from sklearn import datasets

    pixels, labels = datasets.load_digits(return_X_y=True)
    return pixels, labels
