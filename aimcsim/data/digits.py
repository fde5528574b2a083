"""The digits that ship inside scikit-learn: 1797 handwritten digits of 8 × 8 pixels, the set that is always there.

Source: E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI repository (its test part).
"""

from __future__ import annotations

import numpy as np

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
    from sklearn import datasets  # a second to import: only for those who use the digits

    images, labels = datasets.load_digits(return_X_y=True)
    order = keyed_permutation(DIGITS_TRAIN + DIGITS_TEST, SPLIT_SEED, "digits", "split")
    x = np.divide(images, 16, dtype=np.float32).reshape(-1, *DIGITS.input)[order]
    y = labels.astype(np.int64)[order]
    cut = DIGITS_TRAIN
    return Dataset("digits", x[:cut], y[:cut], x[cut:], y[cut:], DIGITS.classes)
