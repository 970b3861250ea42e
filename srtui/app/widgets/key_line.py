"""The last line: which keys do what here.

Textual's own footer is a widget for each key, all made anew whenever anything changes, and that repaints the screen
(14 kB). This one is a line of text that writes what changed.
"""

from __future__ import annotations

from textual import events
from textual.binding import Binding
from textual.screen import Screen

from srtui.app.widgets.rows import Rows


class KeyLine(Rows):
    """Keys of the screen and of what has the focus."""

    def __init__(self) -> None:
        super().__init__(id="keys")
        self._places: list[tuple[int, int, str]] = []

    def on_mount(self) -> None:
        """Follow what can be done."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def on_click(self, event: events.Click) -> None:
        """Do what was clicked."""
        for start, end, key in self._places:
            if start <= event.x < end:
                self.app.simulate_key(key)

    def _changed(self, screen: Screen[object]) -> None:
        if screen is self.screen and screen.is_active:
            self._update()

    def _update(self) -> None:
        shown: dict[str, Binding] = {}
        for _, binding, enabled, _ in self.screen.active_bindings.values():
            if binding.show and enabled:
                shown.setdefault(binding.action, binding)
        row: list[tuple[str, str]] = []
        self._places = []
        at = 1
        for binding in shown.values():
            key, words = self.app.get_key_display(binding), f" {binding.description}  "
            row += [(key, "key"), (words, "keyed")]
            self._places.append((at, at + len(key) + len(words) - 2, binding.key))
            at += len(key) + len(words)
        self.show([((" ", ""), *row)])
