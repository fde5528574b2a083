"""Random numbers without state: a two-key 32-bit counter hash, and the uniforms and normals made from it.

A number is addressed by (key0, key1, sample, row, slot, lane). The first four are absorbed once per row, the slot
once per vector loop, and the lane (a column, usually) costs one round per number:

    sample_keys(key0, key1, sample) -> row_keys(.., row) -> slot_keys(.., slot) -> word(.., lane) -> uniform, normal

Every index goes through the whole mixing function: plain sums such as key + row repeat the same noise one row
further on. Two keys of 32 bits are carried all the way, because with a single one some two rows of a large array
would share their state (birthday bound: 2**16 rows) and hence their noise.

The mixing constants are those of Chris Wellons' hash prospector ("lowbias32", improved pair 21f0aaad/d35a2d97,
measured avalanche bias 0.107) and of MurmurHash3's finaliser.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from aimcsim.crossbar.lanes import bits_of, float_of

U = np.uint32
_GOLDEN = U(0x9E3779B9)
_ODD = U(0x85EBCA6B)
_ODD2 = U(0xC2B2AE35)
_M1 = U(0x21F0AAAD)
_M2 = U(0xD35A2D97)
_S15, _S16, _S13 = U(15), U(16), U(13)

#: Contraction to fused multiply-adds is allowed; anything that could change with the order of sums is not.
FAST = {"contract"}


@njit(nogil=True, cache=True)
def mix(h: np.uint32) -> np.uint32:
    """A bijection of 32 bits in which every input bit flips every output bit half of the time."""
    h = U(h ^ U(h >> _S16))
    h = U(h * _M1)
    h = U(h ^ U(h >> _S15))
    h = U(h * _M2)
    return U(h ^ U(h >> _S15))


@njit(nogil=True, cache=True)
def absorb(a: np.uint32, b: np.uint32, number: np.uint32) -> tuple[np.uint32, np.uint32]:
    """The key pair (a, b) with one more 32-bit index in it; the two halves take it in unlike ways."""
    inner = mix(U(U(number * _GOLDEN) + _ODD2))
    return mix(U(a ^ inner)), mix(U(U(b * _ODD) + inner))


@njit(nogil=True, cache=True)
def sample_keys(key0: np.uint32, key1: np.uint32, sample: int) -> tuple[np.uint32, np.uint32]:
    """Keys of one sample; `sample` counts over the whole run (64 bits)."""
    a, b = absorb(U(key0), U(key1), U(sample & 0xFFFFFFFF))
    return absorb(a, b, U((sample >> 32) & 0xFFFFFFFF))


@njit(nogil=True, cache=True)
def row_keys(a: np.uint32, b: np.uint32, row: int) -> tuple[np.uint32, np.uint32]:
    """Keys of one row of one sample."""
    return absorb(a, b, U(row))


@njit(nogil=True, cache=True)
def slot_keys(a: np.uint32, b: np.uint32, slot: int) -> tuple[np.uint32, np.uint32]:
    """Keys of one slot (pulse number, draw number) of one row."""
    return absorb(a, b, U(slot))


@njit(nogil=True, cache=True)
def key_of_lane(a: np.uint32, lane: np.uint32) -> np.uint32:
    """The first key with the lane in it: word(key_of_lane(a, lane), b, 0) = word(a, b, lane)."""
    return U(a ^ U(lane * _GOLDEN))


@njit(nogil=True, cache=True)
def word(a: np.uint32, b: np.uint32, lane: np.uint32) -> np.uint32:
    """32 random bits for a lane: `mix` with the second key added half-way."""
    h = key_of_lane(a, lane)
    h = U(h ^ U(h >> _S16))
    h = U(h * _M1)
    h = U(U(h ^ U(h >> _S15)) + b)
    h = U(h * _M2)
    return U(h ^ U(h >> _S15))


@njit(nogil=True, cache=True)
def second_word(first: np.uint32) -> np.uint32:
    """32 more bits from a word. A bijection of the first, so a pair walks 2**32 scattered points of the square."""
    h = U(U(first ^ U(first >> _S16)) * _ODD)
    h = U(U(h ^ U(h >> _S13)) * _ODD2)
    return U(h ^ U(h >> _S16))


@njit(nogil=True, cache=True, fastmath=FAST)
def uniform(bits: np.uint32) -> np.float32:
    """A uniform in (0, 1] from a word; the grid is 2**-31 near zero and float32's own (2**-24) near one."""
    return np.float32(np.float32(np.int32(bits >> U(1))) + np.float32(0.5)) * np.float32(2.0**-31)


@njit(nogil=True, cache=True, fastmath=FAST)
def log_of(u: np.float32) -> np.float32:
    """Natural logarithm of a positive normal float32, absolute error below 1e-6 of max(1, |log u|).

    u = m·2^e with m in [2/3, 4/3); log m by a degree-7 minimax polynomial (fit error 2.2e-7).
    """
    bits = bits_of(u)
    exponent = np.int32(np.int32(bits - np.int32(0x3F2AAAAB)) >> np.int32(23))
    f = float_of(np.int32(bits - np.int32(exponent << np.int32(23)))) - np.float32(1.0)
    p = np.float32(0.17820188)
    p = p * f + np.float32(-0.19702767)
    p = p * f + np.float32(0.19661320)
    p = p * f + np.float32(-0.24795877)
    p = p * f + np.float32(0.33345001)
    p = p * f + np.float32(-0.50003824)
    p = p * f + np.float32(0.99999899)
    return p * f + np.float32(exponent) * np.float32(0.6931472)


@njit(nogil=True, cache=True, fastmath=FAST)
def radius(bits: np.uint32) -> np.float32:
    """√(−2 ln u): the length of a pair of independent normals."""
    return np.float32(np.sqrt(np.maximum(np.float32(-2.0) * log_of(uniform(bits)), np.float32(0.0))))


@njit(nogil=True, cache=True, fastmath=FAST)
def sine(v: np.float32) -> np.float32:
    """sin(πv/2) for v in [−1, 1]: odd degree-9 minimax polynomial, fit error 3.4e-9."""
    q = v * v
    p = np.float32(0.00015082056)
    p = p * q + np.float32(-0.0046722279)
    p = p * q + np.float32(0.0796884805)
    p = p * q + np.float32(-0.64596336)
    p = p * q + np.float32(1.57079629)
    return p * v


@njit(nogil=True, cache=True, fastmath=FAST)
def cosine(v: np.float32) -> np.float32:
    """cos(πv/2) for v in [−1, 1]: even degree-8 minimax polynomial, fit error 4.7e-8."""
    q = v * v
    p = np.float32(0.00085819062)
    p = p * q + np.float32(-0.0208106275)
    p = p * q + np.float32(0.253650745)
    p = p * q + np.float32(-1.23369821)
    return p * q + np.float32(0.999999953)


@njit(nogil=True, cache=True, fastmath=FAST)
def normal(bits: np.uint32) -> np.float32:
    """A standard normal from a word (Box–Muller in float32).

    The angle need only cover a half turn, since its sine has the same law there. Tails follow the normal law to
    |z| = 6.66 = √(2·32·ln 2) and end there; the true mass beyond is 3e-11.
    """
    angle = np.float32(np.int32(second_word(bits))) * np.float32(2.0**-31)
    return radius(bits) * sine(angle)


@njit(nogil=True, cache=True, fastmath=FAST)
def normal_pair(bits: np.uint32) -> tuple[np.float32, np.float32]:
    """Two independent standard normals from a word; the first equals `normal(bits)`.

    The sine and the cosine over a half turn, and one more bit, the lowest of the word, for the sign that the
    cosine has not there.
    """
    angle = np.float32(np.int32(second_word(bits))) * np.float32(2.0**-31)
    length = radius(bits)
    other = np.int32(bits_of(length * cosine(angle)) ^ np.int32(bits << U(31)))
    return length * sine(angle), float_of(other)
