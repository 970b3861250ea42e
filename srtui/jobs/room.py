"""What a job does when the disk is full: it waits, and says so; a little room is kept for saying it."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from io import StringIO
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


def log(text: str) -> None:
    """Print into log.txt; on a full disk these words are lost, so that exit.json must say what matters."""
    try:
        print(text.rstrip(), file=sys.stderr, flush=True)
    except OSError:
        sys.stderr = StringIO()  # Python would try again at its end, fail, and exit with 120
