"""The machine that figures come from, in one line."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import os
import platform
from pathlib import Path

_PEERS = ("numba", "numpy", "opencv-python-headless", "Pillow", "simplejpeg", "isal")


def machine(command: str) -> str:
    """Name the processor, what is installed, the date and the command."""
    installed = ", ".join(f"{name} {_version(name)}" for name in _PEERS)
    today = dt.datetime.now(tz=dt.timezone.utc).date()
    python = f"{platform.system()}, Python {platform.python_version()}"
    return f"{processor()}, {os.cpu_count()} cores, {python}, {installed}; {today}; `{command}`"


def processor() -> str:
    """Return the processor's name, with its family and model where the name alone says little."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts = dict(part for part in (tuple(map(str.strip, line.partition(":")[::2])) for line in lines) if len(part) == 2)
    family = f" (family {facts.get('cpu family', '?')}, model {facts.get('model', '?')})"
    return facts.get("model name", platform.machine()) + (family if "cpu family" in facts else "")


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "absent"
