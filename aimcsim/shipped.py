"""The models and scenarios that come with aimcsim."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from aimcsim.errors import Problem, ScenarioError

_PACKAGE = Path(__file__).resolve().parent


def shipped_root() -> Path | None:
    """The folder that holds `models` and `scenarios`: in the package of a wheel, else the top of the checkout."""
    inside = _PACKAGE / "shipped_files"
    if inside.is_dir():
        return inside
    for folder in _PACKAGE.parents:
        if (folder / "pyproject.toml").is_file() and (folder / "scenarios").is_dir():
            return folder
    return None


def shipped_models(root: Path | None = None) -> dict[str, Path]:
    """Name to file of each shipped model, by name."""
    return _files("models", root)


def shipped_scenarios(root: Path | None = None) -> dict[str, Path]:
    """Name to file of each shipped scenario, by name."""
    return _files("scenarios", root)


def shipped_sweeps(root: Path | None = None) -> dict[str, Path]:
    """Name to file of each shipped sweep and search, by name; those of published experiments after the others."""
    return _files("scenarios/sweeps", root) | _files("scenarios/reproductions", root)


def _files(kind: str, root: Path | None) -> dict[str, Path]:
    root = root or shipped_root()
    return {} if root is None else {file.stem: file for file in sorted((root / kind).glob("*.yaml"))}


def find_scenario(text: str, root: Path | None = None) -> Path:
    """The scenario file that `text` means: a file, or the name of a shipped one, with or without `.yaml`.

    Raises ScenarioError, with the names that come close.
    """
    return _find(text, shipped_scenarios(root), "a scenario")


def find_sweep(text: str, root: Path | None = None) -> Path:
    """As `find_scenario`, of sweeps and searches."""
    return _find(text, shipped_sweeps(root), "a sweep or search")


def _find(text: str, shipped: dict[str, Path], what: str) -> Path:
    if os.path.lexists(text):
        return Path(text)
    name = text.removesuffix(".yaml")
    if name in shipped:
        return shipped[name]
    close = difflib.get_close_matches(name, list(shipped))
    hint = f"; did you mean {' or '.join(close)}?" if close else ""
    raise ScenarioError([Problem(text, 1, 1, "", f"no such file, nor {what} that comes with aimcsim{hint}")])
