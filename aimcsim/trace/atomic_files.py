"""Files that are whole or not there at all: written in a hidden folder beside their place and then renamed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aimcsim.trace.run_folder import hidden_folder, remove_leftovers


@contextmanager
def staged_file(target: Path) -> Iterator[Path]:
    """Where to write what shall be `target`; what is written beside it goes along, each to the same name.

    Nothing is moved if the block fails. Raises OSError where the files can not be written or stand for folders.
    """
    remove_leftovers(target)
    staged = hidden_folder(target)
    try:
        yield staged / target.name
        for file in sorted(staged.iterdir()):
            place = target.with_name(file.name)
            if place.is_dir():
                raise IsADirectoryError(21, "a folder stands where a file shall be written", str(place))
        for file in sorted(staged.iterdir()):
            file.chmod(0o644)
            os.replace(file, target.with_name(file.name))
    finally:
        shutil.rmtree(staged, ignore_errors=True)
