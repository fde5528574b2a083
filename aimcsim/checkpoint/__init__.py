"""Checkpoints: a run on disk, from which another process goes on as if nothing had happened."""

from __future__ import annotations

from aimcsim.checkpoint.settings import Checkpoints, Interval, StopRequest

__all__ = ["Checkpoints", "Interval", "StopRequest"]
