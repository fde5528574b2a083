"""Interpolated steps as straight pieces: few of them are all tried, many are found by a table of buckets.

Up to eight pieces are tried in the loop that moves the cells, up to twenty by a loop over the row for each of them.
"""

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
#: So many are tried within one loop, whose body has each of them once.
EIGHT: Final = 8


class PieceTable(NamedTuple):
    """Two curves, upward and downward: level + slope·u on pieces, the first and the last of them level."""

    #: Where a piece ends (the last one nowhere), its level at u = 0 and its slope, (2, pieces, 3).
    pieces: Floats
    #: The piece that a bucket begins in, (2, buckets): bucket 0 lies before the first node.
    starts: NDArray[np.int32]
    #: Place of the first node and buckets per unit, (2, 2).
    grid: Floats


Piece = tuple[np.float32, np.float32, np.float32]
EightPieces = tuple[Piece, Piece, Piece, Piece, Piece, Piece, Piece, Piece]


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


@njit(nogil=True, cache=True)
def _piece(ends: Floats, curve: int, k: int) -> Piece:
    """Where piece k of a curve begins, its level and its slope; one that there is not begins nowhere."""
    if k >= ends.shape[1]:
        return np.float32(np.inf), np.float32(0.0), np.float32(0.0)
    return ends[curve, max(k - 1, 0), 0], ends[curve, k, 1], ends[curve, k, 2]


@njit(nogil=True, cache=True)
def _eight(ends: Floats, curve: int) -> EightPieces:
    """The pieces of one curve as scalars."""
    return (
        _piece(ends, curve, 0), _piece(ends, curve, 1), _piece(ends, curve, 2), _piece(ends, curve, 3),
        _piece(ends, curve, 4), _piece(ends, curve, 5), _piece(ends, curve, 6), _piece(ends, curve, 7),
    )  # fmt: skip


@njit(nogil=True, cache=True)
def few_pieces(ends: Floats) -> tuple[EightPieces, EightPieces]:
    """The at most EIGHT pieces of a table as scalars, upward and downward."""
    return _eight(ends, 0), _eight(ends, 1)


@njit(nogil=True, cache=True, fastmath=FAST)
def _onto(
    held: tuple[np.float32, np.float32], u: np.float32, way: np.int32, up: Piece, down: Piece
) -> tuple[np.float32, np.float32]:
    """Level and slope held so far, or those of this piece if it begins at or before u."""
    reached = u >= (up[0] if way < 0 else down[0])
    level, slope = (up[1] if way < 0 else down[1]), (up[2] if way < 0 else down[2])
    return (level if reached else held[0]), (slope if reached else held[1])


@njit(nogil=True, cache=True, fastmath=FAST)
def piece_at(few: tuple[EightPieces, EightPieces], way: np.int32, u: np.float32) -> tuple[np.float32, np.float32]:
    """Value and slope at u: as `try_pieces` for one cell, to the same bits."""
    up, down = few
    held = ((up[0][1] if way < 0 else down[0][1]), (up[0][2] if way < 0 else down[0][2]))
    held = _onto(held, u, way, up[1], down[1])
    held = _onto(held, u, way, up[2], down[2])
    held = _onto(held, u, way, up[3], down[3])
    held = _onto(held, u, way, up[4], down[4])
    held = _onto(held, u, way, up[5], down[5])
    held = _onto(held, u, way, up[6], down[6])
    held = _onto(held, u, way, up[7], down[7])
    return held[0] + held[1] * u, held[1]


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
