from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from aimcsim.data.idx import read_idx
from aimcsim.errors import DataBroken
from tests.data.idx_files import TYPE_CODES, idx_bytes, write_idx

#: Twelve bytes: type 0x08, two dimensions 2 × 3, values 1 … 6.
SMALL = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6])


@pytest.mark.parametrize("zipped", [False, True])
def test_a_file_is_read_in_its_own_shape(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(SMALL) if zipped else SMALL)
    values = read_idx(path)
    assert values.dtype == np.uint8
    assert values.tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize("kind", list(TYPE_CODES))
def test_every_type_comes_back_as_written_in_native_byte_order(tmp_path: Path, kind: str) -> None:
    values = np.arange(-12, 12).astype(kind).reshape(2, 3, 4)
    read = read_idx(write_idx(tmp_path / "file", values))
    assert read.dtype == np.dtype(kind)
    assert np.array_equal(read, values)


def test_a_big_endian_number_is_read_as_such(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes([0, 0, 0x0C, 1, 0, 0, 0, 2, 0, 0, 1, 2, 255, 255, 255, 254]))
    assert read_idx(tmp_path / "file").tolist() == [258, -2]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an IDX file"),
        (b"\0\0\x08", "not an IDX file"),
        (b"P5 28 28", "not an IDX file, which starts with two zero bytes; it starts with 50 35 20 32"),
        (b"\0\0\x0a\x01" + SMALL[4:], "0x0a is no type code"),
        (b"\0\0\x08\x00" + SMALL[4:], "0 dimensions, expected 1 to 8"),
        (b"\0\0\x08\xff" + SMALL[4:], "255 dimensions, expected 1 to 8"),
        (SMALL[:9], "ends inside its header"),
        (SMALL[:-1], "promises 2 × 3 values in 6 bytes, only 5 follow"),
        (SMALL[:12], "promises 2 × 3 values in 6 bytes, only 0 follow"),
        (SMALL + b"x", "promises 2 × 3 values in 6 bytes, more follow"),
        (b"\0\0\x08\x02" + b"\xff" * 8, "promises 4294967295 × 4294967295 values, more than"),
        (gzip.compress(SMALL[:-1]), "only 5 follow"),
        (gzip.compress(SMALL + b"x"), "more follow"),
        (gzip.compress(SMALL)[:-9], "gzip data is damaged or cut off"),
        (gzip.compress(SMALL)[:-4] + b"\0\0\0\0", "gzip data is damaged or cut off"),
        (gzip.compress(SMALL)[:10] + b"\xff" * 12, "gzip data is damaged or cut off"),
    ],
    ids=[
        "empty", "three bytes", "other format", "type", "no dimensions", "many dimensions", "short header", "short",
        "no values", "long", "huge", "zipped short", "zipped long", "cut gzip", "wrong gzip length", "bad gzip stream",
    ],
)  # fmt: skip
def test_a_damaged_file_is_refused_by_name_and_reason(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "some-file"
    path.write_bytes(content)
    with pytest.raises(DataBroken, match="some-file: ") as found:
        read_idx(path)
    assert message in str(found.value)


def test_the_writer_of_these_tests_follows_the_format() -> None:
    assert idx_bytes(np.array([[1, 2, 3], [4, 5, 6]], np.uint8)) == SMALL
