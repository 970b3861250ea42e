"""Adding clean pictures to a project: folders, LMDBs of BasicSR, videos."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable
from pathlib import Path

from srtui.config.project import Folder, Lmdb, Project, Source, SyntheticPictures, Video


def with_sources(
    project: Project | None, folder: Path, sources: Iterable[Path], validation: Path | None, *, insist: bool = False
) -> Project:
    """Project with these sources (added to those it has), written relative where they lie inside it."""
    settings = project or Project()
    for path in sources:
        added = _source(path, folder, insist=insist)
        same = [source for source in settings.sources if _path(source) == _path(added)]
        kept = tuple(_insisting(source) if insist and source in same else source for source in settings.sources)
        settings = dataclasses.replace(settings, sources=kept if same else (*kept, added))
    if validation is not None:
        settings = dataclasses.replace(settings, validation_sources=(_source(validation, folder, insist=insist),))
    return settings


def _source(path: Path, folder: Path, *, insist: bool) -> Source:
    """What a path is: a file is a video, a folder an LMDB if it looks like one."""
    text = written(path, folder)
    if path.is_file():
        return Video(video=text, insist=insist)
    is_lmdb = (path / "data.mdb").is_file() and (path / "meta_info.txt").is_file()
    return Lmdb(lmdb=text, insist=insist) if is_lmdb else Folder(folder=text, insist=insist)


def _path(source: Source) -> str | None:
    return next((getattr(source, name) for name in ("folder", "lmdb", "video") if hasattr(source, name)), None)


def _insisting(source: Source) -> Source:
    assert not isinstance(source, SyntheticPictures)  # they have no path
    return dataclasses.replace(source, insist=True)


def written(path: Path, folder: Path) -> str:
    """How project.yml in ``folder`` names a path: relative where it lies inside."""
    inside = os.path.relpath(path.resolve(), folder.resolve())
    return str(path.resolve()) if inside.startswith("..") else inside
