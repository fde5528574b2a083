"""Running the command line in tests: in this process, or in one of its own where signals or imports matter."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import aimcsim
from aimcsim.cli import app

#: Four equal stages without numbers; async takes 2·3 + 2·16 = 38 cycles for 16 micro-batches.
CHAIN = """\
name: chain
model: {chain: 4}
pipeline: {schedule: async, micro_batches: 4}
training: {samples: 16}
"""

#: The digits on three stages. 96 samples are 6 mini-batches of 4 micro-batches of 4 samples.
DIGITS = """\
name: digits
model:
  input: [64]
  layers:
    - {name: fc1, type: dense, outputs: 12}
    - {name: act1, type: tanh}
    - {name: fc2, type: dense, outputs: 12}
    - {name: act2, type: tanh}
    - {name: fc3, type: dense, outputs: 10}
data: {name: digits, train: 200, test: 50}
hardware: {device: ideal, io: {is_perfect: true}}
pipeline: {stages: 3, schedule: async, micro_batch: 4, micro_batches: 4}
training: {algorithm: digital-sgd, learning_rate: 0.5, reduction: sum, samples: 96, evaluate_every: 32}
"""

#: Takes minutes: to be stopped on the way.
ENDLESS = """\
name: endless
model: {chain: 4}
training: {samples: 100000000}
trace: {ops: none, fast_forward: never}
"""


def write(folder: Path, text: str, name: str = "s.yaml") -> str:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return str(file)


def aimcsim_(*arguments: str | Path) -> Any:
    """The command in this process; anything but an exit is a bug and shows as one."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def start(code: str, *arguments: str | Path, cwd: Path) -> subprocess.Popen[str]:
    """A process that runs `code` with this package and `arguments`; SIGINT interrupts it, whoever started the tests."""
    prelude = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    root = str(Path(aimcsim.__file__).parents[1])
    return subprocess.Popen(
        [sys.executable, "-c", prelude + code, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": root},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def never(*_: Any, **__: Any) -> Any:
    pytest.fail("this must not be called")
