"""What of the environment is finished: a record per phase, compared with what is wanted now, without any probing."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

# Raise it when a phase does something new that finished environments lack.
VERSION = 1

PHASES = ("environment", "torch", "project", "pair", "kernels")

# The tables of pyproject.toml that decide what is installed and how; ruff's or pytest's settings do not.
_TABLES = re.compile(r"^\[(build-system|project[^\]]*|tool\.hatch[^\]]*)\]")

Record = dict[str, Any]  # parsed JSON; a record that does not look as expected counts as not finished


class Layout:
    """Where everything lies, below the checkout's folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.venv = root / ".venv"
        self.python = self.venv / "bin" / "python"
        self.srtui = self.venv / "bin" / "srtui"
        self.folder = self.venv / ".start"
        self.record = self.folder / "state.json"
        self.lock = self.folder / "lock"
        self.wheels = self.folder / "wheels"
        self.constraints = self.folder / "constraints.txt"

    def log(self, phase: str) -> Path:
        """The full output of a phase's last run."""
        return self.folder / f"{phase}.log"

    def packages(self) -> Path:
        """The environment's site-packages folder."""
        return next(iter(self.venv.glob("lib/python3*/site-packages")), self.venv / "lib")


def load(layout: Layout) -> Record:
    """The record, empty when there is none or it is unreadable or of another version."""
    try:
        record = json.loads(layout.record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) and record.get("version") == VERSION else {}


def save(layout: Layout, record: Record) -> None:
    """Write the record whole or not at all."""
    layout.folder.mkdir(parents=True, exist_ok=True)
    fresh = layout.record.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(record | {"version": VERSION}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(layout.record)


def keys(layout: Layout, record: Record) -> dict[str, str]:
    """What each phase's record must say to count as finished; each key contains the ones before it."""
    environment = os.path.realpath(layout.python) if layout.python.exists() else "absent"
    override = os.environ.get("SRTUI_TORCH_INDEX") or record.get("override", "")
    torch = _digest(environment, _text(layout.root / "profiles" / "torch_builds.json"), override)
    project = _digest(torch, *_installation(_text(layout.root / "pyproject.toml")))
    sources = sorted((layout.root / "kernels" / "srtui_kernels").rglob("*.py"))
    kernels = _digest(project, *(f"{source.name}\n{_text(source)}" for source in sources))
    return {"environment": environment, "torch": torch, "project": project, "pair": project, "kernels": kernels}


def unfinished(layout: Layout, extras: frozenset[str]) -> list[str]:
    """The phases that are still to do, in order; empty when everything is as wanted."""
    record = load(layout)
    wanted = keys(layout, record)
    open_phases = [phase for phase in PHASES if record.get(phase) != wanted[phase]]
    if "environment" in open_phases:
        return list(PHASES)
    if "project" not in open_phases and not (extras <= set(record.get("extras", ())) and layout.srtui.exists()):
        open_phases.append("project")
    return sorted(open_phases, key=PHASES.index)


def _installation(pyproject: str) -> Iterable[str]:
    """The lines of pyproject.toml that decide what is installed, comments and blank lines apart."""
    inside = False
    for line in pyproject.splitlines():
        if line.startswith("["):
            inside = bool(_TABLES.match(line))
        if inside and line.strip() and not line.lstrip().startswith("#"):
            yield line.strip()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _digest(*parts: str) -> str:
    state = hashlib.blake2b(str(VERSION).encode(), digest_size=12)
    for part in parts:
        state.update(b"\0" + part.encode("utf-8", "surrogateescape"))
    return state.hexdigest()
