"""The progress bar: a bar on a terminal, two lines elsewhere, and nothing on the run's own path."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from aimcsim.cli.progress import simulate_with_progress
from aimcsim.loading import load
from tests.cli.command import DIGITS, write


def test_a_terminal_sees_a_bar_with_samples_cycle_and_loss(tmp_path: Path) -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=160, highlight=False, _environ={"TERM": "xterm"})
    result = simulate_with_progress(load(write(tmp_path, DIGITS)), True, console)
    assert result.summary["status"] == "completed"
    shown = screen.getvalue()
    assert "/96 samples" in shown
    assert "cycle " in shown
    assert "digits: completed, 96 samples, 52 cycles in " in shown
