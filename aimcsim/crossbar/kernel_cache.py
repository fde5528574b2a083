"""Where numba keeps compiled kernels: in a folder named by the sources they came from.

numba recompiles a cached kernel when the file it stands in changes, but not when a function that it inlines from
another file does: after an upgrade, or an edit, it would go on computing with the old physics. A folder that
carries a hash of all sources that hold kernels, this room and the digital ones of `network`, cannot be stale.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from numba import config

#: Kernels outside this room; they inline functions of it.
DIGITAL_KERNELS = tuple(sorted((Path(__file__).parent.parent / "network").glob("*kernels.py")))


def source_digest(folder: Path, *others: Path) -> str:
    """A hash of the names and contents of a folder's Python files, and of other files."""
    text = hashlib.blake2b(digest_size=8)
    for path in [*sorted(folder.glob("*.py")), *others]:
        source = path.read_bytes()
        text.update(f"{path.name}:{len(source)}:".encode() + source)
    return text.hexdigest()


@contextmanager
def cached_by_source() -> Iterator[None]:
    """Kernels decorated inside take a cache folder of their sources' own.

    It stands in `__pycache__`, or in NUMBA_CACHE_DIR if the user set one; where it cannot be written, numba falls
    back to its usual place.
    """
    here = Path(__file__).parent
    before: str = config.CACHE_DIR
    parent = Path(before) if before else here / "__pycache__"
    config.CACHE_DIR = str(parent / f"kernels-{source_digest(here, *DIGITAL_KERNELS)}")
    try:
        yield
    finally:
        config.CACHE_DIR = before
