"""Buttons of one line: ``[ Train ]``, readable without colour."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Button


class ActionButton(Button):
    """A button that asks for something by ``name``."""

    def __init__(self, asks: str, label: str, *, primary: bool = False) -> None:
        super().__init__(Content(f"[ {label} ]"), name=asks, classes="primary" if primary else "")


def asked_by(event: Button.Pressed) -> str:
    """What the pressed button asks for."""
    return event.button.name or ""
