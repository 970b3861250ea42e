"""Frames of a project's tapes that are looked at while its network is trained: where they are, and which there are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from srtui.config.requests import TapeFrames
from srtui.project.footage import SCANS, tapes_of
from srtui.project.tapes import place_of

if TYPE_CHECKING:
    from srtui.project.folder import OpenProject

FOLDER = "footage-frames"
"""Folder of a project that holds them, a folder for each tape."""
TAPES = 4
"""Tapes that frames are taken of: a tape that is not scanned yet takes minutes."""


def wanted_frames(project: OpenProject) -> tuple[TapeFrames, ...]:
    """Tapes to take frames of: those that are scanned before those that are not, in the order of project.yml."""
    tapes = sorted(tapes_of(project), key=lambda tape: tape.state != "scanned")
    there = [tape.path for tape in tapes if tape.state != "missing"][:TAPES]
    return tuple(TapeFrames(video=str(path), output=str(_folder(project, path))) for path in there)


def frames_there(project: OpenProject) -> tuple[str, ...]:
    """The frames that were taken of the project's tapes."""
    folders = [_folder(project, project.path(each.video)) for each in project.settings.footage]
    return tuple(str(path) for folder in folders for path in sorted(folder.glob("*.png")))


def scans_folder(project: OpenProject) -> Path:
    """Where scans of the project's tapes are kept."""
    return project.folder / SCANS


def _folder(project: OpenProject, tape: Path) -> Path:
    return place_of(tape, project.folder / FOLDER).folder
