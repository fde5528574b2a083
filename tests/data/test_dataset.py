from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aimcsim.data.dataset import Dataset

X = np.arange(24, dtype=np.float32).reshape(4, 2, 3)
Y = np.array([0, 1, 2, 1])


def dataset(**changes: Any) -> Dataset:
    fields: dict[str, Any] = {"name": "t", "train_x": X, "train_y": Y, "test_x": X, "test_y": Y, "classes": 3}
    return Dataset(**fields | changes)


def test_a_sound_set_is_accepted_with_labels_or_targets() -> None:
    assert dataset().input_shape == (2, 3)
    targets = np.zeros((4, 1), np.float32)
    assert dataset(train_y=targets, test_y=targets, classes=None).classes is None


@pytest.mark.parametrize(
    "changes",
    [
        {"train_x": X.astype(np.float64)},
        {"train_x": X.transpose(0, 2, 1)},
        {"train_x": X[:3]},
        {"train_x": X[:0], "train_y": Y[:0]},
        {"test_x": X.reshape(4, 6)},
        {"test_x": np.full_like(X, np.inf)},
        {"train_y": Y.astype(np.int32)},
        {"train_y": Y - 1},
        {"test_y": Y + 1},
        {"train_y": Y[:, None]},
        {"classes": None},
        {"train_y": np.zeros(4, np.float32), "test_y": np.zeros(4, np.float32), "classes": None},
        {"train_y": np.full((4, 1), np.nan, np.float32), "test_y": np.zeros((4, 1), np.float32), "classes": None},
    ],
)
def test_a_set_that_breaks_a_promise_cannot_be_made(changes: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        dataset(**changes)
