"""`python -m aimcsim`: the command line."""

from __future__ import annotations

from aimcsim.cli import main

main()
