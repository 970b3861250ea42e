"""A list of which one line has the cursor: ↑ and ↓ move it, Enter takes the line; ← and → where it lies across."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from srtui.app.plot import Row
from srtui.app.widgets.rows import Rows

_GAP = "  "
_LOW = 16
"""Lines of a screen below which columns are not named."""
_SHORTEST = 12
"""Cells that the first column keeps where the others take the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One line."""

    name: str
    """What it is called in messages."""
    sign: str
    sign_kind: str = ""
    cells: tuple[str, ...]
    """Texts of its columns; the last is left out where it does not fit in every line."""
    kind: str = ""


class Choices(Rows, can_focus=True):
    """Lines to choose from; at either end the arrows go on to what is before or after."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,left", "move(-1)", "Up", show=False, id="choices.up"),
        Binding("down,right", "move(1)", "Down", show=False, id="choices.down"),
        Binding("enter,space", "take", "Choose", id="choices.take", key_display="Enter"),
    ]

    class Looked(Message):
        """The cursor came to another line."""

        def __init__(self, choices: Choices, name: str) -> None:
            super().__init__()
            self.choices = choices
            self.name = name

    class Taken(Looked):
        """A line was chosen."""

    def __init__(
        self, *, id: str, label: str = "", across: bool = False, part: int = 0, heads: tuple[str, ...] = ()
    ) -> None:
        """``across`` puts all in one line, behind ``label``; a list takes at most one ``part``-th of the screen."""
        super().__init__(id=id)
        self._part = part
        self._label = label
        self._heads = heads
        self._across = across
        self._options: Sequence[Option] = ()
        self._at = 0

    @property
    def current(self) -> str:
        """Name of the line with the cursor; empty without lines."""
        return self._options[self._at].name if self._options else ""

    def offer(self, options: Sequence[Option], *, start: str = "") -> None:
        """Show these; the cursor stays at its name, else it begins at ``start``."""
        before = self.current
        self._options = tuple(options)
        names = [option.name for option in options]
        wanted = before if before in names else start
        self._at = names.index(wanted) if wanted in names else 0
        self._draw()

    def point_at(self, name: str) -> None:
        """Move the cursor to a name."""
        self._at = next((index for index, option in enumerate(self._options) if option.name == name), self._at)
        self._draw()

    def watch_has_focus(self, has_focus: bool) -> None:
        """Show where the keys go."""
        super().watch_has_focus(has_focus)
        self._draw()

    def on_resize(self, _event: events.Resize) -> None:
        """Columns are as wide as there is room, and there are as many lines."""
        self._draw()
        if len(self.rows) != self.size.height:  # a layout that is asked for during one is forgotten (Textual 8.2.8)
            self.call_after_refresh(self.refresh, layout=True)

    def action_move(self, by: int) -> None:
        """Move the cursor, or the focus."""
        if not 0 <= self._at + by < len(self._options):
            self.screen.focus_next() if by > 0 else self.screen.focus_previous()
            return
        self._at += by
        self._draw()
        self.post_message(self.Looked(self, self.current))

    def action_take(self) -> None:
        """Choose the line with the cursor."""
        if self._options:
            self.post_message(self.Taken(self, self.current))

    def on_click(self, event: events.Click) -> None:
        """Choose what was clicked."""
        first, end = self._window()
        at = first + event.y - self._headed
        if not self._across and first <= at < end:
            self._at = at
            self.focus()
            self._draw()
            self.post_message(self.Taken(self, self.current))

    def _draw(self) -> None:
        width = self.size.width
        if not width:
            self.refresh(layout=True)
        self.show(self._row_across() if self._across else self._rows_down(width or 80))

    def _row_across(self) -> list[Row]:
        parts: list[tuple[str, str]] = [(self._label, "quiet")]
        for index, option in enumerate(self._options):
            chosen = self.has_focus and index == self._at
            parts += [(f"{option.sign} ", option.sign_kind), (f"{option.cells[0]}", "selected" if chosen else "")]
            parts.append(("   ", ""))
        return [tuple(parts)] if self._options else []

    def _rows_down(self, width: int) -> list[Row]:
        heads = [self._heads] if self._headed else []
        widths = _widths([*heads, *(option.cells for option in self._options)], width - 6)
        first, end = self._window()
        rows = [self._line(index, option, widths) for index, option in enumerate(self._options) if first <= index < end]
        named = [_GAP.join(_cut(cell, each) for cell, each in zip(cells, widths, strict=False)) for cells in heads]
        rows = [*((("    ", ""), (line.rstrip(), "quiet")) for line in named), *rows]
        above, below = first, len(self._options) - end
        hidden = [f"{count} more {where}" for count, where in ((above, "above"), (below, "below")) if count]
        return [*rows, (("  ", ""), (", ".join(hidden), "quiet"))] if hidden else rows

    @property
    def _headed(self) -> bool:
        """Whether there is room for the names of the columns."""
        return bool(self._heads and self._options) and self.screen.size.height >= _LOW

    def _window(self) -> tuple[int, int]:
        """First line that is shown and the one after the last: all, or those around the cursor."""
        count = len(self._options)
        most = max(self.screen.size.height // self._part, 3) if self._part else count
        if count <= most:
            return 0, count
        shown = most - 1  # the last line tells how many more there are
        first = min(max(self._at - shown // 2, 0), count - shown)
        return first, first + shown

    def _line(self, index: int, option: Option, widths: Sequence[int]) -> Row:
        cells = [_cut(cell, width) for cell, width in zip(option.cells, widths, strict=False)]
        first, rest = cells[0], cells[1:]
        chosen = index == self._at
        kind = ("selected" if self.has_focus else "chosen") if chosen else option.kind
        others = "".join(_GAP + cell for cell in rest).rstrip()
        return ((f"{option.sign} ", option.sign_kind), (first, kind), (others, "" if chosen else "quiet"))


def _widths(lines: Sequence[Sequence[str]], room: int) -> list[int]:
    """Cells of each column: all that are needed, else without the last column, else with a shorter first one."""
    if not lines:
        return []
    needed = [max(cell_len(line[column]) for line in lines) for column in range(len(lines[0]))]
    while len(needed) > 2 and sum(needed) + len(_GAP) * (len(needed) - 1) > room:
        needed.pop()
    spare = room - sum(needed[1:]) - len(_GAP) * (len(needed) - 1)
    return [max(min(needed[0], spare), min(_SHORTEST, needed[0])), *needed[1:]]


def _cut(text: str, width: int) -> str:
    """A text of exactly this many cells: the middle gives way, as names differ at their ends."""
    length = cell_len(text)
    if length <= width:
        return text + " " * (width - length)
    tail = max((width - 1) // 3, 0)
    head = set_cell_size(text, width - 1 - tail)
    end = text[len(text) - tail :] if tail else ""
    return set_cell_size(f"{head}…{end}", width)
