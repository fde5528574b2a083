"""`aimcsim list`: what a scenario may name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from aimcsim.cli.guard import guarded

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from rich.table import Table

    from aimcsim.scenario.base import Spec


class Kind(StrEnum):
    """What can be listed."""

    MODELS = "models"
    DEVICES = "devices"
    SCHEDULES = "schedules"
    ALGORITHMS = "algorithms"
    DATASETS = "datasets"
    HARDWARE = "hardware"
    SCENARIOS = "scenarios"
    SWEEPS = "sweeps"


def list_names(kind: Annotated[Kind, typer.Argument(metavar="KIND", help="What to list.")]) -> None:
    """List what a scenario may name."""
    with guarded():
        from aimcsim.cli.consoles import output_console

        output_console().print(_TABLES[kind]())


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Table:
    from rich import box
    from rich.table import Table

    from aimcsim.errors import harmless

    table = Table(*heads, box=box.SIMPLE_HEAD)
    for column in table.columns:
        column.overflow = "fold"
    for row in rows:
        table.add_row(*(harmless(cell, 1024) for cell in row))
    return table


def _models() -> Table:
    from aimcsim.shipped import shipped_models

    return _table(("model", "about", "file"), _files(shipped_models()))


def _scenarios() -> Table:
    from aimcsim.shipped import shipped_scenarios

    return _table(("scenario", "about", "file"), _files(shipped_scenarios()))


def _sweeps() -> Table:
    from aimcsim.shipped import shipped_sweeps

    return _table(("sweep or search", "about", "file"), _files(shipped_sweeps()))


def _files(found: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name, path in found.items():
        yield name, _first_sentence(path.read_text(encoding="utf-8")), str(path)


def _first_sentence(text: str) -> str:
    """The sentence that a shipped file opens with, in a comment."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# "))
    return re.split(r"(?<=\.)\s", " ".join(lines), maxsplit=1)[0]


def _devices() -> Table:
    from aimcsim.scenario.device_presets import PRESETS
    from aimcsim.scenario.device_spec import DEVICES, PulsedDevice

    def rows() -> Iterator[tuple[str, str, str]]:
        yield "(every pulsed device)", "What all but ideal and one-sided share.", _defaults(PulsedDevice.model_fields)
        shared = PulsedDevice.model_fields.keys()
        for spec in DEVICES:
            own = {key: field for key, field in spec.model_fields.items() if key not in shared | {"name"}}
            yield *_spec(spec)[:2], _defaults(own)
        for preset in PRESETS.values():
            about = f"{preset.about}; {preset.states:.4g} states; {preset.source}"
            yield preset.name, about, ", ".join(f"{key} {_written(value)}" for key, value in preset.parameters.items())

    return _table(("device", "about", "parameters and defaults"), rows())


def _algorithms() -> Table:
    from aimcsim.scenario.training_spec import AlgorithmSpec

    return _table(("algorithm", "about", "parameters and defaults"), _specs(AlgorithmSpec))


def _specs(union: Any) -> Iterator[tuple[str, str, str]]:
    members: tuple[type[Spec], ...] = get_args(get_args(union)[0])
    yield from map(_spec, members)


def _spec(spec: type[Spec]) -> tuple[str, str, str]:
    """Name, first line of the docstring, and parameters with their defaults."""
    fields = dict(spec.model_fields)
    (name,) = get_args(fields.pop("name").annotation)
    return name, _first_line(spec.__doc__), _defaults(fields)


def _defaults(fields: dict[str, FieldInfo]) -> str:
    """Keys with their defaults, in a line."""
    return ", ".join(
        f"{key} {'required' if each.is_required() else _written(each.default)}" for key, each in fields.items()
    )


def _written(value: Any) -> str:
    """A value as YAML writes it."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _first_line(doc: str | None) -> str:
    return (doc or "").strip().partition("\n")[0]


def _schedules() -> Table:
    from aimcsim.pipeline.schedules.registry import SCHEDULES
    from aimcsim.pipeline.schedules.table import Table as TableSchedule

    rows = [(name, schedule.summary, ", ".join(sorted(schedule.uses))) for name, schedule in SCHEDULES.items()]
    rows.append(("FILE.csv", TableSchedule.summary, ", ".join(sorted(TableSchedule.uses))))
    return _table(("schedule", "about", "pipeline keys it uses"), rows)


def _datasets() -> Table:
    from aimcsim.data.shapes import shape_of
    from aimcsim.scenario.data_spec import DataSpec

    def rows() -> Iterator[tuple[str, ...]]:
        for name in get_args(DataSpec.model_fields["name"].annotation):
            shape = shape_of(DataSpec(name=name))
            if shape is None:
                yield name, "–", "–", "–", "–"
                continue
            targets = f"{shape.classes} classes" if shape.classes is not None else f"a vector of {shape.outputs}"
            counts = ("any" if count is None else str(count) for count in (shape.train, shape.test))
            yield name, " x ".join(map(str, shape.input)), targets, *counts

    return _table(("dataset", "sample", "target", "train", "test"), rows())


def _hardware() -> Table:
    from aimcsim.hardware.presets import PRESETS

    def rows() -> Iterator[tuple[str, ...]]:
        for preset in PRESETS.values():
            yield preset.name, "", "", preset.about
            for part, figures in (("", preset.figures), ("energy.", preset.energy), ("area.", preset.area)):
                for name, figure in figures.items():
                    yield "", part + name, f"{figure.value} {figure.unit}", figure.origin

    return _table(("preset", "figure", "value", "source"), rows())


_TABLES = {
    Kind.MODELS: _models,
    Kind.DEVICES: _devices,
    Kind.SCHEDULES: _schedules,
    Kind.ALGORITHMS: _algorithms,
    Kind.DATASETS: _datasets,
    Kind.HARDWARE: _hardware,
    Kind.SCENARIOS: _scenarios,
    Kind.SWEEPS: _sweeps,
}
