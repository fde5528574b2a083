from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from sklearn import datasets

from aimcsim.data import digits
from aimcsim.data.load import load_dataset
from aimcsim.errors import FieldErrors
from aimcsim.scenario.data_spec import DataSpec

DIGITS = DataSpec(name="digits")


def test_the_split_has_1437_and_360_samples_of_8_by_8_pixels_in_zero_to_one() -> None:
    data = load_dataset(DIGITS, seed=0)
    assert (data.train_x.shape, data.test_x.shape) == ((1437, 8, 8), (360, 8, 8))
    assert (data.train_y.shape, data.test_y.shape, data.classes) == ((1437,), (360,), 10)
    assert (data.train_x.min(), data.train_x.max()) == (0, 1)


def test_the_two_parts_together_are_the_whole_set() -> None:
    data = load_dataset(DIGITS, seed=0)
    x, y = datasets.load_digits(return_X_y=True)
    whole = sorted((*(pixels / 16).tolist(), label) for pixels, label in zip(x, y.tolist(), strict=True))
    images = np.concatenate([data.train_x, data.test_x]).reshape(1797, 64)
    labels = np.concatenate([data.train_y, data.test_y])
    # Sixteenths are exact in float32.
    assert sorted((*image, label) for image, label in zip(images.tolist(), labels.tolist(), strict=True)) == whole


def test_both_parts_hold_all_classes_in_fair_shares() -> None:
    data = load_dataset(DIGITS, seed=0)
    # 360 of 1797 without replacement, about 180 a class: hypergeometric, mean 36, standard deviation 5.1. The split
    # is fixed; six standard deviations would show a mistake such as a sorted set.
    assert np.all(np.abs(np.bincount(data.test_y, minlength=10) - 36) < 31)
    assert np.all(np.bincount(data.train_y, minlength=10) > 100)


def test_the_test_part_is_drawn_from_all_of_the_set() -> None:
    data = load_dataset(DIGITS, seed=0)
    x, _ = datasets.load_digits(return_X_y=True)
    tail = {tuple(pixels) for pixels in (x[-360:] / 16).tolist()}
    drawn = sum(tuple(pixels) in tail for pixels in data.test_x.reshape(360, 64).tolist())
    # 360·360/1797 = 72 expected, hypergeometric standard deviation 6.8; the set's own order would give 360.
    assert abs(drawn - 72) < 41


def test_the_split_is_the_same_whatever_the_seed_of_the_run() -> None:
    one, other = load_dataset(DIGITS, seed=1), load_dataset(DIGITS, seed=2)
    assert np.array_equal(one.train_x, other.train_x)
    assert np.array_equal(one.test_y, other.test_y)


def test_counts_take_the_first_samples_of_the_fixed_order() -> None:
    data, whole = load_dataset(DataSpec(name="digits", train=100, test=10), seed=0), load_dataset(DIGITS, seed=0)
    assert np.array_equal(data.train_x, whole.train_x[:100])
    assert np.array_equal(data.test_y, whole.test_y[:10])


def test_more_samples_than_there_are_are_refused_in_both_parts_at_once() -> None:
    with pytest.raises(FieldErrors) as found:
        load_dataset(DataSpec(name="digits", train=1438, test=361), seed=0)
    assert [str(error) for error in found.value.errors] == [
        "data.train: digits has 1437 train samples (got 1438)",
        "data.test: digits has 360 test samples (got 361)",
    ]


def test_scikit_learn_is_not_imported_not_even_for_the_digits() -> None:
    code = (
        "import sys; from aimcsim.data.load import load_dataset; from aimcsim.scenario.data_spec import DataSpec;"
        "load_dataset(DataSpec(name='digits'), 0); assert 'sklearn' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_scikit_learn_reads_them_where_its_file_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = load_dataset(DIGITS, seed=0)
    monkeypatch.setattr(digits, "find_spec", lambda name: None)
    got = load_dataset(DIGITS, seed=0)
    assert np.array_equal(got.train_x, expected.train_x)
    assert np.array_equal(got.test_y, expected.test_y)
