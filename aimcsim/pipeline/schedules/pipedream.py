"""PipeDream: asynchronous 1F1B with weight stashing; digital only."""

from __future__ import annotations

from aimcsim.pipeline.schedules.asynchronous import Asynchronous


class PipeDream(Asynchronous):
    """The order of `async`, but a backward uses the stashed weights of its own forward (Narayanan et al., SOSP 2019).

    Uneven stages: period max(tf+tb+tu). Staleness M-m in forward and backward alike; M-m+1 weight copies.

    PICTURE
    """

    name = "pipedream"
    summary = "digital reference: async with weight stashing (M-m+1 copies)"
    weights = "stash"
