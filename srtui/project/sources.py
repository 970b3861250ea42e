"""Adding clean pictures to a project: folders, LMDBs of BasicSR, videos."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable
from pathlib import Path

from srtui.config import shipped
from srtui.config.project import Folder, Lmdb, Pairs, Project, Source, SyntheticPictures, Video
from srtui.config.shipped import Kind
from srtui.errors import UsageError
from srtui.project.tapes import SUFFIXES


def with_sources(
    project: Project | None, folder: Path, sources: Iterable[Path], validation: Path | None, *, insist: bool = False
) -> Project:
    """Project with these sources (added to those it has), written relative where they lie inside it.

    Raises
    ------
    UsageError
        If one of them is a file, and no video by its name.
    """
    settings = project or Project()
    for path in sources:
        added = _source(path, folder, insist=insist)
        same = [source for source in settings.sources if paths_of(source) == paths_of(added)]
        kept = tuple(_insisting(source) if insist and source in same else source for source in settings.sources)
        settings = dataclasses.replace(settings, sources=kept if same else (*kept, added))
    if validation is not None:
        settings = dataclasses.replace(settings, validation_sources=(_source(validation, folder, insist=insist),))
    return settings


def _source(path: Path, folder: Path, *, insist: bool) -> Source:
    """What a path is: a file is a video, a folder an LMDB if it looks like one."""
    if path.is_file() and path.suffix.lower() not in SUFFIXES:
        hint = "a source is a folder of pictures, an LMDB of BasicSR or a video: give the folder that it is in"
        raise UsageError(str(path), f"{path.suffix or 'no ending'} is no video's ending", hint=hint)
    text = written(path, folder)
    if path.is_file():
        return Video(video=text, insist=insist)
    is_lmdb = (path / "data.mdb").is_file() and (path / "meta_info.txt").is_file()
    return Lmdb(lmdb=text, insist=insist) if is_lmdb else Folder(folder=text, insist=insist)


def paths_of(source: Source) -> tuple[str, ...]:
    """What a source names, as project.yml has it: one path, two of pairs, none of generated pictures."""
    match source:
        case Folder():
            return (source.folder,)
        case Lmdb():
            return (source.lmdb,)
        case Video():
            return (source.video,)
        case Pairs():
            return (source.pairs.gt, source.pairs.lq)
        case SyntheticPictures():
            return ()


def _insisting(source: Source) -> Source:
    assert not isinstance(source, SyntheticPictures)  # they have no path
    return dataclasses.replace(source, insist=True)


def written(path: Path, folder: Path) -> str:
    """How project.yml in ``folder`` names a path: relative where it lies inside."""
    inside = os.path.relpath(path.resolve(), folder.resolve())
    return str(path.resolve()) if inside.startswith("..") else inside


def profile_name(given: str, kind: Kind, folder: Path) -> str:
    """How project.yml in ``folder`` calls a profile or degradation that a command names; a file may lie here."""
    is_file_here = given not in shipped.names(kind) and Path(given).is_file()
    return written(Path(given), folder) if is_file_here else given
