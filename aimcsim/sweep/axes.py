"""From the axes of a sweep to the settings of its points."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aimcsim.scenario.marks import Draft, FieldPath, Marks
from aimcsim.scenario.overrides import Override
from aimcsim.sweep.spec import SweepSpec


@dataclass(frozen=True)
class Setting:
    """One value of one axis. `place` is where the value stands in the file, `key` where its path stands."""

    path: str
    value: Any
    place: FieldPath
    key: FieldPath

    def override(self, marks: Marks) -> Override:
        """The setting as a change of the base scenario, cited where it was written; `marks` are those of the file."""
        value, key = marks.value(self.place), marks.key(self.key)
        own = marks.part(self.place)
        own.add((), value, key)
        return Override(self.path, Draft(self.value, own).copy(), key)


def settings_of(spec: SweepSpec) -> Iterator[tuple[Setting, ...]]:
    """The settings of every point, the axes as in the file and the seed fastest."""
    for chosen in itertools.product(*groups(spec)):
        yield tuple(itertools.chain.from_iterable(chosen))


def groups(spec: SweepSpec) -> list[list[tuple[Setting, ...]]]:
    """One list for each thing that varies by itself; its members are what is set together."""
    found: list[list[tuple[Setting, ...]]] = []
    for path, values in spec.grid.items():
        place: FieldPath = ("grid", path)
        found.append([(Setting(path, value, (*place, n), place),) for n, value in enumerate(values)])
    for at, zipped in _zipped(spec):
        together = [
            [Setting(path, value, (*at, path, n), (*at, path)) for n, value in enumerate(values)]
            for path, values in zipped.items()
        ]
        found.append(list(zip(*together, strict=True)))
    if spec.points:
        found.append(
            [
                tuple(Setting(path, value, ("points", n, path), ("points", n, path)) for path, value in own.items())
                for n, own in enumerate(spec.points)
            ]
        )
    if spec.seeds is not None:
        found.append([(setting,) for setting in _seeds(spec.seeds)])
    return found


def _zipped(spec: SweepSpec) -> list[tuple[FieldPath, dict[str, list[Any]]]]:
    if isinstance(spec.zip, list):
        return [(("zip", number), zipped) for number, zipped in enumerate(spec.zip)]
    return [(("zip",), spec.zip)]


def _seeds(seeds: int | list[int]) -> list[Setting]:
    key: FieldPath = ("seeds",)
    if isinstance(seeds, int):
        return [Setting("seed", seed, key, key) for seed in range(seeds)]
    return [Setting("seed", seed, ("seeds", n), key) for n, seed in enumerate(seeds)]


def overrides_of(settings: Sequence[Setting], marks: Marks) -> list[Override]:
    """The settings of a point in the order in which they are applied: a whole part before what lies inside it."""
    return [each.override(marks) for each in sorted(settings, key=lambda each: each.path.count("."))]


def text_of(value: Any) -> str:
    """A setting in words: texts as they are, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def label(settings: dict[str, Any]) -> str:
    """The settings of a point in one line."""
    return ", ".join(f"{path}={text_of(value)}" for path, value in settings.items())
