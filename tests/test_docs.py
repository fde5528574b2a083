"""The documents say what the code says: pictures, keys, commands and links are compared, not trusted."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from aimcsim.pipeline.schedules.registry import SCHEDULES
from aimcsim.pipeline.schedules.table import Table
from aimcsim.scenario import (
    algorithm_spec,
    data_spec,
    device_spec,
    hardware_spec,
    io_spec,
    mapping_spec,
    model_spec,
    pipeline_spec,
    placement_spec,
    pulse_spec,
    training_spec,
)
from aimcsim.scenario import spec as root_spec
from aimcsim.shipped import shipped_sweeps
from aimcsim.trace.run_folder import CONVERGENCE_PICTURES, TIMELINE_PICTURES

TOP = Path(__file__).parents[1]
DOCUMENTS = sorted([TOP / "README.md", *(TOP / "docs").rglob("*.md")])
HARDWARE_MODULES = (hardware_spec, device_spec, io_spec, pulse_spec, mapping_spec, placement_spec)
SPEC_MODULES = (root_spec, model_spec, data_spec, *HARDWARE_MODULES, pipeline_spec, training_spec, algorithm_spec)


def documented_keys() -> list[tuple[str, str]]:
    """Every key of every part of a scenario, with the part it belongs to."""
    parts = [
        part
        for module in SPEC_MODULES
        for part in vars(module).values()
        if isinstance(part, type) and issubclass(part, BaseModel) and part.__module__ == module.__name__
    ]
    return sorted({(part.__name__, key) for part in parts for key in part.model_fields})


@pytest.mark.parametrize("schedule", [*SCHEDULES.values(), Table], ids=lambda schedule: schedule.name)
def test_the_page_of_schedules_shows_every_schedules_own_docstring(schedule: type) -> None:
    assert inspect.cleandoc(schedule.__doc__ or "") in (TOP / "docs/schedules.md").read_text(encoding="utf-8")


def test_every_key_of_a_scenario_is_explained() -> None:
    text = (TOP / "docs/scenario.md").read_text(encoding="utf-8")
    missing = [f"{part}.{key}" for part, key in documented_keys() if not re.search(rf"[`.{{ ]{key}[`:,}}]", text)]
    assert missing == []


def test_the_readme_holds_one_run_and_one_test_command_between_the_markers_that_ci_reads() -> None:
    text = (TOP / "README.md").read_text(encoding="utf-8")
    commands = {
        marker: re.findall(rf"<!-- {marker} -->\n```sh\n(.*?)\n```\n<!-- end -->", text, re.DOTALL)
        for marker in ("run", "test")
    }
    assert [len(found) for found in commands.values()] == [1, 1]
    assert commands["run"][0].endswith("aimcsim run quickstart")
    assert commands["test"][0].endswith("pytest")
    assert all(len(found[0].splitlines()) == 1 for found in commands.values())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]*)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
    assert [target for target in targets if target and not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_in_the_documents_name_scenarios_that_exist(document: Path) -> None:
    shipped = {path.stem for path in (TOP / "scenarios").glob("*.yaml")}
    named = re.findall(r"aimcsim (?:run|compare) ([a-z0-9-]+)", document.read_text(encoding="utf-8"))
    assert set(named) <= shipped


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_in_the_documents_name_sweeps_that_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    named = re.findall(r"aimcsim (?:sweep|search) ([a-z][a-z0-9-]*)(?![a-z0-9.-])", text)
    assert set(named) <= set(shipped_sweeps())


def test_every_shipped_reproduction_has_its_section_and_its_picture() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in (TOP / "docs/reproductions").glob("*.md"))
    for file in (TOP / "scenarios/reproductions").glob("*.yaml"):
        assert f"\n    aimcsim sweep {file.stem}\n" in pages
        assert f"](images/{file.stem}.png)" in pages


def test_the_readmes_pictures_are_what_the_command_beside_them_draws() -> None:
    text = (TOP / "README.md").read_text(encoding="utf-8")
    assert re.search(r"^aimcsim compare digits-sync digits-async --out runs/sync-async$", text, re.MULTILINE)
    pictures = [TOP / target for target in re.findall(r"!\[[^]]+\]\(([^)]+)\)", text)]
    assert [picture.name for picture in pictures] == [TIMELINE_PICTURES[0], CONVERGENCE_PICTURES[0]]
    for picture in pictures:
        assert f"`{picture.name}`" in text
        content = picture.read_bytes()
        assert content.startswith(b"\x89PNG")
        assert len(content) < 250_000
