"""What a process does that helps a worker with its job: it ends with the worker, and signs its words in the log."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import TextIO

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def end_with(parent: int) -> None:
    """Let the kernel kill this process when its parent dies, however it dies.

    Parameters
    ----------
    parent
        Process id of the parent; if it is gone already, this process ends now.

    Notes
    -----
    The signal comes when the *thread* that started this process ends: start it from a thread that stays.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def sign_output(name: str) -> None:
    """Begin every line that this process prints with ``name``."""
    sys.stdout = _Signed(sys.stdout, name)
    sys.stderr = _Signed(sys.stderr, name)


class _Signed:
    """A text stream whose lines begin with a name; each goes out whole, for several processes write to one file."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream = stream
        self._name = name
        self._rest = ""

    def write(self, text: str) -> int:
        """Write the lines that are whole; the rest waits for its end, or for `flush`."""
        *lines, self._rest = (self._rest + text).split("\n")
        if lines:
            self._stream.write("".join(f"{self._name}: {line}\n" for line in lines))
            self._stream.flush()
        return len(text)

    def flush(self) -> None:
        """Bring out what is there."""
        if self._rest:
            self.write("\n")
        self._stream.flush()

    def isatty(self) -> bool:
        """No: it goes to a log."""
        return False

    def fileno(self) -> int:
        """For those who write past this stream (faulthandler)."""
        return self._stream.fileno()

    @property
    def encoding(self) -> str:
        """Of the stream below."""
        return self._stream.encoding
