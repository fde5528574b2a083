"""Interpolated steps as straight pieces: few of them are all tried, many are found by a table of buckets."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aimcsim.crossbar.counter_hash import FAST

Floats = NDArray[np.float32]

#: Most buckets of a table; nodes closer together than a bucket are told apart by a short walk.
MOST_BUCKETS: Final = 4096
#: So many pieces are tried one after the other, by whole vectors; the table needs a load a cell that no vector does.
FEW_PIECES: Final = 20


class PieceTable(NamedTuple):
    """Two curves, upward and downward: level + slope·u on pieces, the first and the last of them level."""

    #: Where a piece ends (the last one nowhere), its level at u = 0 and its slope, (2, pieces, 3).
    pieces: Floats
    #: The piece that a bucket begins in, (2, buckets): bucket 0 lies before the first node.
    starts: NDArray[np.int32]
    #: Place of the first node and buckets per unit, (2, 2).
    grid: Floats


def piece_table(nodes: Floats) -> PieceTable:
    """The pieces of two curves from their nodes (2, 2, nodes): positions, which rise, and values."""
    count = nodes.shape[2]
    places, values = nodes[:, 0].astype(np.float64), nodes[:, 1].astype(np.float64)
    slopes = np.diff(values) / np.diff(places)
    pieces = np.zeros((2, count + 1, 3))
    pieces[:, :count, 0], pieces[:, count, 0] = places, np.inf
    pieces[:, 0, 1], pieces[:, count, 1] = values[:, 0], values[:, -1]
    pieces[:, 1:count, 1], pieces[:, 1:count, 2] = values[:, :-1] - slopes * places[:, :-1], slopes
    width = places[:, -1] - places[:, 0]
    buckets = min(int(np.ceil((width / np.diff(places).min(axis=1)).max())), MOST_BUCKETS)
    scale = buckets / width
    begins = places[:, :1] + np.arange(-1, buckets + 1) / scale[:, None]
    starts = np.stack([np.searchsorted(p, b, side="right") for p, b in zip(places, begins, strict=True)])
    starts[:, 0] = 0
    grid = np.stack([places[:, 0], scale], axis=1)
    return PieceTable(pieces.astype(np.float32), starts.astype(np.int32), grid.astype(np.float32))


@njit(nogil=True, cache=True, fastmath=FAST, _nrt=False)
def find_pieces(
    pieces: Floats,
    w: Floats,
    device: int,
    row: int,
    numbers: Floats,
    place: int,
    first: int,
    n: int,
    table: PieceTable,
) -> None:
    """The piece on which each cell j < n of a row stands at u = p1 + p2·w, of the downward curve where p3 > 0.

    Its value at u and its slope go into the first two rows of `pieces` (3, in), the third is scratch; the other
    arguments are those of `curved_cells`.
    """
    if table.pieces.shape[1] <= FEW_PIECES:
        try_pieces(pieces, w, device, row, numbers, place, first, n, table.pieces)
        return
    length, d, i, r = np.uintp(n), np.uintp(device), np.uintp(row), np.uintp(place)
    zero, one, two = np.uintp(0), np.uintp(1), np.uintp(2)
    start, rise, curve = np.uintp(first + 1), np.uintp(first + 2), np.uintp(first + 3)
    origin, scale = table.grid[zero, zero], table.grid[zero, one]
    down_origin, down_scale = table.grid[one, zero], table.grid[one, one]
    last = np.float32(table.starts.shape[1] - 1)
    first_down = np.float32(table.starts.shape[1])
    for j in range(length):
        u = numbers[r, start, j] + numbers[r, rise, j] * w[d, i, j]
        downward = numbers[r, curve, j] > np.float32(0.0)
        at = (u - (down_origin if downward else origin)) * (down_scale if downward else scale) + np.float32(1.0)
        bucket = min(max(at, np.float32(0.0)), last)
        pieces[zero, j] = bucket + first_down if downward else bucket
        pieces[two, j] = u
    starts, ends, buckets = table.starts, table.pieces, np.uintp(table.starts.shape[1])
    for j in range(length):
        u = pieces[two, j]
        at_bucket = np.uintp(np.int32(pieces[zero, j]))
        which = one if at_bucket >= buckets else zero
        k = np.uintp(starts[which, at_bucket - which * buckets])
        while u >= ends[which, k, zero]:
            k += one
        while k > zero and u < ends[which, k - one, zero]:
            k -= one
        pieces[zero, j] = ends[which, k, one] + ends[which, k, two] * u
        pieces[one, j] = ends[which, k, two]


@njit(nogil=True, cache=True, fastmath=FAST, _nrt=False)
def try_pieces(
    pieces: Floats, w: Floats, device: int, row: int, numbers: Floats, place: int, first: int, n: int, ends: Floats
) -> None:
    """As `find_pieces`: a cell takes every piece that begins at or before its place, so that the last one stays."""
    length, d, i, r = np.uintp(n), np.uintp(device), np.uintp(row), np.uintp(place)
    zero, one, two = np.uintp(0), np.uintp(1), np.uintp(2)
    start, rise, curve = np.uintp(first + 1), np.uintp(first + 2), np.uintp(first + 3)
    level, slope = ends[zero, zero, one], ends[zero, zero, two]
    down_level, down_slope = ends[one, zero, one], ends[one, zero, two]
    for j in range(length):
        pieces[two, j] = numbers[r, start, j] + numbers[r, rise, j] * w[d, i, j]
        downward = numbers[r, curve, j] > np.float32(0.0)
        pieces[zero, j] = down_level if downward else level
        pieces[one, j] = down_slope if downward else slope
    for piece in range(1, ends.shape[1]):
        k, before = np.uintp(piece), np.uintp(piece - 1)
        begin, level, slope = ends[zero, before, zero], ends[zero, k, one], ends[zero, k, two]
        down_begin, down_level, down_slope = ends[one, before, zero], ends[one, k, one], ends[one, k, two]
        for j in range(length):
            downward = numbers[r, curve, j] > np.float32(0.0)
            reached = pieces[two, j] >= (down_begin if downward else begin)
            old_level, old_slope = pieces[zero, j], pieces[one, j]
            new_level, new_slope = (down_level if downward else level), (down_slope if downward else slope)
            pieces[zero, j] = new_level if reached else old_level
            pieces[one, j] = new_slope if reached else old_slope
    for j in range(length):
        pieces[zero, j] = pieces[zero, j] + pieces[one, j] * pieces[two, j]
