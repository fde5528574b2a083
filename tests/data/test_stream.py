from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimcsim.data.stream import SampleStream, keyed_permutation

counts = st.integers(1, 40)
seeds = st.integers(0, 2**40)


@settings(deadline=None)
@given(counts, seeds, st.integers(0, 30))
def test_every_epoch_is_a_permutation(count: int, seed: int, epoch: int) -> None:
    indices = SampleStream(count, seed).indices(epoch * count, count)
    assert indices.dtype == np.int64
    assert sorted(indices.tolist()) == list(range(count))


@settings(deadline=None)
@given(counts, seeds, st.lists(st.tuples(st.integers(0, 300), st.integers(0, 90)), max_size=12))
def test_any_access_in_any_order_equals_reading_one_sample_after_another(
    count: int, seed: int, parts: list[tuple[int, int]]
) -> None:
    one_by_one = SampleStream(count, seed)
    sequence = [int(one_by_one.indices(number, 1)[0]) for number in range(390)]
    stream = SampleStream(count, seed)
    for first, n in parts:
        assert stream.indices(first, n).tolist() == sequence[first : first + n]


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    def epoch(seed: int, number: int) -> tuple[int, ...]:
        return tuple(SampleStream(50, seed).indices(50 * number, 50).tolist())

    # 50! orders: a chance repetition has probability below 1e-61.
    assert len({epoch(seed, number) for seed in range(5) for number in range(5)}) == 25


def test_what_is_handed_out_can_be_changed_without_changing_the_stream() -> None:
    stream = SampleStream(5, 0)
    before = stream.indices(0, 5).copy()
    stream.indices(0, 5)[:] = 0
    assert np.array_equal(stream.indices(0, 5), before)


def test_every_order_of_three_is_equally_likely() -> None:
    orders = Counter(tuple(keyed_permutation(3, 7, "uniform", n).tolist()) for n in range(6000))
    # Chi squared with 5 degrees of freedom exceeds 20.5 with probability 0.001 (fixed seed, so at most once for all).
    assert len(orders) == 6
    assert sum((found - 1000) ** 2 / 1000 for found in orders.values()) < 20.5


def test_the_names_in_a_key_are_kept_apart() -> None:
    keys: list[tuple[str | int, ...]] = [("a", "b"), ("ab",), ("a", "b", ""), ("a", 1), ("a", "1"), ("a",)]
    orders = [tuple(keyed_permutation(50, 0, *names).tolist()) for names in keys]
    assert len(set(orders)) == len(keys)
    assert tuple(keyed_permutation(50, 0, "a", "b").tolist()) == orders[0]


def test_senseless_requests_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one sample, got 0"):
        SampleStream(0, 0)
    with pytest.raises(ValueError, match="do not exist"):
        SampleStream(3, 0).indices(-1, 2)
    with pytest.raises(ValueError, match="do not exist"):
        SampleStream(3, 0).indices(0, -1)
