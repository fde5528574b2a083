"""Finding the files of a published data set on this machine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aimcsim.errors import DataMissing

#: Folder that holds data sets, for those who do not name one in the scenario.
ENVIRONMENT = "AIMCSIM_DATA"


@dataclass(frozen=True)
class Source:
    """Where a set usually is: `layouts` under a folder that the user names, `system` folders; `how_to_get` it.

    `files`: the spellings in use of the name of each of its files, preferred first; `format` names them all.
    """

    layouts: tuple[str, ...]
    system: tuple[str, ...]
    how_to_get: str
    files: tuple[tuple[str, ...], ...]
    format: str


def folders_of(source: Source, root: str | None) -> list[Path]:
    """Where the set is looked for, in order: under `root` alone where given, else $AIMCSIM_DATA, then the system."""
    if root is not None:
        return _layouts(Path(root), source)
    base = os.environ.get(ENVIRONMENT)
    return [*(_layouts(Path(base), source) if base else []), *(Path(folder) for folder in source.system)]


def find_files(name: str, source: Source, root: str | None) -> tuple[Path, list[Path]]:
    """The first folder that holds all files of the set `name`, and the files. Raises `DataMissing`."""
    folders = folders_of(source, root)
    lacking = []
    for folder in folders:
        files = [_file(folder, spellings) for spellings in source.files]
        found = [file for file in files if file is not None]
        if len(found) == len(files):
            return folder, found
        if found:
            missing = [spellings[0] for spellings, file in zip(source.files, files, strict=True) if file is None]
            lacking.append(f"{folder} lacks {', '.join(missing)}.")
    looked = ", ".join(str(folder) for folder in folders)
    raise DataMissing(
        " ".join(
            [
                f"{name} is not on this machine; looked in {looked}." if folders else f"{name} is not on this machine.",
                *lacking,
                f"To get it: {source.how_to_get}; or name the folder of its {source.format} files with data.root "
                f"or {ENVIRONMENT}.",
            ]
        )
    )


def files_at_hand(name: str, source: Source, root: str | None) -> list[Path] | None:
    """The files of the set `name`, None where they are not on this machine."""
    try:
        return find_files(name, source, root)[1]
    except DataMissing:
        return None


def _layouts(base: Path, source: Source) -> list[Path]:
    return [base.expanduser() / layout for layout in source.layouts]


def _file(folder: Path, spellings: Sequence[str]) -> Path | None:
    return next((path for path in (folder / name for name in spellings) if path.is_file()), None)
