"""What lies in a folder: every file that could be a picture, and for the others why they are not."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from srtui.data.pictures import SUFFIXES

Stamp = tuple[int, int]
"""Size in bytes and time of modification in nanoseconds: what shows that a file has changed."""
Identity = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One picture of a source, as far as it is known without opening it."""

    name: str
    """Path below the source, with slashes; in escaped form if it cannot be decoded."""
    stamps: tuple[Stamp, ...] = ()
    """Of each file that the picture is read from."""
    reason: str = ""
    """Why it cannot be used; empty if nothing is known against it."""
    mismatch: str = ""
    """Why it is no pair: one is enough to doubt all, so that the job ends."""
    scene: str = ""
    """Pictures of one scene of a source stay on one side of the split."""
    address: str = ""
    """What its source needs, besides the name, to find it again."""


def walk(root: Path) -> Iterator[Found]:
    """Everything below ``root`` that is not hidden, in an order that depends on names only.

    Notes
    -----
    Links are followed, except to a folder that they lie in. One folder's names are in memory at a time.
    """
    return _walk(root, "", (_identity(root.stat()),))


def stamps_of(path: Path) -> tuple[Stamp, ...]:
    """Stamp of a file as it is now; empty if it is gone."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return (_stamp(status),)


def stem_of(name: str) -> str:
    """Name with its folders and without its suffix."""
    return str(PurePosixPath(name).with_suffix(""))


def _walk(folder: Path, prefix: str, above: tuple[Identity, ...]) -> Iterator[Found]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if not entry.name.startswith("."))
    except OSError as error:
        yield Found(name=_shown(prefix or str(folder)), reason=f"folder cannot be read: {error.strerror}")
        return
    for name in names:
        try:
            status = (folder / name).stat()
        except OSError as error:
            yield Found(name=_shown(prefix + name), reason=error.strerror or str(error))
            continue
        if not stat.S_ISDIR(status.st_mode):
            yield _file(prefix + name, status)
        elif _identity(status) in above:
            yield Found(name=_shown(prefix + name), reason="a link to a folder that it lies in")
        else:
            yield from _walk(folder / name, f"{prefix}{name}/", (*above, _identity(status)))


def _file(name: str, status: os.stat_result) -> Found:
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in SUFFIXES:
        return Found(
            name=_shown(name), reason=f"not called like a picture that is read here ({_shown(suffix) or 'no suffix'})"
        )
    if not stat.S_ISREG(status.st_mode):
        return Found(name=_shown(name), reason="not a file")
    if _shown(name) != name:
        return Found(name=_shown(name), stamps=(_stamp(status),), reason="its name is not UTF-8: rename it")
    return Found(name=name, stamps=(_stamp(status),))


def _shown(name: str) -> str:
    """Name as text that can be printed and written; undecodable bytes are escaped."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_size, status.st_mtime_ns


def _identity(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino
