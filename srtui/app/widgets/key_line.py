"""The last line: which keys do what here.

Textual's own footer is a widget for each key, all made anew whenever anything changes, and that repaints the screen
(14 kB). This one is a line of text that writes what changed.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.binding import Binding
from textual.screen import Screen

from srtui.app.widgets.rows import Rows

Entry = tuple[str, str, str]
"""How a key is written, what it does, and the key."""


class KeyLine(Rows):
    """Keys of the screen and of what has the focus."""

    def __init__(self) -> None:
        super().__init__(id="keys")
        self._places: list[tuple[int, int, str]] = []

    def on_mount(self) -> None:
        """Follow what can be done."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def on_resize(self, _event: events.Resize) -> None:
        """Fit the new width."""
        self._update()

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
        for key, words, does in fitted([self._words(binding) for binding in shown.values()], self.size.width):
            row += [(key, "key"), (words, "keyed")]
            self._places.append((at, at + len(key) + len(words) - 2, does))
            at += len(key) + len(words)
        self.show([((" ", ""), *row)])

    def _words(self, binding: Binding) -> Entry:
        return self.app.get_key_display(binding), f" {binding.description}  ", binding.key


def fitted(entries: Sequence[Entry], width: int) -> list[Entry]:
    """As many as there is room for; the last two, which end and explain, stay to the end."""
    kept = list(entries)
    while len(kept) > 2 and 1 + sum(len(key) + len(words) for key, words, _ in kept) - 2 > width > 0:
        kept.pop(-3)
    return kept
