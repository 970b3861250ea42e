"""What a job says that it made, and what it refused: from the end of its events, read once as long as they stay."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from srtui.jobs.events import said
from srtui.jobs.folder import JobFolder

TAIL = 1 << 18
"""Bytes from the end that are read: the last two thousand refusals, and the result behind them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a job told in the end."""

    result: dict[str, Any] = field(default_factory=dict)
    rejected: tuple[tuple[str, str], ...] = ()
    """Name and reason, newest last."""


def told_by(job: JobFolder) -> Told:
    """What stands in the events up to now."""
    try:
        status = job.events.stat()
    except OSError:
        return Told()
    return _told(job.events, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=32)
def _told(path: Path, size: int, _modified: int) -> Told:
    try:
        with path.open("rb") as file:
            file.seek(max(size - TAIL, 0))
            lines = file.read(TAIL).splitlines()
    except OSError:
        return Told()
    result: dict[str, Any] = {}
    rejected: list[tuple[str, str]] = []
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:  # the first line is cut, the last may not be whole yet
            continue
        if not isinstance(event, dict):
            continue
        if event.get("kind") == "rejected":
            rejected.append((str(event.get("name", "")), str(event.get("reason", ""))))
        elif event.get("kind") == "result":
            result = said(event)
    return Told(result=result, rejected=tuple(rejected))
