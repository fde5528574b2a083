"""PipeDream: asynchronous 1F1B with weight stashing; digital only."""

from __future__ import annotations

from aimcsim.pipeline.schedules.asynchronous import Asynchronous


class PipeDream(Asynchronous):
    """The order of `async`, but a backward uses the stashed weights of its own forward (Narayanan et al., SOSP 2019).

    Uneven stages: period max(tf+tb+tu). Staleness M-m in forward and backward alike; M-m+1 weight copies.

    4 stages, 6 micro-batches; F, B and U take 1 cycle:

        stage 1  F0 F1 F2 F3 .  .  .  B0 U0 F4 B1 U1 F5 B2 U2 .  B3 U3 .  B4 U4 .  B5 U5
        stage 2  .  F0 F1 F2 .  .  B0 U0 F3 B1 U1 F4 B2 U2 F5 B3 U3 .  B4 U4 .  B5 U5 .
        stage 3  .  .  F0 F1 .  B0 U0 F2 B1 U1 F3 B2 U2 F4 B3 U3 F5 B4 U4 .  B5 U5 .  .
        stage 4  .  .  .  F0 B0 U0 F1 B1 U1 F2 B2 U2 F3 B3 U3 F4 B4 U4 F5 B5 U5 .  .  .
    """

    name = "pipedream"
    summary = "digital reference: async with weight stashing (M-m+1 copies)"
    weights = "stash"
