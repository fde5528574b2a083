"""A run of two stages and three micro-batches whose whole log fits on this page.

Stage 1: F0 F1 .  B0 U0--- F2 B1 U1--- .  B2 U2---
Stage 2: .  F0 B0 U0--- F1 B1 U1--- F2 B2 U2--- .
"""

from __future__ import annotations

from pathlib import Path

from aimcsim.loading import load
from aimcsim.simulation import simulate

SCENARIO = """\
name: small
model: {chain: 2}
hardware: {timing: {stages: [{forward: 1, backward: 1, update: 2}, {forward: 1, backward: 1, update: 2}]}}
training: {samples: 3}
"""

FIRST, SECOND = "s1.l1.r0c0", "s2.l2.r0c0"

#: tile, kind, micro-batch, start, end, version read, version written: by end, then start, as the log has them.
LOG = [
    (FIRST, "F", 0, 0, 1, 0, None),
    (FIRST, "F", 1, 1, 2, 0, None),
    (SECOND, "F", 0, 1, 2, 0, None),
    (SECOND, "B", 0, 2, 3, 0, None),
    (FIRST, "B", 0, 3, 4, 0, None),
    (SECOND, "U", 0, 3, 5, 0, 1),
    (FIRST, "U", 0, 4, 6, 0, 1),
    (SECOND, "F", 1, 5, 6, 1, None),
    (FIRST, "F", 2, 6, 7, 1, None),
    (SECOND, "B", 1, 6, 7, 1, None),
    (FIRST, "B", 1, 7, 8, 1, None),
    (SECOND, "U", 1, 7, 9, 1, 2),
    (FIRST, "U", 1, 8, 10, 1, 2),
    (SECOND, "F", 2, 9, 10, 2, None),
    (SECOND, "B", 2, 10, 11, 2, None),
    (FIRST, "B", 2, 11, 12, 2, None),
    (SECOND, "U", 2, 11, 13, 2, 3),
    (FIRST, "U", 2, 12, 14, 2, 3),
]


def save_run(folder: Path, text: str = SCENARIO, **overrides: object) -> Path:
    """Simulate `text` and write its run folder."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    file = folder.with_suffix(".yaml")
    file.write_text(text, encoding="utf-8")
    return simulate(load(file, overrides).scenario, train=False).save(folder)


def rows_of(ops: list[dict[str, object]]) -> list[tuple[object, ...]]:
    """Rows of an op log in the form of LOG."""
    keys = ("tile", "op", "micro_batch", "start", "end", "version_read", "version_written")
    return [tuple(row[key] for key in keys) for row in ops]
