"""Random changes of training images: what they may do, how often, and that they belong to the sample's number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aimcsim.data.augmentation import augmented, choices
from aimcsim.data.dataset import Dataset
from aimcsim.data.feed import Feed
from aimcsim.data.fit import check_data
from aimcsim.scenario.data_spec import AugmentationSpec, DataSpec
from tests.training.scenarios import digits, run

ROWS, COLUMNS = 5, 6
#: Every pixel has a value of its own, none of them 0.
IMAGE = 1.0 + np.arange(2 * ROWS * COLUMNS, dtype=np.float32).reshape(2, ROWS, COLUMNS)


def changed(count: int = 4000, first: int = 0, **what: Any) -> np.ndarray:
    images = np.broadcast_to(IMAGE, (count, *IMAGE.shape)).copy()
    return augmented(images, AugmentationSpec.model_validate(what), choices(3, first, count))


def test_a_cut_is_one_of_all_shifts_with_zeros_coming_in_and_all_are_as_likely() -> None:
    found: dict[bytes, int] = {}
    for image in changed(crop=2):
        found[image.tobytes()] = found.get(image.tobytes(), 0) + 1
    shifts = set()
    for down in range(-2, 3):
        for right in range(-2, 3):
            moved = np.zeros_like(IMAGE)
            rows = slice(max(0, -down), min(ROWS, ROWS - down)), slice(max(0, down), min(ROWS, ROWS + down))
            columns = (
                slice(max(0, -right), min(COLUMNS, COLUMNS - right)),
                slice(max(0, right), COLUMNS + min(0, right)),
            )
            moved[:, rows[0], columns[0]] = IMAGE[:, rows[1], columns[1]]
            shifts.add(moved.tobytes())
    assert set(found) == shifts
    # 4000 draws of 1/25: 160 each, standard deviation 12.4; 5 deviations over 25 shifts: false alarm below 2e-5.
    assert max(abs(count - 160) for count in found.values()) < 62


def test_every_other_image_is_mirrored() -> None:
    images = changed(flip=True)
    mirrored = [np.array_equal(image, IMAGE[:, :, ::-1]) for image in images]
    assert all(flipped or np.array_equal(image, IMAGE) for image, flipped in zip(images, mirrored, strict=True))
    # 4000 draws of 1/2: standard deviation 31.6; 5 deviations: false alarm below 1e-6.
    assert abs(sum(mirrored) - 2000) < 158


def test_the_square_that_is_blotted_out_has_its_centre_anywhere_and_all_channels_lose_it() -> None:
    places = set()
    for image in changed(cutout=3):
        gone = image == 0.0
        assert np.array_equal(gone[0], gone[1])
        assert np.array_equal(image[~gone], IMAGE[~gone])
        rows, columns = np.flatnonzero(gone[0].any(axis=1)), np.flatnonzero(gone[0].any(axis=0))
        assert gone[0].sum() == len(rows) * len(columns)
        places.add((rows[0], rows[-1], columns[0], columns[-1]))
    expected = {
        (max(r - 1, 0), min(r + 1, ROWS - 1), max(c - 1, 0), min(c + 1, COLUMNS - 1))
        for r in range(ROWS)
        for c in range(COLUMNS)
    }
    assert places == expected


def test_a_change_belongs_to_the_sample_s_number_however_samples_are_grouped() -> None:
    what = {"crop": 2, "flip": True, "cutout": 2}
    whole = changed(2500, 0, **what)
    assert np.array_equal(changed(1100, 700, **what), whole[700:1800])
    assert np.array_equal(np.concatenate([changed(1, n, **what) for n in (1023, 1024)]), whole[1023:1025])
    assert not np.array_equal(whole[:1000], whole[1000:2000])


def test_training_images_are_changed_and_test_images_are_not() -> None:
    x = np.broadcast_to(IMAGE[0], (8, ROWS, COLUMNS)).copy()
    y = np.arange(8, dtype=np.int64) % 2
    spec = DataSpec.model_validate({"name": "digits", "augmentation": {"crop": 1}})
    feed = Feed(Dataset("made", x, y, x, y, 2), spec, seed=1)
    assert np.array_equal(feed.test(0, 8), x.reshape(8, -1))
    assert not np.array_equal(feed.training(np.arange(8), 0), x.reshape(8, -1))


def test_a_run_with_augmentation_repeats_bit_for_bit_and_differs_from_one_without() -> None:
    data = {"name": "digits", "train": 40, "test": 20, "mean": 0.3, "std": 0.35, "augmentation": {"crop": 1}}
    pipeline = {"schedule": "async", "stages": 3, "micro_batch": 4}
    plain = digits(pipeline, samples=80)
    scenario = plain.model_copy(update={"data": DataSpec.model_validate(data)})
    one, other = run(scenario), run(scenario)
    assert one.losses == other.losses
    without = plain.model_copy(update={"data": DataSpec.model_validate({**data, "augmentation": None})})
    assert one.losses != run(without).losses


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "least-squares", "augmentation": {}}, "data.augmentation: is for images, the data is least-squares"),
        ({"name": "cifar10", "mean": [0.5, 0.5]}, "data.mean: needs one number a channel, cifar10 has 3 (got 2)"),
        ({"name": "digits", "std": [0.5, 0.5]}, "data.std: needs one number a channel, digits has 1 (got 2)"),
    ],
)
def test_what_does_not_suit_the_samples_is_refused(given: dict[str, Any], message: str) -> None:
    (error,) = check_data(DataSpec.model_validate(given))
    assert str(error) == message
