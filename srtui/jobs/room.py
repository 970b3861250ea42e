"""What a job does when the disk is full: it waits, and says so; a little room is kept for saying it."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""Errors that pass when somebody makes room; a file-size limit (EFBIG) does not."""
RESERVED = 1 << 16
"""Bytes: status.json and exit.json, each written beside the old one, and some events."""


class Reserve:
    """A file in a job's folder that is given up when the disk is full, so that the job can still say how it stands."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def hold(self) -> None:
        """Take the room, if there is any; the bytes are written, for a hole takes none."""
        if self._path.exists():
            return
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                whole = os.write(descriptor, bytes(RESERVED)) == RESERVED
            finally:
                os.close(descriptor)
        except OSError:
            whole = False
        if not whole:
            self.give_up()

    def give_up(self) -> None:
        """Let others have it."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
