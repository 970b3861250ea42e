"""Run one child process with its output in a log file and its progress on the screen."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_POLL = 0.2  # seconds
_QUOTED = 160  # columns of a log line that an error shows: pip repeats whole exceptions
_PATIENCE = 10.0  # seconds that a child gets to end after it was asked to


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for children: a PYTHONPATH or PYTHONHOME of another project would leak into ours."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    return kept | {"PYTHONUNBUFFERED": "1"} | dict(extra or {})


def run(
    command: Sequence[str | os.PathLike[str]],
    *,
    log: Path,
    tick: Callable[[], None],
    folder: Path,
    lock: int,
    env: Mapping[str, str] | None = None,
) -> int:
    """Run a command to its end and give its exit status, negative for a signal.

    Parameters
    ----------
    log
        Gets the child's output, anew.
    tick
        Called five times a second while it runs.
    folder
        Working folder of the child.
    lock
        Descriptor of the lock, which the child inherits: while it lives, nobody else may work here.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [os.fspath(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment(env),
            pass_fds=(lock,),
            # Out of the terminal's reach: at Ctrl-C pip would throw away what it has downloaded before we can keep it.
            start_new_session=True,
        )
    try:
        while (code := _wait(process, _POLL)) is None:
            tick()
        return code
    finally:
        _end(process)


def tail(log: Path, lines: int = 6) -> str:
    """The last lines of a log, as they are."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.rstrip().splitlines()[-lines:])


def indented(text: str) -> str:
    """The text as a quotation below an error."""
    return "\n".join(f"   | {line[:_QUOTED]}" for line in text.splitlines())


def _end(process: subprocess.Popen[bytes]) -> None:
    """See to it that an interrupted ``./start`` leaves no child behind, nor that child's own children."""
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    if _wait(process, _PATIENCE) is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
