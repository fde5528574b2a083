"""Closed forms of the schedules, as integers and Fractions.

M stages (m = 1..M), B micro-batches a mini-batch, K mini-batches, N micro-batches in all.
tf, tb, tw are the cycles of forward, backward and update of one micro-batch at one stage; where B is split, ti is the
input gradient and tw the weight gradient. Uniform times unless the arguments are sequences.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction


def serial_makespan(M: int, N: int, tf: int, tb: int, tw: int) -> int:
    """Vanilla model parallelism, an update after each micro-batch: N(M(tf+tb)+tw)."""
    return N * (M * (tf + tb) + tw)


def serial_density(M: int, tf: int, tb: int, tw: int) -> Fraction:
    """(tf+tb+tw) / (M(tf+tb)+tw); 1/M where tw = 0."""
    return Fraction(tf + tb + tw, M * (tf + tb) + tw)


def serial_flush_makespan(M: int, B: int, K: int, tf: int, tb: int, tw: int) -> int:
    """Serial with B micro-batches a mini-batch and all updates at the flush: K·B(M(tf+tb)+tw)."""
    return K * serial_makespan(M, B, tf, tb, tw)


def sync_makespan(M: int, B: int, K: int, tf: int, tb: int, tw: int) -> int:
    """GPipe or 1F1B order, an update per micro-batch deferred to the flush: K[(B+M−1)(tf+tb)+B·tw], any B ≥ 1."""
    return K * ((B + M - 1) * (tf + tb) + B * tw)


def sync_density(M: int, B: int, tf: int, tb: int, tw: int) -> Fraction:
    """B(tf+tb+tw) / [(B+M−1)(tf+tb)+B·tw]; B/(B+M−1) where tw = 0."""
    return Fraction(B * (tf + tb + tw), sync_makespan(M, B, 1, tf, tb, tw))


def sync_one_update_makespan(M: int, B: int, K: int, tf: int, tb: int, tw: int) -> int:
    """The same with one update of tw cycles a mini-batch: K[(B+M−1)(tf+tb)+tw]."""
    return K * ((B + M - 1) * (tf + tb) + tw)


def async_makespan(M: int, N: int, tf: int, tb: int, tw: int) -> int:
    """Async in 1F1B order, max_in_flight = M−m+1, and async-greedy without cap: (M−1)(tf+tb)+N(tf+tb+tw)."""
    return (M - 1) * (tf + tb) + N * (tf + tb + tw)


def async_density(M: int, N: int, tf: int, tb: int, tw: int) -> Fraction:
    """N(tf+tb+tw) / makespan, which tends to 1."""
    return Fraction(N * (tf + tb + tw), async_makespan(M, N, tf, tb, tw))


def async_period(tf: Sequence[int], tb: Sequence[int], tw: Sequence[int]) -> int:
    """Cycles per micro-batch in the steady state, uneven stages, no link latency: max(tf+tb+tw)."""
    return max(f + b + w for f, b, w in zip(tf, tb, tw, strict=True))


def async_forward_staleness(M: int, m: int, n: int) -> int:
    """Staleness of the forward of micro-batch n (from 0) at stage m: M−m, in the fill min(n, M−m). Backward: 0."""
    return min(n, M - m)


def async_forward_staleness_mean(M: int, m: int, N: int) -> Fraction:
    """Mean of min(n, k) over n = 0..N−1 with k = M−m: k − k(k+1)/(2N) where N ≥ k, else (N−1)/2."""
    k = M - m
    return k - Fraction(k * (k + 1), 2 * N) if k <= N else Fraction(N - 1, 2)


def greedy_forward_staleness(M: int, m: int, tf: int, tb: int) -> int:
    """async-greedy without cap, at its maximum: 2(M−m) for tf ≥ tb, (M−m)(1+tb/tf) for whole tb/tf. Backward: 0.

    Raises ValueError for the times in between, which have no such form.
    """
    if tf >= tb:
        return 2 * (M - m)
    if tb % tf:
        raise ValueError(f"tb={tb} is neither at most tf={tf} nor a multiple of it")
    return (M - m) * (1 + tb // tf)


def two_array_steps(M: int, N: int) -> int:
    """F and B on separate arrays, a step each, the update visible in the next cycle: N+2M−1 steps."""
    return N + 2 * M - 1


def two_array_staleness(M: int, m: int, turn_within_cycle: bool = False) -> int:
    """The same: 2(M−m)+1, or 2(M−m) where the last stage turns round within the cycle; PipeMare's is the first."""
    return 2 * (M - m) + (0 if turn_within_cycle else 1)


def async_over_sync(M: int, B: int, tf: int, tb: int, tw: int) -> Fraction:
    """Cycles per micro-batch, sync over async, in the steady state: 1 + (M−1)(tf+tb) / (B(tf+tb+tw))."""
    return 1 + Fraction((M - 1) * (tf + tb), B * (tf + tb + tw))


def async_activations(M: int, m: int) -> int:
    """Activations held at stage m by async 1F1B and by PipeDream, whose weight versions are as many: M−m+1."""
    return M - m + 1


def gpipe_makespan(tf: Sequence[int], tb: Sequence[int], B: int, c: int = 0) -> int:
    """GPipe's F and B on uneven stages with latency c a hop: Σtf + (B−1)max tf + Σtb + (B−1)max tb + 2c(M−1)."""
    return sum(tf) + (B - 1) * max(tf) + sum(tb) + (B - 1) * max(tb) + 2 * c * (len(tf) - 1)


def one_f_one_b_activations(M: int, B: int, m: int) -> int:
    """1F1B with a flush holds min(B, M−m+1); GPipe holds B."""
    return min(B, M - m + 1)


def interleaved_bubble(M: int, v: int, tf: int, tb: int) -> Fraction:
    """Makespan bubble of interleaved 1F1B with v chunks, B a multiple of M: (M−1)(tf+tb)/v."""
    return Fraction((M - 1) * (tf + tb), v)


def interleaved_activations(M: int, B: int, v: int, m: int) -> int:
    """Chunk activations, each 1/v of a stage's: (v−1)M + 2(M−m) + 1, and never more than there are, B·v."""
    return min(B * v, (v - 1) * M + 2 * (M - m) + 1)


def pipedream_period(tf: Sequence[int], tb: Sequence[int]) -> int:
    """PipeDream and PipeDream-2BW, cycles per micro-batch: max(tf+tb)."""
    return async_period(tf, tb, (0,) * len(tf))


def pipedream_staleness(M: int, m: int, n: int) -> int:
    """PipeDream: M−m in F and in B, which reuses the weights of its F; in the fill min(n, M−m)."""
    return async_forward_staleness(M, m, n)


def pipedream_2bw_staleness(mini_batch: int) -> int:
    """PipeDream-2BW: one update, in F and B of every mini-batch but the first."""
    return min(mini_batch, 1)


def zb_h1_bubble(M: int, tf: int, ti: int, tw: int) -> int:
    """ZB-H1, makespan bubble: (M−1)(tf+ti−tw), for tw ≤ min(tf, ti) and B ≥ M."""
    return (M - 1) * (tf + ti - tw)


def zb_h1_activations(M: int) -> int:
    """ZB-H1 holds M micro-batches between F and W at every stage, for B ≥ M."""
    return M


def zb_h2_span_bubble(M: int, tf: int, ti: int, tw: int) -> int:
    """ZB-H2, span bubble: (M−1)(tf+ti−2tw), for tw ≤ min(tf, ti) and B ≥ 2M−1."""
    return (M - 1) * (tf + ti - 2 * tw)


def zb_h2_makespan_bubble(M: int, tf: int, ti: int, tw: int) -> int:
    """ZB-H2, makespan bubble: max((M−1)(tf+ti−2tw), (M−1)tf), same region."""
    return max(zb_h2_span_bubble(M, tf, ti, tw), (M - 1) * tf)


def zb_h2_activations(M: int) -> int:
    """ZB-H2 holds 2M−1 micro-batches between F and W at every stage, for B ≥ 2M−1."""
    return 2 * M - 1


def zb_v_makespan_bubble(M: int, t: int) -> Fraction:
    """ZB-V at equal times t of F, B and W (of a whole stage): (M−1)t/2; its span bubble is 0. It holds M."""
    return Fraction((M - 1) * t, 2)


def chimera_slots(M: int, N: int) -> int:
    """Chimera (arXiv:2107.06925), two directions, tf = tb = one slot: 2N+M−2. It holds M/2+1 … M."""
    return 2 * N + M - 2


def dualpipe_bubble(M: int, overlapped: int, backward: int, weight: int) -> Fraction:
    """DualPipe (arXiv:2412.19437): (M/2−1)(F&B + B − 3W), F&B an overlapped pair. It holds M+1."""
    return Fraction(M - 2, 2) * (overlapped + backward - 3 * weight)
