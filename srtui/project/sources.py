"""Adding clean pictures to a project: folders, LMDBs of BasicSR, videos."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable
from pathlib import Path

from srtui.config.project import Folder, Lmdb, Project, Source, Video


def with_sources(project: Project | None, folder: Path, sources: Iterable[Path], validation: Path | None) -> Project:
    """Project with these sources (added to those it has), written relative where they lie inside it."""
    settings = project or Project()
    added = tuple(_source(path, folder) for path in sources)
    kept = tuple(source for source in added if source not in settings.sources)
    settings = dataclasses.replace(settings, sources=(*settings.sources, *kept))
    if validation is not None:
        settings = dataclasses.replace(settings, validation_sources=(_source(validation, folder),))
    return settings


def _source(path: Path, folder: Path) -> Source:
    """What a path is: a file is a video, a folder an LMDB if it looks like one."""
    text = _written(path, folder)
    if path.is_file():
        return Video(video=text)
    is_lmdb = (path / "data.mdb").is_file() and (path / "meta_info.txt").is_file()
    return Lmdb(lmdb=text) if is_lmdb else Folder(folder=text)


def _written(path: Path, folder: Path) -> str:
    inside = os.path.relpath(path.resolve(), folder.resolve())
    return str(path.resolve()) if inside.startswith("..") else inside
