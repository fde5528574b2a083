"""CIFAR-10 and CIFAR-100 in their published binary form: records of label bytes and 3 × 32 × 32 pixel bytes.

A. Krizhevsky, Learning multiple layers of features from tiny images (2009); the files' layout is described beside them
on the author's page, www.cs.toronto.edu/~kriz/cifar.html. Pixels are red, green, blue planes, row by row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aimcsim.data.byte_images import ByteImages
from aimcsim.data.dataset import Dataset
from aimcsim.data.folders import Source, find_files
from aimcsim.data.shapes import CIFAR10, CIFAR100, DataShape
from aimcsim.errors import DataBroken, FieldError
from aimcsim.scenario.data_spec import DataSpec

_HOW = "the binary version of {} from www.cs.toronto.edu/~kriz/cifar.html, unpacked"


@dataclass(frozen=True)
class Cifar:
    """One of the two sets: its files, the last of which is the test part; a record's `labels` bytes, the last of which
    is the class that is learned (of CIFAR-100 the fine one).
    """

    source: Source
    shape: DataShape
    labels: int

    @property
    def record(self) -> int:
        """Bytes of an image with its labels."""
        return self.labels + prod(self.shape.input)


SETS = {
    "cifar10": Cifar(
        Source(
            layouts=("cifar-10-batches-bin", "cifar10", "."),
            system=(),
            how_to_get=_HOW.format("CIFAR-10"),
            files=tuple((f"{name}.bin",) for name in (*(f"data_batch_{n}" for n in range(1, 6)), "test_batch")),
            format="binary",
        ),
        CIFAR10,
        labels=1,
    ),
    "cifar100": Cifar(
        Source(
            layouts=("cifar-100-binary", "cifar100", "."),
            system=(),
            how_to_get=_HOW.format("CIFAR-100"),
            files=(("train.bin",), ("test.bin",)),
            format="binary",
        ),
        CIFAR100,
        labels=2,
    ),
}


def load_cifar(spec: DataSpec) -> Dataset:
    """The first `train` and `test` images; their pixels stay on disk, mapped into memory.

    Raises `DataMissing` where the files are absent, `DataBroken` where they are cut off or hold something else,
    `FieldError` where they hold fewer images than asked for.
    """
    cifar = SETS[spec.name]
    folder, files = find_files(spec.name, cifar.source, spec.root)
    *train, test = (_records(file, cifar) for file in files)
    parts = {}
    for part, asked, records in (("train", spec.train, train), ("test", spec.test, [test])):
        images = ByteImages([each[:, cifar.labels :] for each in records], cifar.shape.input)
        labels = np.concatenate([each[:, cifar.labels - 1] for each in records]).astype(np.int64)
        if asked is not None and asked > len(images):
            raise FieldError(("data", part), f"{spec.name} in {folder} has {len(images)} {part} samples", asked)
        parts[part] = images.first(asked), labels[:asked]
    return Dataset(spec.name, *parts["train"], *parts["test"], cifar.shape.classes)


def training_records(name: str, files: Sequence[Path]) -> int:
    """Training images that the files of the set `name` hold. Raises `DataBroken`."""
    return sum(_count(file, SETS[name].record) for file in files[:-1])


def _records(file: Path, cifar: Cifar) -> NDArray[np.uint8]:
    """The records of one file (n, bytes), mapped and not read, their labels checked."""
    records = np.memmap(file, np.uint8, "r", shape=(_count(file, cifar.record), cifar.record))
    largest = int(records[:, cifar.labels - 1].max())
    assert cifar.shape.classes is not None
    if largest >= cifar.shape.classes:
        raise DataBroken(f"{file}: label {largest}, expected 0 to {cifar.shape.classes - 1}")
    return records


def _count(file: Path, record: int) -> int:
    size = file.stat().st_size
    if size == 0 or size % record:
        raise DataBroken(f"{file}: {size} bytes are no whole number of records of {record} bytes")
    return size // record
