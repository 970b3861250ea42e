"""Asks what becomes of a living job: it goes on (the default), or it stops."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button

from srtui.app.sheet import text
from srtui.app.widgets.buttons import ActionButton, asked_by
from srtui.app.widgets.sheet_view import SheetView
from srtui.jobs.status import JobStatus

Answer = Literal["detach", "stop", "stay"]


class LeaveDialog(ModalScreen[Answer]):
    """Detach, stop, or stay."""

    CSS_PATH = "leave.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,up", "app.focus_previous", "Before", show=False, id="leave.before"),
        Binding("right,down", "app.focus_next", "After", show=False, id="leave.after"),
        Binding("d", "answer('detach')", "Detach", show=False, id="leave.detach"),
        Binding("s", "answer('stop')", "Stop", show=False, id="leave.stop"),
        Binding("b,escape", "answer('stay')", "Back", show=False, id="leave.stay"),
    ]

    def __init__(self, status: JobStatus) -> None:
        super().__init__()
        self._status = status

    def compose(self) -> ComposeResult:
        """Question and answers."""
        with Vertical(id="box"):
            yield SheetView(id="question")
            with Horizontal(id="answers"):
                yield ActionButton("detach", "Detach (keeps running)", primary=True)
                yield ActionButton("stop", "Stop")
                yield ActionButton("stay", "Back")

    def on_mount(self) -> None:
        """Enter gives the harmless answer."""
        question = f"The {self._status.kind} job is under way."
        what = "Detached, it goes on by itself. Stopped, it keeps what is done and can be resumed."
        self.query_one("#question", SheetView).write((text(question, "strong"), text(), text(what)))
        self.query(ActionButton).first().focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        answers: dict[str, Answer] = {"detach": "detach", "stop": "stop"}
        self.dismiss(answers.get(asked_by(event), "stay"))

    def action_answer(self, answer: Answer) -> None:
        """Answer by a letter."""
        self.dismiss(answer)
