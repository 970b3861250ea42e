"""A plot of a curve, drawn in braille; drawn anew when the size changes."""

from __future__ import annotations

from textual import events

from srtui.app.look import UNICODE, Glyphs
from srtui.app.plot import Curve, draw, rule
from srtui.app.widgets.rows import Rows


class Plot(Rows):
    """Shows a `Curve` below its name."""

    def __init__(self, title: str, *, id: str | None = None, glyphs: Glyphs = UNICODE) -> None:
        super().__init__(id=id)
        self._title = title
        self._curve = Curve()
        self._glyphs = glyphs

    def plot(self, curve: Curve) -> None:
        """Show this curve."""
        if curve != self._curve:
            self._curve = curve
            self._draw()

    def on_resize(self, _event: events.Resize) -> None:
        """Fit the new size."""
        self._draw()

    def _draw(self) -> None:
        if self.display and self.size.width:
            width, height = self.size.width - 1, self.size.height
            name = rule(self._title, width, self._glyphs)
            self.show([name, *draw(self._curve, width, height - 1, self._glyphs)])
