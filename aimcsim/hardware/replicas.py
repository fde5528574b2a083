"""Layers whose arrays are there several times, to do the products of a micro-batch side by side."""

from __future__ import annotations

from collections.abc import Mapping

from aimcsim.errors import FieldError, FieldErrors
from aimcsim.hardware.arrays import ArraysPlan
from aimcsim.hardware.timing import Times
from aimcsim.network.graph import Network
from aimcsim.network.layers import Weighted

PATH = ("hardware", "placement", "replicas")


def check_replicas(replicas: Mapping[str, int], network: Network, times: Times, plan: ArraysPlan) -> None:
    """Raises FieldErrors for layers that can not have copies, and where copies would mean nothing."""
    errors = [
        FieldError((*PATH, name), what, copies)
        for name, copies in replicas.items()
        if (what := _why_not(network, name)) is not None
    ]
    if any(copies > 1 for copies in replicas.values()):
        if times.per_action:
            errors.append(FieldError(PATH, "copies share products and need times per MVM, not per action"))
        if len(plan.roles) > 1:
            errors.append(FieldError(PATH, "only algorithms with one array a shard may have copies"))
    if errors:
        raise FieldErrors(errors)


def _why_not(network: Network, name: str) -> str | None:
    layer = network.layers.get(name)
    if layer is None:
        return f"the model has no layer {name}"
    if not layer.is_array:
        return f"{name} has no matrix to copy"
    return f"{name} is digital, on no array" if isinstance(layer, Weighted) and layer.digital else None
