"""Shows a sheet of text, wrapped anew when the width changes."""

from __future__ import annotations

from textual import events
from textual.geometry import Size

from srtui.app.sheet import Sheet, lay_out
from srtui.app.widgets.rows import Rows


class SheetView(Rows):
    """As high as its text needs."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._sheet: Sheet = ()

    def write(self, sheet: Sheet) -> None:
        """Show this sheet."""
        if sheet != self._sheet:
            self._sheet = sheet
            if self.size.width:
                self.show(lay_out(sheet, self.size.width))
            else:
                self.refresh(layout=True)

    def on_resize(self, _event: events.Resize) -> None:
        """Wrap to the new width."""
        self.show(lay_out(self._sheet, self.size.width))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Lines at this width."""
        return len(lay_out(self._sheet, width))
