"""What LMDB says when a write fails → what the user is told."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import lmdb

from srtui.errors import NO_ROOM, DiskFullError, SrtuiError

_BATCH = 64 << 20
"""Bytes that must fit on a disk that is not full."""


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn LMDB's errors about the store at ``path`` into ours: a full disk, a map that was too small, the rest."""
    try:
        yield
    except lmdb.MapFullError:
        hint = "this is a defect of srtui: please report it"
        raise SrtuiError(str(path), "the room that was computed for the store is too small", hint=hint) from None
    except lmdb.Error as error:
        if _tells_of_no_room(str(error), path):
            hint = "free some room, then give the same command again: what was committed is kept"
            raise DiskFullError(str(path), f"no room left on the disk ({error})", hint=hint) from None
        hint = "if it is damaged, copy it again, or make it anew"
        raise SrtuiError(str(path), f"cannot be read or written as a store ({error})", hint=hint) from None


def check_whole(env: lmdb.Environment, file: Path, hint: str) -> None:
    """Raise SrtuiError if the file is shorter than LMDB's pages: reading what is mapped but not there is SIGBUS."""
    whole, there = (env.info()["last_pgno"] + 1) * env.stat()["psize"], file.stat().st_size
    if there < whole:
        raise SrtuiError(str(file), f"truncated: {there} bytes of {whole}", hint=hint)


def _tells_of_no_room(text: str, path: Path) -> bool:
    if any(os.strerror(code) in text for code in NO_ROOM):
        return True
    # A write of which only a part fits is an I/O error to LMDB ("short write, filesystem full?" in mdb_page_flush).
    return os.strerror(errno.EIO) in text and not _has_room(path)


def _has_room(path: Path) -> bool:
    """Whether the next batch would fit behind what the file holds."""
    with tempfile.TemporaryFile(dir=path.parent) as probe:
        try:
            os.posix_fallocate(probe.fileno(), path.stat().st_size, _BATCH)
        except OSError as error:
            return error.errno not in NO_ROOM
    return True
