"""Where random numbers come from: every stream and every key is a function of (seed, names) and of nothing else.

Names are what the physics calls a thing (layer, shard, role, purpose), never a call counter, so that a run gives
the same numbers whatever the order of events, the host threads or a resume.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray


def digest(seed: int, *names: str | int, size: int) -> bytes:
    """`size` bytes that name (seed, names). Types and lengths are hashed too: ("a", "b"), ("ab",) and (1,), ("1",)
    all differ."""
    text = hashlib.blake2b(digest_size=size, person=b"aimcsim")
    for part in (seed, *names):
        word = f"{type(part).__name__}:{part}".encode()
        text.update(len(word).to_bytes(8, "little") + word)
    return text.digest()


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """A generator of its own for (seed, names), on numpy's Philox with a 128-bit key.

    For what is drawn once, in array order: initial weights, device parameters, permutations.
    """
    return np.random.Generator(_philox(seed, *names))


class Streams:
    """`stream`s of one (seed, names) after the other: one generator whose key is set anew, for those who need a few
    numbers often. Making a generator takes four times as long as setting its key.
    """

    def __init__(self, seed: int, *names: str | int) -> None:
        self._seed, self._names = seed, names
        self._bits = np.random.Philox(key=0)
        self._start = self._bits.state
        self._generator = np.random.Generator(self._bits)

    def at(self, *names: str | int) -> np.random.Generator:
        """At the beginning of `stream(seed, *names, *these)`; the generator before it is the same object."""
        key = np.frombuffer(digest(self._seed, *self._names, *names, size=16), "<u8")
        self._start["state"] = {"counter": np.zeros(4, np.uint64), "key": key}
        self._bits.state = self._start
        return self._generator


def raw_words(seed: int, *names: str | int, count: int) -> NDArray[np.uint64]:
    """`count` raw 64-bit words of the stream: numpy promises those to stay the same in all its versions."""
    return _philox(seed, *names).random_raw(count)


def _philox(seed: int, *names: str | int) -> np.random.Philox:
    return np.random.Philox(key=int.from_bytes(digest(seed, *names, size=16), "little"))


def key_pair(seed: int, *names: str | int) -> tuple[int, int]:
    """Two 32-bit keys for the counter hash (`counter_hash`), for what is drawn per cell or line."""
    word = digest(seed, *names, size=8)
    return int.from_bytes(word[:4], "little"), int.from_bytes(word[4:], "little")
