"""A labelled field for a path, with what is wrong about it directly below."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input

from srtui.app.sheet import code
from srtui.app.widgets.folder_input import FolderInput
from srtui.app.widgets.rows import Rows
from srtui.app.widgets.sheet_view import SheetView
from srtui.errors import SrtuiError


class PathField(Vertical):
    """One line, and the lines of a complaint while there is one."""

    class Entered(Message):
        """Enter was pressed on what may be a path."""

        def __init__(self, field: PathField, text: str) -> None:
            super().__init__()
            self.field = field
            self.text = text

    def __init__(
        self,
        base: Path,
        label: str,
        *,
        placeholder: str,
        id: str,
        suffixes: Collection[str] | None = (),
        keeps: bool = False,
    ) -> None:
        """``suffixes`` of files that are completed beside folders (None: every file); ``keeps`` what was accepted."""
        super().__init__(id=id, classes="field")
        self.base = base
        self._label = label
        self._placeholder = placeholder
        self._suffixes = suffixes
        self._keeps = keeps

    def compose(self) -> ComposeResult:
        """Label, line, complaint."""
        with Horizontal(classes="line"):
            yield Rows(classes="label")
            yield FolderInput(self.base, placeholder=self._placeholder, id=f"{self.id}-path", suffixes=self._suffixes)
        yield SheetView(classes="complaint")

    def on_mount(self) -> None:
        """Write the label."""
        self.query_one(".label", Rows).show([((f"{self._label}  ", "quiet"),)])

    @property
    def line(self) -> Input:
        """Where one types."""
        return self.query_one(Input)

    @property
    def path(self) -> Path:
        """What is typed, absolute."""
        return (self.base / Path(self.line.value.strip()).expanduser()).resolve()

    def say(self, words: str, kind: str = "error") -> None:
        """Say what is wrong, or nothing."""
        self.query_one(".complaint", SheetView).write((code(words, kind),) if words else ())

    def refuse(self, error: SrtuiError) -> None:
        """Say what is wrong with what stands above, and what to do."""
        self.say("\n".join(filter(None, [error.fact, error.hint and f"  = {error.hint}"])))

    def accept(self, words: str) -> None:
        """What was typed is taken."""
        if not self._keeps:
            self.line.clear()
        self.say(words, "good")

    def on_input_changed(self, event: Input.Changed) -> None:
        """What was wrong is about to be mended."""
        event.stop()
        if event.value and self.line.has_focus:
            self.say("")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Tell the page."""
        event.stop()
        self.post_message(self.Entered(self, event.value.strip()))
