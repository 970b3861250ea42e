"""Threads that look at files and tell a screen; they end at once when the screen goes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from srtui.app.messages import Trouble
from srtui.errors import SrtuiError, from_os_error

if TYPE_CHECKING:
    from textual.message import Message
    from textual.message_pump import MessagePump


def tell(receiver: MessagePump, message: Message) -> None:
    """Post a message from a thread; one that comes after the end is nobody's any more."""
    with suppress(RuntimeError):  # the event loop is closed
        receiver.post_message(message)


class Repeater(threading.Thread):
    """Does something again and again until it is stopped or the work says that it is over."""

    def __init__(self, name: str, work: Callable[[], bool], *, every: float) -> None:
        """``work`` tells whether to go on; ``every`` is seconds."""
        super().__init__(name=name, daemon=True)
        self._work = work
        self._every = every
        self._over = threading.Event()
        self._now = threading.Event()

    def run(self) -> None:
        """Work at once, then at every interval."""
        while not self._over.is_set() and self._work():
            self._now.wait(self._every)
            self._now.clear()

    def hurry(self) -> None:
        """Do it now, once, and then go on as before."""
        self._now.set()

    def stop(self) -> None:
        """End soon; waits for nothing."""
        self._over.set()
        self._now.set()


def in_background(receiver: MessagePump, work: Callable[[], Message]) -> None:
    """Do something that takes a while, and post what came of it, or `Trouble`."""

    def run() -> None:
        try:
            message: Message = work()
        except SrtuiError as error:
            message = Trouble(str(error))
        except OSError as error:
            message = Trouble(str(from_os_error(error, "files")))
        tell(receiver, message)

    threading.Thread(target=run, name="work", daemon=True).start()
