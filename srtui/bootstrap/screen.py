"""One line per phase: rewritten in place on a terminal, a heartbeat every 30 s elsewhere. All of it goes to stderr."""

from __future__ import annotations

import os
import shutil
import sys
import time
from typing import TextIO

HEARTBEAT = 30.0  # seconds
_REFRESH = 0.25  # seconds: four times a second reads as alive, and costs a slow SSH line next to nothing


class Screen:
    """The lines of one run of ``./start``."""

    def __init__(self, stream: TextIO | None = None, *, heartbeat: float = HEARTBEAT) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._in_place = self._stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self._heartbeat = heartbeat
        self._total = 0
        self._number = 0
        self._title = ""
        self._began = self._shown = 0.0
        self._dirty = False

    def expect(self, phases: int) -> None:
        """Say how many phases there will be; counting starts anew."""
        self._total, self._number = phases, 0

    def begin(self, title: str) -> None:
        """Start the next phase."""
        self._number += 1
        self._title = f"[{self._number}/{self._total}] {title}: "
        self._began = time.monotonic()
        self._shown = self._began if not self._in_place else 0.0

    def update(self, text: str) -> None:
        """Show how far the phase is; cheap to call often."""
        now = time.monotonic()
        if now - self._shown < (_REFRESH if self._in_place else self._heartbeat):
            return
        self._shown = now
        if not self._in_place:
            self._write(f"{self._title}{text}\n")
            return
        columns = shutil.get_terminal_size().columns
        self._write(f"\r\x1b[K{(self._title + text)[: columns - 1]}")
        self._dirty = True

    def done(self, text: str) -> None:
        """Close the phase with its result and the seconds it took."""
        self.say(f"{self._title}{text} ({self.elapsed():.0f} s)")

    def say(self, text: str) -> None:
        """Write a line of its own."""
        self._write(("\r\x1b[K" if self._dirty else "") + text + "\n")
        self._dirty = False

    def close(self) -> None:
        """End a line that was being rewritten, so that what follows starts on a fresh one."""
        if self._dirty:
            self._write("\n")
            self._dirty = False

    def elapsed(self) -> float:
        """Seconds since the phase began."""
        return time.monotonic() - self._began

    def _write(self, text: str) -> None:
        encoding = self._stream.encoding or "ascii"
        self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        self._stream.flush()


def size(count: float) -> str:
    """``3.1 GB``, ``540 MB``: bytes for reading, powers of ten as disks are sold and pip counts."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
