"""Adding clean pictures to a project: folders, LMDBs of BasicSR, videos."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable
from pathlib import Path

from srtui.config.project import Folder, Lmdb, Project, Source, Video


def with_sources(
    project: Project | None, folder: Path, sources: Iterable[Path], validation: Path | None, *, insist: bool = False
) -> Project:
    """Project with these sources (added to those it has), written relative where they lie inside it."""
    settings = project or Project()
    for path in sources:
        added = _source(path, folder, insist=insist)
        same = _source(path, folder, insist=not insist)
        kept = tuple(added if source == same and insist else source for source in settings.sources)
        if added not in kept and same not in kept:
            kept = (*kept, added)
        settings = dataclasses.replace(settings, sources=kept)
    if validation is not None:
        settings = dataclasses.replace(settings, validation_sources=(_source(validation, folder, insist=insist),))
    return settings


def _source(path: Path, folder: Path, *, insist: bool) -> Source:
    """What a path is: a file is a video, a folder an LMDB if it looks like one."""
    text = _written(path, folder)
    if path.is_file():
        return Video(video=text, insist=insist)
    is_lmdb = (path / "data.mdb").is_file() and (path / "meta_info.txt").is_file()
    return Lmdb(lmdb=text, insist=insist) if is_lmdb else Folder(folder=text, insist=insist)


def _written(path: Path, folder: Path) -> str:
    inside = os.path.relpath(path.resolve(), folder.resolve())
    return str(path.resolve()) if inside.startswith("..") else inside
