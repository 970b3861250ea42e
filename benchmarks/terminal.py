"""How long the command line takes to answer, beside a bare Python that imports click."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from benchmarks.rows import Asked, Row, seconds

ROUNDS = 15


def rows(asked: Asked) -> list[Row]:
    """``srtui --help`` and the cheapest commands."""
    commands = {
        "srtui --help": [sys.executable, "-m", "srtui", "--help"],
        "srtui jobs": [sys.executable, "-m", "srtui", "jobs"],
        "srtui profiles": [sys.executable, "-m", "srtui", "profiles"],
    }
    commands = {name: command for name, command in commands.items() if asked.wants(name)}
    commands["bare"] = [sys.executable, "-c", "import click"]
    taken = seconds({name: _runner(command) for name, command in commands.items()}, rounds=asked.rounds or ROUNDS)
    bare = taken.pop("bare") * 1000
    return [
        Row(
            name=name, reference=bare, ours=ours * 1000, against="python + click", unit="ms", ratio=bare / (ours * 1000)
        )
        for name, ours in taken.items()
    ]


def _runner(command: list[str]) -> Callable[[], object]:
    return lambda: subprocess.run(command, capture_output=True, check=True)
