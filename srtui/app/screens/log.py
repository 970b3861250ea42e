"""What a job's worker wrote, as it grows."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Log

from srtui.app.background import Repeater, tell
from srtui.app.widgets.key_line import KeyLine
from srtui.app.widgets.rows import Rows
from srtui.jobs.folder import JobFolder

FIRST = 1 << 17
"""Bytes from the end that are shown at first."""
LINES = 5000


class LogScreen(Screen[None]):
    """The end of log.txt, followed."""

    CSS_PATH = "log.tcss"
    EXPLAINED = (
        "What the worker of the job wrote: its output and its errors. The path of the file is in the first line."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b,l,alt+left,escape", "app.pop_screen", "Back", id="log.back", key_display="b")
    ]

    class Grown(Message):
        """There is more text."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, job: JobFolder) -> None:
        super().__init__()
        self.job = job
        self._position = -1
        self._reader = Repeater("log", self._read, every=1.0)

    def compose(self) -> ComposeResult:
        """Path, text, keys."""
        yield Rows(id="head")
        yield Log(max_lines=LINES)
        yield KeyLine()

    def on_mount(self) -> None:
        """Begin to read."""
        self.query_one("#head", Rows).show([((f" {self.job.log}", "quiet"),)])
        self.query_one(Log).focus()
        self._reader.start()

    def on_unmount(self) -> None:
        """End the thread."""
        self._reader.stop()

    def on_log_screen_grown(self, message: Grown) -> None:
        """Show it."""
        self.query_one(Log).write(message.text)

    def _read(self) -> bool:
        try:
            with self.job.log.open("rb") as file:
                size = file.seek(0, 2)
                begin = max(size - FIRST, 0) if self._position < 0 else self._position
                file.seek(begin)
                raw = file.read(FIRST)
        except FileNotFoundError:
            return True
        self._position = begin + len(raw)
        if raw:
            tell(self, self.Grown(raw.decode("utf-8", "replace")))
        return True
