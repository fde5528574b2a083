"""Data sets that are read from files: which files those are on this machine, and what they say without being loaded."""

from __future__ import annotations

from pathlib import Path

from aimcsim.data import cifar, image_sets
from aimcsim.data.folders import Source, files_at_hand
from aimcsim.data.shapes import shape_of
from aimcsim.scenario.data_spec import DataSpec

SOURCES: dict[str, Source] = {**image_sets.SOURCES, **{name: each.source for name, each in cifar.SETS.items()}}


def files_of(spec: DataSpec) -> list[Path]:
    """The files that the set is read from; empty where it needs none, and where they are not on this machine."""
    source = SOURCES.get(spec.name)
    return [] if source is None else files_at_hand(spec.name, source, spec.root) or []


def nominal_epoch(spec: DataSpec) -> int | None:
    """Size of the training set without loading it, so that epochs can be counted in a check or a timing-only run.

    None for `none`, and where it is whatever one asks for. Raises DataBroken for files that are no such set.
    """
    if spec.train is not None:
        return spec.train
    # The files may hold another number than the published one; their first bytes, or their length, say so.
    if files := files_of(spec):
        records = spec.name in cifar.SETS
        return cifar.training_records(spec.name, files) if records else image_sets.training_images(files)
    shape = shape_of(spec)
    return None if shape is None else shape.train
