from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aimcsim.data.dataset import Dataset, gather

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


def test_another_shape_of_the_samples_is_a_view() -> None:
    flat = dataset().with_shape((6,))
    assert flat.input_shape == (6,)
    assert np.shares_memory(flat.train_x, X)
    assert flat.test_x[1].tolist() == [6, 7, 8, 9, 10, 11]


def test_samples_are_gathered_by_index_into_new_memory_or_a_buffer() -> None:
    indices = np.array([3, 0, 3])
    taken = gather(X, indices)
    assert np.array_equal(taken, np.stack([X[3], X[0], X[3]]))
    buffer = np.empty((3, 2, 3), np.float32)
    assert gather(X, indices, buffer) is buffer
    assert np.array_equal(buffer, taken)
    assert gather(Y, indices).tolist() == [1, 0, 1]
    assert gather(X, np.array([], np.int64)).shape == (0, 2, 3)


@pytest.mark.parametrize("bad", [-1, 4])
def test_an_index_outside_the_set_is_refused(bad: int) -> None:
    with pytest.raises(IndexError, match="of a set of 4"):
        gather(X, np.array([0, bad]))
