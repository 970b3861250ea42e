"""Adding clean pictures to a project."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable
from pathlib import Path

from srtui.config.project import Folder, Project


def with_sources(project: Project | None, folder: Path, sources: Iterable[Path], validation: Path | None) -> Project:
    """Project with these folders as sources (added to those it has), written relative where they lie inside it."""
    settings = project or Project()
    added = tuple(Folder(folder=_written(path, folder)) for path in sources)
    kept = tuple(source for source in added if source not in settings.sources)
    settings = dataclasses.replace(settings, sources=(*settings.sources, *kept))
    if validation is not None:
        only = (Folder(folder=_written(validation, folder)),)
        settings = dataclasses.replace(settings, validation_sources=only)
    return settings


def _written(path: Path, folder: Path) -> str:
    inside = os.path.relpath(path.resolve(), folder.resolve())
    return str(path.resolve()) if inside.startswith("..") else inside
