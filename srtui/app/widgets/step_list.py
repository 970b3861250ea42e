"""The seven steps with their marks: a list beside the page, or one line where there is no room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from srtui.app.look import Glyphs
from srtui.app.plot import Row
from srtui.app.project_view import Name, WizardStep
from srtui.app.sheet import wrapped
from srtui.app.widgets.rows import Rows

KIND_OF = {"done": "good", "now": "accent", "stale": "warning", "blocked": "error", "running": "accent"}
"""Colour of each mark; the sign says the same."""
_INDENT = " " * 5
_NARROWEST = 20
"""Columns of the list before it was laid out."""
_SHORTEST_FULL = 74
"""Columns that all titles need in one line."""


class StepList(Rows, can_focus=True):
    """Steps one below the other; the reasons below them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False, id="steps.up"),
        Binding("down", "move(1)", "Down", show=False, id="steps.down"),
        Binding("enter,right", "open", "Open", show=False, id="steps.open"),
    ]

    class Selected(Message):
        """Another step is to be shown; ``opened`` if the work is to go on there."""

        def __init__(self, name: Name, *, opened: bool) -> None:
            super().__init__()
            self.name = name
            self.opened = opened

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(id="steps")
        self._glyphs = glyphs
        self._steps: Sequence[WizardStep] = ()
        self._selected: Name = "hardware"
        self._lines: list[Name] = []

    def update_steps(self, steps: Sequence[WizardStep], selected: Name) -> None:
        """Show these steps."""
        self._steps, self._selected = steps, selected
        self._lines = []
        rows: list[Row] = []
        for number, step in enumerate(steps, start=1):
            title_kind = "" if step.name != selected else "selected" if self.has_focus else "chosen"
            added = _entry(number, step, self._glyphs, self.size.width or _NARROWEST, title_kind)
            rows += added
            self._lines += [step.name] * len(added)
        self.show(rows)

    def watch_has_focus(self, has_focus: bool) -> None:
        """Show where the keys go."""
        super().watch_has_focus(has_focus)
        self.update_steps(self._steps, self._selected)

    def action_move(self, by: int) -> None:
        """Select the step before or after."""
        names = [step.name for step in self._steps]
        at = min(max(names.index(self._selected) + by, 0), len(names) - 1)
        self.post_message(self.Selected(names[at], opened=False))

    def action_open(self) -> None:
        """Go to the page."""
        self.post_message(self.Selected(self._selected, opened=True))

    def on_click(self, event: events.Click) -> None:
        """Select what was clicked."""
        if event.y < len(self._lines):
            self.post_message(self.Selected(self._lines[event.y], opened=True))


def _entry(number: int, step: WizardStep, glyphs: Glyphs, width: int, title_kind: str) -> list[Row]:
    kind = KIND_OF.get(step.mark, "quiet")
    title_kind = title_kind or ("quiet" if step.mark == "waiting" else "")
    head = [(" ", ""), (getattr(glyphs, step.mark), kind), (f" {number} ", "quiet"), (f" {step.title} ", title_kind)]
    rows: list[Row] = [tuple(head)]
    if step.note and step.mark != "waiting":
        note_kind = "quiet" if step.mark in {"running", "now"} else kind
        rows += [((_INDENT, ""), (line, note_kind)) for line in wrapped(step.note, width - len(_INDENT))]
    return rows


class StepStrip(Rows):
    """The steps in one line."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(id="strip")
        self._glyphs = glyphs
        self._steps: Sequence[WizardStep] = ()
        self._selected: Name | None = None

    def update_steps(self, steps: Sequence[WizardStep], selected: Name | None) -> None:
        """Show these steps."""
        self._steps, self._selected = steps, selected
        self.show([strip(steps, selected, self.size.width, self._glyphs)])

    def on_resize(self, _event: events.Resize) -> None:
        """Numbers instead of titles where there is less room."""
        self.show([strip(self._steps, self._selected, self.size.width, self._glyphs)])


def strip(steps: Sequence[WizardStep], selected: Name | None, width: int, glyphs: Glyphs) -> Row:
    """One line with every step's mark."""
    parts: list[tuple[str, str]] = []
    for number, step in enumerate(steps, start=1):
        name = step.title if width >= _SHORTEST_FULL else str(number)
        kind = "chosen" if step.name == selected else "quiet"
        parts += [(" ", ""), (getattr(glyphs, step.mark), KIND_OF.get(step.mark, "quiet")), (" ", ""), (name, kind)]
    return tuple(parts)
