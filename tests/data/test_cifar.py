"""CIFAR's binary files, written record by record by the format's description."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aimcsim.data.byte_images import ByteImages
from aimcsim.data.feed import Feed
from aimcsim.data.folders import ENVIRONMENT
from aimcsim.data.load import load_dataset
from aimcsim.data.stored import nominal_epoch
from aimcsim.errors import DataBroken, DataMissing, FieldError
from aimcsim.scenario.data_spec import DataSpec

BATCHES = [*(f"data_batch_{n}.bin" for n in range(1, 6)), "test_batch.bin"]


def pixels(number: int) -> np.ndarray:
    """The 3072 bytes of image `number` of a set: every value says which pixel it is, and of which image."""
    return ((np.arange(3072) * 7 + 31 * number) % 256).astype(np.uint8)


def write_cifar10(folder: Path, sizes: tuple[int, ...] = (3, 2, 2, 1, 4, 5)) -> Path:
    """The six files; images are numbered over the training files, and from 100 in the test file; label n mod 10."""
    folder.mkdir(parents=True, exist_ok=True)
    starts = [*np.cumsum([0, *sizes[:4]]).tolist(), 100]
    for name, start, size in zip(BATCHES, starts, sizes, strict=True):
        (folder / name).write_bytes(b"".join(bytes([n % 10]) + pixels(n).tobytes() for n in range(start, start + size)))
    return folder


def write_cifar100(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, numbers in (("train.bin", range(6)), ("test.bin", range(100, 103))):
        (folder / name).write_bytes(b"".join(bytes([n % 20, (n * 9) % 100]) + pixels(n).tobytes() for n in numbers))
    return folder


def spec(name: str, root: Path, **fields: Any) -> DataSpec:
    return DataSpec.model_validate({"name": name, "root": str(root), **fields})


@pytest.mark.parametrize("layout", ["cifar-10-batches-bin", "cifar10", "."])
def test_the_five_training_files_are_one_set_in_their_order(tmp_path: Path, layout: str) -> None:
    write_cifar10(tmp_path / layout)
    data = load_dataset(spec("cifar10", tmp_path), seed=0)
    assert (data.train_x.shape, data.test_x.shape, data.classes) == ((12, 3, 32, 32), (5, 3, 32, 32), 10)
    assert data.train_y.tolist() == [n % 10 for n in range(12)]
    assert data.test_y.tolist() == [n % 10 for n in range(100, 105)]
    for order in ([11, 0, 5, 5, 2], [7], [3, 4]):
        taken = data.train_x[np.array(order)]
        assert taken.dtype == np.float32
        expected = [pixels(n).reshape(3, 32, 32).astype(np.float32) / np.float32(255) for n in order]
        assert np.array_equal(taken, np.stack(expected))


def test_of_cifar_100_the_fine_label_is_learned(tmp_path: Path) -> None:
    data = load_dataset(spec("cifar100", write_cifar100(tmp_path)), seed=0)
    assert data.train_y.tolist() == [0, 9, 18, 27, 36, 45]
    assert (data.classes, data.test_x.shape) == (100, (3, 3, 32, 32))
    assert np.array_equal(data.test_x[1:2][0].reshape(-1), pixels(101).astype(np.float32) / np.float32(255))


@pytest.mark.parametrize("train", [1, 4, 12])
def test_counts_take_the_first_images_across_files(tmp_path: Path, train: int) -> None:
    data = load_dataset(spec("cifar10", write_cifar10(tmp_path), train=train, test=2), seed=0)
    assert (len(data.train_x), len(data.train_y), len(data.test_x)) == (train, train, 2)
    blocks = list(data.blocks())
    assert np.array_equal(blocks[0][:, 0, 0, 0], ((31 * np.arange(train)) % 256).astype(np.float32) / np.float32(255))


def test_images_are_not_read_before_they_are_taken(tmp_path: Path) -> None:
    data = load_dataset(spec("cifar10", write_cifar10(tmp_path)), seed=0)
    assert isinstance(data.train_x, ByteImages)
    assert all(isinstance(part.base, np.memmap) for part in data.train_x._parts)


def test_indices_outside_the_set_are_refused(tmp_path: Path) -> None:
    data = load_dataset(spec("cifar10", write_cifar10(tmp_path)), seed=0)
    with pytest.raises(IndexError):
        data.train_x[np.array([12])]


def test_more_samples_than_the_files_hold_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FieldError, match="has 12 train samples \\(got 13\\)"):
        load_dataset(spec("cifar10", write_cifar10(tmp_path), train=13), seed=0)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("data_batch_2.bin", bytes(3072), "data_batch_2.bin: 3072 bytes are no whole number of records of 3073 bytes"),
        ("test_batch.bin", b"", "test_batch.bin: 0 bytes are no whole number of records"),
        ("data_batch_5.bin", bytes([10]) + bytes(3072), "data_batch_5.bin: label 10, expected 0 to 9"),
    ],
)
def test_files_with_other_contents_are_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    write_cifar10(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataBroken, match=message):
        load_dataset(spec("cifar10", tmp_path), seed=0)


def test_a_missing_set_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    with pytest.raises(
        DataMissing, match=re.escape("binary version of CIFAR-10 from www.cs.toronto.edu/~kriz/cifar.html")
    ):
        load_dataset(spec("cifar10", tmp_path), seed=0)
    with pytest.raises(DataMissing, match=r"^cifar10 is not on this machine\. To get it"):
        load_dataset(DataSpec(name="cifar10"), seed=0)
    write_cifar10(tmp_path)
    (tmp_path / "data_batch_3.bin").unlink()
    with pytest.raises(DataMissing, match=f"{tmp_path} lacks data_batch_3.bin\\."):
        load_dataset(spec("cifar10", tmp_path), seed=0)


def test_the_files_lengths_say_how_long_an_epoch_is_without_reading_them(tmp_path: Path) -> None:
    write_cifar10(tmp_path)
    assert nominal_epoch(spec("cifar10", tmp_path)) == 12
    assert nominal_epoch(spec("cifar10", tmp_path, train=5)) == 5
    # Not there: as published.
    assert nominal_epoch(spec("cifar100", tmp_path)) == 50_000


def test_pixels_are_scaled_channel_by_channel(tmp_path: Path) -> None:
    mean, std = [0.5, 0.4, 0.3], [0.25, 0.5, 1.0]
    given = spec("cifar10", write_cifar10(tmp_path), mean=mean, std=std)
    data = load_dataset(given, seed=0)
    rows = Feed(data, given, 0).training(np.array([4, 1]), 0)
    for row, number in zip(rows, (4, 1), strict=True):
        raw = pixels(number).reshape(3, 1024).astype(np.float64) / 255
        expected = (raw - np.array(mean)[:, None]) / np.array(std)[:, None]
        np.testing.assert_allclose(row, expected.reshape(-1), atol=1e-6)
    assert np.array_equal(Feed(data, given, 0).test(1, 500), Feed(data, given, 0).test(0, 500)[1:])
