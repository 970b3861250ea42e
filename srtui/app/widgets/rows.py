"""Lines of text that write only what changed: the floor that every live widget stands on.

Textual repaints a refreshed widget whole; over SSH that is 64 kB/s for one sparkline. Here each new row is compared
with the old one and only the cells from the first to the last difference are refreshed.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from srtui.app.look import COLOURLESS, KINDS, UNICODE, Glyphs
from srtui.app.plot import Row, rule


class Rows(Widget):
    """Rows of styled text, one per line, cut at the right edge."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: tuple[Row, ...] = ()
        self._cuts: dict[int, tuple[int, int]] = {}

    @property
    def rows(self) -> tuple[Row, ...]:
        """What is shown."""
        return self._rows

    @property
    def text(self) -> str:
        """What is shown, without styles."""
        return "\n".join("".join(part for part, _ in row) for row in self._rows)

    def show(self, rows: Sequence[Row]) -> None:
        """Show these rows; cells that stay as they are cost nothing."""
        before, self._rows = self._rows, tuple(rows)
        if len(before) != len(self._rows) and self.styles.auto_dimensions:
            self.refresh(layout=True)
            return
        for y in range(max(len(before), len(self._rows))):
            old, new = (rows[y] if y < len(rows) else () for rows in (before, self._rows))
            if old != new:
                self._refresh_changed(y, old, new)

    def _refresh_changed(self, y: int, old: Row, new: Row) -> None:
        start, end = changed(old, new, self.size.width)
        if start < end:
            self._cuts[y] = (start, end)
            self.refresh(Region(start, y, end - start, 1))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As high as there are rows."""
        return len(self._rows)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """As wide as the widest row."""
        return max((sum(cell_len(part) for part, _ in row) for row in self._rows), default=0)

    def render_line(self, y: int) -> Strip:
        """One row, in pieces that end where the last change does: only the piece between is written."""
        width, base = self.size.width, self.rich_style
        styles = COLOURLESS if self.app.no_color else KINDS
        row = self._rows[y] if y < len(self._rows) else ()
        segments = [Segment(part, base + styles[kind] if kind else base) for part, kind in row]
        strip = Strip(segments).adjust_cell_length(width, base)
        cuts = [cut for cut in self._cuts.get(y, ()) if 0 < cut < width]
        return Strip.join(strip.divide([*cuts, width])) if cuts else strip


def changed(old: Row, new: Row, width: int) -> tuple[int, int]:
    """First cell that differs, and the one after the last; ``(0, 0)`` if none does."""
    before, after = _cells(old, width), _cells(new, width)
    if before == after:
        return 0, 0
    if len(before) != width or len(after) != width:  # wide characters: cells and characters do not match
        return 0, width
    differing = [index for index in range(width) if before[index] != after[index]]
    return differing[0], differing[-1] + 1


def _cells(row: Row, width: int) -> list[tuple[str, str]]:
    cells = [(character, kind) for text, kind in row for character in text]
    if any(cell_len(character) != 1 for character, _ in cells):
        return cells if len(cells) != width else [*cells, ("", "")]
    return (cells + [(" ", "")] * (width - len(cells)))[:width]


class Rule(Rows):
    """A thin line between two parts."""

    def __init__(self, title: str, *, id: str | None = None, glyphs: Glyphs = UNICODE) -> None:
        super().__init__(id=id)
        self._title = title
        self._glyphs = glyphs

    def on_resize(self, event: events.Resize) -> None:
        """As long as there is room."""
        self.show([rule(self._title, event.size.width - 1, self._glyphs)])

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """One line."""
        return 1
