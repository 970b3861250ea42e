"""Where the scan of a tape is kept, and which tapes a request means."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srtui.errors import UsageError

SUFFIXES = frozenset(
    {".dv", ".dif", ".avi", ".mov", ".mp4", ".m4v", ".mkv", ".webm", ".mpg", ".mpeg", ".m2v", ".vob", ".ts", ".m2ts"}
    | {".mts", ".m2t", ".mxf", ".wmv", ".asf", ".flv", ".ogv", ".3gp", ".y4m", ".nut"}
)
"""How files are called that are taken for tapes when a folder is given; a file that is named itself is always tried."""
VERSION = 2
"""Format of scan.json; a scan of another one is made anew."""
SCAN = "scan.json"
FRAMES = "frames.csv"
SEGMENTS = "segments.jsonl"


@dataclass(frozen=True, slots=True)
class Place:
    """Folder that holds what was found of one tape."""

    folder: Path

    @property
    def scan(self) -> Path:
        """The summary; a scan without it is unfinished."""
        return self.folder / SCAN

    @property
    def frames(self) -> Path:
        """One line for each picture."""
        return self.folder / FRAMES

    @property
    def segments(self) -> Path:
        """What is done of a scan that is under way."""
        return self.folder / SEGMENTS


def identity(tape: Path) -> dict[str, Any]:
    """What a scan belongs to: path, size in bytes and time of modification in nanoseconds.

    Raises
    ------
    UsageError
        If there is no such file.
    """
    try:
        status = tape.stat()
    except OSError as error:
        raise UsageError(str(tape), error.strerror or "cannot be read", hint="check the path") from None
    return {"path": str(tape), "bytes": status.st_size, "modified": status.st_mtime_ns}


def place_of(tape: Path, scans: Path) -> Place:
    """Folder of a tape's scan below ``scans``: its name and a digest of its whole path, as names repeat."""
    digest = hashlib.blake2b(os.fsencode(tape), digest_size=4).hexdigest()
    return Place(scans / f"{_short(tape.stem)}-{digest}")


def find_tapes(given: Path) -> Iterator[Path]:
    """The file itself; of a folder every file below it that is called like a video, by name.

    Raises
    ------
    UsageError
        If it does not exist.
    """
    if not given.exists():
        raise UsageError(str(given), "no such file or folder", hint="check the path")
    if not given.is_dir():
        yield given
        return
    for folder, folders, names in os.walk(given):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if Path(name).suffix.lower() in SUFFIXES and not name.startswith("."):
                yield Path(folder) / name


def shown_name(path: Path) -> str:
    """Path as text that can be printed and written; bytes that are not UTF-8 are escaped."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _short(name: str) -> str:
    """A name that leaves room for what is put behind it: file names end at 255 bytes."""
    return name.encode("utf-8", "replace")[:120].decode("utf-8", "ignore").strip() or "tape"
