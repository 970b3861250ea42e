"""Who is alive: POSIX record locks, which the kernel drops with the process, however it dies.

Closing any descriptor of the file would drop the lock, so the holder opens it never again, and knows what it holds by
other means; readers only ask (F_GETLK). flock would be inherited by children and read "alive" after a kill.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from pathlib import Path

_FLOCK = "hhqqi4x"
"""struct flock of Linux on 64-bit machines: type, whence, start, length, pid."""


class Lock:
    """A held lock; it lasts until ``release`` or the end of the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._file = _identity(os.fstat(descriptor))
        _mine.add(self._file)

    def release(self) -> None:
        """Give the lock back."""
        _mine.discard(self._file)
        os.close(self._descriptor)


_mine: set[tuple[int, int]] = set()
"""Files whose locks this process holds."""


def _identity(file: os.stat_result) -> tuple[int, int]:
    return file.st_dev, file.st_ino


def take(path: Path, text: str = "") -> Lock | None:
    """Take the lock of ``path`` (made if need be, holding ``text``); None if another process has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if error.errno in {errno.EACCES, errno.EAGAIN}:
            return None
        raise
    os.ftruncate(descriptor, 0)
    os.write(descriptor, text.encode())
    return Lock(descriptor)


def holder(path: Path) -> int | None:
    """Process id of whoever holds the lock of ``path``; None if nobody does."""
    try:
        if _identity(path.stat()) in _mine:
            return os.getpid()
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        question = struct.pack(_FLOCK, fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, pid = struct.unpack(_FLOCK, fcntl.fcntl(descriptor, fcntl.F_GETLK, question))
    finally:
        os.close(descriptor)
    return None if kind == fcntl.F_UNLCK else pid
