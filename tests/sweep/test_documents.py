"""docs/sweeps.md says what the code says, and its sweep file is one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aimcsim.shipped import shipped_sweeps
from aimcsim.sweep.points import sweep_points
from aimcsim.sweep.reading import read_search, read_sweep
from aimcsim.sweep.spec import PlotSpec, SearchSpec, SweepSpec

TEXT = (Path(__file__).parents[2] / "docs" / "sweeps.md").read_text(encoding="utf-8")
FILES = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("spec", [SweepSpec, SearchSpec, PlotSpec])
def test_every_key_stands_in_a_table_with_its_description(spec: type[SweepSpec | SearchSpec | PlotSpec]) -> None:
    for key, field in spec.model_fields.items():
        rows = [line for line in TEXT.splitlines() if re.match(rf"\| (`\w+`, )?`{key}`(, `\w+`)? \|", line)]
        assert rows, key
        if field.description is not None and spec is not SearchSpec:
            assert any(field.description in row for row in rows), key


def test_the_examples_are_good_and_have_the_points_that_the_page_says(tmp_path: Path) -> None:
    sweep, search = FILES
    (tmp_path / "sweep.yaml").write_text(sweep)
    (tmp_path / "search.yaml").write_text(search)
    assert len(sweep_points(read_sweep(str(tmp_path / "sweep.yaml")))) == 90
    assert "That is 2 × 3 × 3 × 5 = 90 points." in TEXT
    assert read_search(str(tmp_path / "search.yaml")).spec.trials == 100


def test_commands_name_shipped_studies() -> None:
    named = set(re.findall(r"aimcsim (?:sweep|search) ([a-z0-9-]+)(?=\s)", TEXT)) - {"--status"}
    assert named
    assert named <= shipped_sweeps().keys()
