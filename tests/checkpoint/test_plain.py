"""What a checkpoint file holds comes back as it was, to the type and the bit."""

from __future__ import annotations

import math
import zipfile
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcsim.checkpoint.container import read_container, write_container
from aimcsim.checkpoint.plain import Packer, unpack
from aimcsim.pipeline.actions import Action
from aimcsim.pipeline.state import LinkState
from tests.checkpoint.runs import small, stopped

plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.lists(inner, max_size=4).map(deque),
        st.sets(st.integers(), max_size=4),
        st.dictionaries(st.integers() | st.text() | st.tuples(st.integers(), st.text()), inner, max_size=4),
        st.builds(LinkState, st.lists(st.tuples(st.integers(), st.integers()), max_size=3).map(deque)),
        st.builds(Action, st.sampled_from("FBU"), st.integers(0, 9), st.integers(0, 2)),
    ),
    max_leaves=12,
)


def same(one: Any, other: Any) -> bool:
    """Equal in value and in type, NaN and the sign of zero included."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return (
            math.isnan(one) if math.isnan(other) else (one, math.copysign(1, one)) == (other, math.copysign(1, other))
        )
    if isinstance(one, list | tuple | deque):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(map(same, one.values(), other.values()))
    return bool(one == other)


@given(plain_values)
def test_plain_state_comes_back_equal_in_value_and_type(value: Any) -> None:
    packer = Packer()
    assert same(unpack(packer.pack(value), packer.arrays), value)


def test_what_is_no_plain_state_is_refused_when_it_is_written_not_when_it_is_read() -> None:
    for value in (object(), np.float32(1.0), {1.0, "a"}.__iter__(), Path()):
        with pytest.raises(TypeError, match="a checkpoint can not hold a"):
            Packer().pack([value])


def test_arrays_come_back_bit_for_bit_and_one_that_stands_in_two_places_is_one_array_again(tmp_path: Path) -> None:
    shared = np.array([[1.0, np.nan], [-0.0, np.inf]], np.float32)
    state = [shared, shared, np.array(True), np.zeros((0, 3), np.int64), np.arange(6).reshape(2, 3).T]
    packer = Packer()
    document = packer.pack(state)
    write_container(tmp_path / "c", document, packer.arrays)
    found = unpack(*read_container(tmp_path / "c"))
    assert found[0] is found[1]
    for one, other in zip(found, state, strict=True):
        assert (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
        assert one.flags.writeable
    assert found[4].flags.f_contiguous


def test_the_same_state_makes_the_same_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_container(tmp_path / name, {"x": [1, 2]}, [np.arange(3.0)])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_any_zip_program_can_look_into_a_checkpoint(tmp_path: Path) -> None:
    path = stopped(tmp_path, 40, scenario=small("async"))
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {name.split("/")[0] for name in archive.namelist()} == {"document.json", "arrays"}
