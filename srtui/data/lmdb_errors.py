"""What LMDB says when a write fails → what the user is told."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import lmdb

from srtui.errors import NO_ROOM, DiskFullError, SrtuiError

_LITTLE = 64 << 20
"""Bytes of free space below which a failed write is taken for a full disk."""


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn LMDB's errors about the store at ``path`` into ours: a full disk, a map that was too small, the rest."""
    try:
        yield
    except lmdb.MapFullError:
        hint = "this is a defect of srtui: please report it"
        raise SrtuiError(str(path), "the room that was computed for the store is too small", hint=hint) from None
    except lmdb.Error as error:
        if isinstance(error, lmdb.DiskError) or _tells_of_no_room(str(error), path):
            hint = "free some room, then give the same command again: what was committed is kept"
            raise DiskFullError(str(path), f"no room left on the disk ({error})", hint=hint) from None
        raise SrtuiError(str(path), f"not readable or writable as a store ({error})") from None


def _tells_of_no_room(text: str, path: Path) -> bool:
    """A write that fits in part only is EIO to LMDB ("short write, filesystem full?", mdb_page_flush)."""
    if any(os.strerror(code) in text for code in NO_ROOM):
        return True
    return os.strerror(errno.EIO) in text and shutil.disk_usage(path.parent).free < _LITTLE
