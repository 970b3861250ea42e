"""Ranks 1 and up on one machine: child processes of rank 0's worker, none of which outlives it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from srtui.engine.ranks.lines import Line, RankLostError
from srtui.errors import SrtuiError

_LEAVING = 10.0  # s for a child to end that was told to; it has nothing to save
_DYING = 1.0  # s between the end of a connection and that of the process that held it


@dataclass(frozen=True, slots=True)
class Child:
    """One other rank, and the line to it."""

    process: subprocess.Popen[bytes]
    line: Line

    def blame(self, seen: str) -> SrtuiError:
        """Make the error of its loss; ``seen`` says what was seen of it."""
        hint = "resume continues from the last checkpoint"
        try:
            code = self.process.wait(_DYING)
        except subprocess.TimeoutExpired:
            return RankLostError(self.line.name, f"{seen} (process {self.process.pid})", hint=hint)
        if code >= 0:
            return RankLostError(self.line.name, f"ended with code {code} before it could say why", hint=hint)
        name = signal.Signals(-code).name
        if name == "SIGKILL":
            hint = f"that is often the kernel out of memory: see dmesg; {hint}"
        return RankLostError(self.line.name, f"killed by {name}", hint=hint)

    def leave(self) -> None:
        """Hang up, and see to its end."""
        self.line.close()
        try:
            self.process.wait(_LEAVING)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def started(devices: tuple[str, ...]) -> Iterator[list[Child]]:
    """Start a process for each of ``devices``, ranks 1 and up; when the block ends, so do they."""
    children: list[Child] = []
    try:
        for rank, device in enumerate(devices, start=1):
            children.append(_start(rank, device))
        yield children
    finally:
        for child in children:
            child.leave()


def _start(rank: int, device: str) -> Child:
    mine, theirs = socket.socketpair()
    with theirs:
        number = theirs.fileno()
        process = subprocess.Popen(
            [sys.executable, "-m", "srtui.worker", "--rank", str(rank), str(number), str(os.getpid())],
            stdin=subprocess.DEVNULL,
            pass_fds=[number],
        )
    return Child(process, Line(mine, rank, f"rank {rank} ({device})"))
