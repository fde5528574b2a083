"""Where a command may write its folder: found out before hours of simulation, not after."""

from __future__ import annotations

import os
from pathlib import Path

from aimcsim.errors import RunFolderError
from aimcsim.trace.run_folder import check_replaceable

#: Longest name (bytes) of a folder: the one written beside it has a longer name, and systems allow 255.
LONGEST_NAME = 200


def checked_target(out: Path) -> Path:
    """`out` as an absolute path. Raises RunFolderError where a folder can not be put there."""
    target = Path(os.path.abspath(out))
    check_name_and_place(target)
    check_replaceable(target)
    return target


def check_name_and_place(target: Path) -> None:
    """Raises RunFolderError where no folder can be made at `target`, an absolute path."""
    try:
        os.fspath(target).encode()
    except UnicodeEncodeError:
        raise RunFolderError(f"{target} is no UTF-8 text; give another --out") from None
    if len(os.fsencode(target.name)) > LONGEST_NAME:
        raise RunFolderError(f"a name of more than {LONGEST_NAME} bytes is too long: {target.name}")
    parent = target.parent
    while not os.path.lexists(parent):
        parent = parent.parent
    if not parent.is_dir():
        raise RunFolderError(f"{parent} is no folder; give another --out")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise RunFolderError(f"no permission to write into {parent}; give another --out")
