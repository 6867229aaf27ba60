"""The machine that a benchmark ran on, named above its table."""

import os
import platform
from pathlib import Path


def machine() -> str:
    """Return the CPU's name, the number of cores and Python's version, on one line."""
    cores = os.cpu_count()
    return f"{_cpu_name()}, {cores} core{'' if cores == 1 else 's'}, Python {platform.python_version()}"


def _cpu_name() -> str:
    listed = Path("/proc/cpuinfo")  # Linux; platform.processor() is empty there
    lines = listed.read_text("utf-8").splitlines() if listed.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
