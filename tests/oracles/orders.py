"""Per-stage orders of the schedules, written from the literature. Stage numbers in formulas are m = 1..M.

`stages` is M, `mini_batches` K, `micro_batches` B (per mini-batch); micro-batches count from 0 over the whole run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.oracles.vocabulary import Action

StageOrder = list[Action]
_OneMiniBatch = Callable[[int], StageOrder]


def _all(kind: str, count: int) -> StageOrder:
    return [Action(kind, k) for k in range(count)]


def _repeat(stages: int, mini_batches: int, micro_batches: int, one: _OneMiniBatch) -> list[StageOrder]:
    """The orders of one mini-batch (`one(m)`, m from 1), repeated with the micro-batches counted on."""
    return [
        [Action(a.kind, a.micro_batch + j * micro_batches, a.chunk) for j in range(mini_batches) for a in one(m)]
        for m in range(1, stages + 1)
    ]


def _one_f_one_b(admitted: int, count: int) -> StageOrder:
    """admitted-1 forwards, then F and B in turn, then the backwards that are left."""
    order = _all("F", min(admitted - 1, count))
    for k in range(count):
        if admitted - 1 + k < count:
            order.append(Action("F", admitted - 1 + k))
        order.append(Action("B", k))
    return order


def serial(stages: int, mini_batches: int, micro_batches: int = 1) -> list[StageOrder]:
    """One micro-batch at a time, updates at the end of the mini-batch; to be run with the serial gate closed."""
    order = [Action(kind, k) for k in range(micro_batches) for kind in "FB"] + _all("U", micro_batches)
    return _repeat(stages, mini_batches, micro_batches, lambda _: order)


def gpipe(stages: int, mini_batches: int, micro_batches: int) -> list[StageOrder]:
    """GPipe (arXiv:1811.06965): all F, all B ascending; on an in-place array then all U ascending."""
    order = [action for kind in "FBU" for action in _all(kind, micro_batches)]
    return _repeat(stages, mini_batches, micro_batches, lambda _: order)


def one_f_one_b(stages: int, mini_batches: int, micro_batches: int) -> list[StageOrder]:
    """1F1B with a flush (PipeDream-Flush, arXiv:2006.09503): stage m admits min(B, M-m+1); U at the flush."""

    def one(m: int) -> StageOrder:
        return _one_f_one_b(min(micro_batches, stages - m + 1), micro_batches) + _all("U", micro_batches)

    return _repeat(stages, mini_batches, micro_batches, one)


def interleaved(stages: int, mini_batches: int, micro_batches: int, chunks: int) -> list[StageOrder]:
    """Interleaved 1F1B (Narayanan et al., arXiv:2104.04473): chunks change every M micro-batches.

    A stage runs min(B*v, 2(M-m) + (v-1)M) warm-up forwards. At the flush the updates go by micro-batch, then by chunk.
    Raises ValueError unless B is a multiple of M.
    """
    if micro_batches % stages:
        raise ValueError(f"micro_batches={micro_batches} must be a multiple of stages={stages}")
    total = micro_batches * chunks

    def nth(kind: str, n: int) -> Action:
        round_, within = divmod(n, stages * chunks)
        chunk, offset = divmod(within, stages)
        return Action(kind, round_ * stages + offset, chunk if kind == "F" else chunks - 1 - chunk)

    def one(m: int) -> StageOrder:
        warm_up = min(total, 2 * (stages - m) + (chunks - 1) * stages)
        slots = _one_f_one_b(warm_up + 1, total)
        updates = [Action("U", k, c) for k in range(micro_batches) for c in range(chunks)]
        return [nth(slot.kind, slot.micro_batch) for slot in slots] + updates

    return _repeat(stages, mini_batches, micro_batches, one)


def with_transfers(orders: Sequence[StageOrder], every: Sequence[int]) -> list[StageOrder]:
    """After update number n of a chunk (from 1) one T for each of `every` that divides n, before anything else."""
    found = []
    for order in orders:
        updates: dict[int, int] = {}
        row: StageOrder = []
        for action in order:
            row.append(action)
            if action.kind == "U":
                n = updates[action.chunk] = updates.get(action.chunk, 0) + 1
                row += [action._replace(kind="T") for period in every if n % period == 0]
        found.append(row)
    return found


def admissions(stages: int, limit: int | Sequence[int] | None = None) -> list[int]:
    """L_m of the fixed asynchronous order: M-m+1; min(limit, M-m+1) for a number; a list is taken literally."""
    if isinstance(limit, int) or limit is None:
        return [stages - m + 1 if limit is None else min(limit, stages - m + 1) for m in range(1, stages + 1)]
    if len(limit) != stages:
        raise ValueError(f"{len(limit)} limits for {stages} stages")
    return list(limit)


def async_1f1b(stages: int, count: int, limit: int | Sequence[int] | None = None) -> list[StageOrder]:
    """`count` micro-batches without a flush: L_m - 1 forwards, then F, B, U in turn, at the end B, U."""
    return [
        [
            a
            for slot in _one_f_one_b(admitted, count)
            for a in ((slot, slot._replace(kind="U")) if slot.kind == "B" else (slot,))
        ]
        for admitted in admissions(stages, limit)
    ]


def pipedream(stages: int, count: int) -> list[StageOrder]:
    """PipeDream (arXiv:1806.03377): the order of `async_1f1b`; its stashed weights do not touch the clock."""
    return async_1f1b(stages, count)


def pipedream_2bw(stages: int, count: int, micro_batches: int) -> list[StageOrder]:
    """PipeDream-2BW (arXiv:2006.09503): an endless 1F1B stream, one U right after the last B of each mini-batch.

    That U carries the number of that last micro-batch.
    """
    return [
        [a for a in order if a.kind != "U" or (a.micro_batch + 1) % micro_batches == 0]
        for order in async_1f1b(stages, count)
    ]


def _zero_bubble(stages: int, mini_batches: int, micro_batches: int, reach: int) -> list[StageOrder]:
    """Stage m admits reach*(M-m)+1 and delays its W by reach*(m-1); then one U numbered with the last micro-batch."""

    def one(m: int) -> StageOrder:
        order: StageOrder = []
        delay = reach * (m - 1)
        for slot in _one_f_one_b(min(micro_batches, reach * (stages - m) + 1), micro_batches):
            order.append(slot)
            if slot.kind == "B" and slot.micro_batch >= delay:
                order.append(Action("W", slot.micro_batch - delay))
        order += [Action("W", k) for k in range(max(0, micro_batches - delay), micro_batches)]
        return [*order, Action("U", micro_batches - 1)]

    return _repeat(stages, mini_batches, micro_batches, one)


def zero_bubble_h1(stages: int, mini_batches: int, micro_batches: int) -> list[StageOrder]:
    """ZB-H1 (Qi et al., arXiv:2401.10241): M-m+1 warm-up forwards, W delayed by m-1 micro-batches, peak memory M."""
    return _zero_bubble(stages, mini_batches, micro_batches, reach=1)


def zero_bubble_h2(stages: int, mini_batches: int, micro_batches: int) -> list[StageOrder]:
    """ZB-H2 (same paper): 2(M-m)+1 warm-up forwards, W delayed by 2(m-1) micro-batches, peak memory 2M-1."""
    return _zero_bubble(stages, mini_batches, micro_batches, reach=2)
