"""``?``: what the screen is for, and its keys."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen

from srtui.app.keys import keymap_file
from srtui.app.sheet import Sheet, fact, heading, text
from srtui.app.widgets.key_line import KeyLine
from srtui.app.widgets.sheet_view import SheetView

_ALWAYS = "Every screen has a plain twin: srtui --help lists the commands."


class HelpScreen(Screen[None]):
    """Explains another screen."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b,enter,question_mark,alt+left,escape", "app.pop_screen", "Back", id="help.back", key_display="b")
    ]

    def __init__(self, explained: Screen[object]) -> None:
        super().__init__()
        self._explained = explained

    def compose(self) -> ComposeResult:
        """Text and keys."""
        with VerticalScroll(id="help-body"):
            yield SheetView(id="help-text")
        yield KeyLine()

    def on_mount(self) -> None:
        """Fill it."""
        self.query_one(SheetView).write(explain(self._explained))
        self.query_one(VerticalScroll).focus()


def explain(screen: Screen[object]) -> Sheet:
    """What a screen says of itself, and every key that it knows."""
    terms = [fact(term, meaning) for term, meaning in getattr(screen, "words", ())]
    meant = (heading("WORDS ON THIS PAGE"), *terms, text()) if terms else ()
    paragraphs = getattr(screen, "EXPLAINED", _ALWAYS).split("\n\n")
    blocks = [block for each in paragraphs for block in (text(" ".join(each.split())), text())]
    shown = [binding for binding in _bindings(screen) if binding.show]
    keys = [fact(_keys(binding.key, binding.key_display), binding.description) for binding in shown]
    remap = text(f"Keys can be moved: {keymap_file()}, one line each, such as live.stop: f8.", "quiet")
    names = text("Names: " + ", ".join(binding.id or "" for binding in _bindings(screen)) + ".", "quiet")
    return (*meant, *blocks, heading("KEYS"), *keys, text(), remap, names)


def _bindings(screen: Screen[object]) -> list[Binding]:
    """Bindings of a screen and of the application, one for each action."""
    found: dict[str, Binding] = {}
    for owner in (type(screen), type(screen.app)):
        for binding in owner.__dict__.get("BINDINGS", ()):
            if isinstance(binding, Binding):
                found.setdefault(binding.action, binding)
    return list(found.values())


def _keys(keys: str, display: str | None) -> str:
    return display or " ".join(keys.split(",")).replace("alt+left", "Alt+←").replace("alt+right", "Alt+→")
