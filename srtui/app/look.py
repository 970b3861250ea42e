"""Colours and signs of the wizard: one accent, three meanings, and never a meaning by colour alone."""

from __future__ import annotations

from dataclasses import dataclass

from textual.theme import Theme

THEME = Theme(
    name="srtui",
    primary="#5fafd7",
    secondary="#87afaf",
    accent="#5fafd7",
    foreground="#d0d4d8",
    background="#14171a",
    surface="#14171a",
    panel="#1e2328",
    success="#87af5f",
    warning="#d7af5f",
    error="#d7705f",
    dark=True,
    variables={
        "quiet": "#7f8890",
        "line": "#343b42",
        "chosen": "#2c3942",
        "footer-background": "#1e2328",
        "footer-key-foreground": "#5fafd7",
        "footer-description-foreground": "#a4abb2",
        "input-selection-background": "#5fafd7 35%",
    },
)
"""Colours of the 256-colour cube or close to it, so that a terminal without true colour shows nearly the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyphs:
    """Signs that a terminal's font must have."""

    done: str = "✓"
    now: str = "▸"
    stale: str = "↻"
    blocked: str = "✗"
    running: str = "●"
    waiting: str = "·"
    paused: str = "‖"
    full: str = "━"
    empty: str = "─"
    rule: str = "─"
    corner: str = "└"
    axis: str = "│"
    mark: str = "┤"
    tick: str = "┴"
    braille: bool = True


UNICODE = Glyphs()
PLAIN = Glyphs(
    done="v",
    now=">",
    stale="~",
    blocked="x",
    running="*",
    waiting=".",
    paused="=",
    full="=",
    empty="-",
    rule="-",
    corner="+",
    axis="|",
    mark="+",
    tick="'",
    braille=False,
)
"""For the Linux console, whose font has 512 signs."""
