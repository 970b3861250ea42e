"""The terminal itself: may the wizard open here, is the terminal still there, and does it keep up with us."""

from __future__ import annotations

import os
import signal
import sys
import termios
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from srtui.errors import UsageError

if TYPE_CHECKING:
    from textual.app import App

PATIENCE = 2.0
"""Seconds that the screen gets to be restored after a signal; a terminal that takes no output gets no more."""
_COERCED = frozenset({"C.UTF-8", "C.utf8", "UTF-8"})
"""What Python itself puts into LC_CTYPE where the locale is C (PEP 538): no word of the user's."""


def check_encoding(environment: Mapping[str, str]) -> None:
    """Refuse a terminal whose encoding cannot show the wizard.

    Parameters
    ----------
    environment
        ``os.environ``, of which LC_ALL, LC_CTYPE and LANG are read.

    Raises
    ------
    UsageError
        If the locale is not UTF-8.
    """
    names = ["LC_ALL", "LANG"] if environment.get("LC_CTYPE", "") in _COERCED else ["LC_ALL", "LC_CTYPE", "LANG"]
    name = next((name for name in names if environment.get(name)), "LANG")
    value = environment.get(name, "")
    if value.partition("@")[0].lower().replace("-", "").endswith("utf8"):
        return
    fact = (
        f"needs a terminal with UTF-8, {name} is {value!r}" if value else "needs a terminal with UTF-8, LANG is unset"
    )
    hint = "LC_ALL=C.UTF-8 srtui, if the terminal shows UTF-8; srtui --help lists the commands, which need none"
    raise UsageError("the wizard", fact, hint=hint)


def plain_glyphs(environment: Mapping[str, str]) -> bool:
    """Whether the terminal's font lacks braille and check marks (the Linux console)."""
    return environment.get("TERM", "") in {"linux", "vt100", "vt220"}


def output_waits(app: App[None]) -> bool:
    """Whether earlier output has not left for the terminal yet.

    Textual queues 30 writes and then blocks the whole event loop; skipping a tick while the queue is not empty keeps
    keys answered on a 2 kB/s link (measured: key latency 4.5 s → 0).
    """
    writer = getattr(app._driver, "_writer_thread", None)
    queue = getattr(writer, "_queue", None)
    return queue is not None and not queue.empty()


def terminal_is_there() -> bool:
    """Whether standard input is still a terminal that answers."""
    try:
        termios.tcgetattr(sys.__stdin__.fileno() if sys.__stdin__ else 0)
    except (termios.error, OSError, ValueError):
        return False
    return True


class Guard(threading.Thread):
    """Ends the wizard with exit code 0 on SIGTERM, on SIGHUP, and when the terminal vanished without a word.

    A thread and not a timer of the event loop: that one blocks when a dead terminal takes no output. Jobs are processes
    of their own and run on.
    """

    def __init__(self, leave: Callable[[], None]) -> None:
        super().__init__(name="terminal-guard", daemon=True)
        self._leave = leave
        self._signalled = threading.Event()
        self._over = threading.Event()

    def watch(self) -> None:
        """Begin; called in the main thread, which is where Python hears signals."""
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self._signalled.set())
        self.start()

    def dismiss(self) -> None:
        """The wizard has ended by itself."""
        self._over.set()
        self._signalled.set()

    def run(self) -> None:
        """Look once a second, and at once when a signal comes."""
        while not self._signalled.wait(1.0):
            if not terminal_is_there():
                os._exit(0)
        if self._over.is_set():
            return
        if terminal_is_there():
            self._leave()
            self._over.wait(PATIENCE)
        if not self._over.is_set():
            os._exit(0)
