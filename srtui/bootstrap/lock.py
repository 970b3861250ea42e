"""Only one ``./start`` at a time works in ``.venv``; a second one waits and says for whom."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from srtui.bootstrap.screen import Screen

_POLL = 0.2  # seconds


@contextmanager
def held(path: Path, screen: Screen) -> Iterator[int]:
    """Hold the lock file; gives its descriptor, to be inherited by children that work in the environment.

    A child that outlives a killed ``./start`` keeps the lock until it has finished, so nobody works beside it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _acquire(descriptor, screen)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, screen: Screen) -> None:
    if _try(descriptor):
        return
    pid = os.pread(descriptor, 20, 0).decode("ascii", "replace")
    screen.say(f"another ./start (process {pid}) is setting up this folder: waiting for it")
    began = time.monotonic()
    while not _try(descriptor):
        time.sleep(_POLL)
        screen.update(f"waiting for process {pid}, {time.monotonic() - began:.0f} s")
    screen.close()


def _try(descriptor: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
