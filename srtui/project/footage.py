"""The tapes of a project: which there are, whether their scans are still true, and adding one."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from srtui.config.project import Footage, Project, Video
from srtui.errors import UsageError
from srtui.project.folder import OpenProject
from srtui.project.tapes import SUFFIXES, VERSION, identity, place_of

SCANS = "scans"
"""Folder of a project that holds its scans."""
LARGEST = 1 << 26
"""Bytes of a scan.json that are read at most; a thousand scenes, stretches and broken places are half a megabyte."""

TapeState = Literal["missing", "new", "stale", "scanned"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tape:
    """One tape of a project, and what is known of it."""

    written: str
    """As project.yml has it."""
    path: Path
    state: TapeState
    """stale: the file, or the format of scans, has changed since."""
    folder: Path
    """Where its scan is, or will be."""
    scan: dict[str, Any] | None = None
    """The content of scan.json, if it is still true."""


def tapes_of(project: OpenProject) -> tuple[Tape, ...]:
    """The tapes under ``footage``, in the order of project.yml."""
    return tuple(_tape(project, each.video) for each in project.settings.footage)


def _tape(project: OpenProject, written: str) -> Tape:
    path = project.path(written)
    place = place_of(path, project.folder / SCANS)
    try:
        now = identity(path)
    except UsageError:
        return Tape(written=written, path=path, state="missing", folder=place.folder)
    scan = read_scan(place.scan)
    true = scan is not None and scan.get("version") == VERSION and scan.get("tape") == now
    state: TapeState = "scanned" if true else "new" if scan is None else "stale"
    return Tape(written=written, path=path, state=state, folder=place.folder, scan=scan if true else None)


def read_scan(file: Path) -> dict[str, Any] | None:
    """What a scan found; None if there is none, or none that can be read. Unchanged files are read once."""
    try:
        status = file.stat()
    except OSError:
        return None
    return _read(file, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=32)
def _read(file: Path, _modified: int, size: int) -> dict[str, Any] | None:
    if size > LARGEST:
        return None
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def with_tape(project: OpenProject, path: Path) -> Project:
    """The settings with this tape under footage.

    Raises
    ------
    UsageError
        If there is no such file, or it is a source, or no video by its name.
    """
    from srtui.project.sources import written

    settings = project.settings
    if not path.is_file():
        fact = "is a folder: a tape is a video file" if path.is_dir() else "no such file"
        raise UsageError(str(path), fact, hint="type the path of a video file; → completes it")
    if path.suffix.lower() not in SUFFIXES:
        shown = ", ".join(sorted(SUFFIXES))
        raise UsageError(str(path), f"{path.suffix or 'no ending'} is no video's ending", hint=f"known: {shown}")
    if any(project.path(each.video) == path.resolve() for each in settings.footage):
        raise UsageError(str(path), "is among the tapes already", where=project.file)
    if _is_source(project, path.resolve()):
        hint = "a network learns to make what its sources are like: take it out of the sources first"
        raise UsageError(str(path), "is a source: clean video to learn from", where=project.file, hint=hint)
    added = Footage(video=written(path, project.folder))
    return dataclasses.replace(settings, footage=(*settings.footage, added))


def _is_source(project: OpenProject, path: Path) -> bool:
    settings = project.settings
    return any(
        isinstance(source, Video) and not source.insist and project.path(source.video) == path
        for source in (*settings.sources, *settings.validation_sources)
    )
