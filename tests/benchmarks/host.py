"""What a benchmark ran on, printed above its figures."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path


def describe_host() -> str:
    """Processor, cores and versions in one line."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        cpu = names[0] if names else cpu
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "simpy", "pyarrow"))
    return f"{cpu}, {os.cpu_count()} cores, Python {platform.python_version()}, {packages}"
