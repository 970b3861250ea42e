"""Colours and signs of the wizard: one accent, three meanings, and never a meaning by colour alone."""

from __future__ import annotations

from dataclasses import dataclass

from rich.style import Style
from textual.theme import Theme

ACCENT, TEXT, QUIET, LINE = "#5fafd7", "#d0d4d8", "#7f8890", "#343b42"
GOOD, WARNING, ERROR = "#87af5f", "#d7af5f", "#d7705f"
BACKGROUND, CHOSEN, RAW = "#14171a", "#2c3942", "#4a6a7f"

KINDS: dict[str, Style] = {
    "quiet": Style(color=QUIET),
    "strong": Style(bold=True),
    "chosen": Style(bgcolor=CHOSEN, bold=True),
    "selected": Style(color=BACKGROUND, bgcolor=ACCENT, bold=True),
    "accent": Style(color=ACCENT),
    "good": Style(color=GOOD),
    "warning": Style(color=WARNING),
    "error": Style(color=ERROR),
    "line": Style(color=LINE),
    "raw": Style(color=RAW),
    "mean": Style(color=ACCENT, bold=True),
    "tick": Style(color=WARNING),
    "key": Style(color=ACCENT, bold=True),
    "keyed": Style(color="#a4abb2"),
}
"""What a text can be, and how it looks: ``chosen`` without and ``selected`` with the focus."""
# Not component classes: a screen of a dozen widgets would style 130 of them, a third of the time to the first frame.
COLOURLESS: dict[str, Style] = {
    **dict.fromkeys(KINDS, Style()),
    "strong": Style(bold=True),
    "chosen": Style(bold=True, underline=True),
    "selected": Style(bold=True, reverse=True),
    "raw": Style(dim=True),
    "mean": Style(bold=True),
    "key": Style(bold=True),
}
"""The same for NO_COLOR."""

THEME = Theme(
    name="srtui",
    primary=ACCENT,
    secondary=ACCENT,
    accent=ACCENT,
    foreground=TEXT,
    background=BACKGROUND,
    surface=BACKGROUND,
    panel="#1e2328",
    success=GOOD,
    warning=WARNING,
    error=ERROR,
    dark=True,
    variables={
        "quiet": QUIET,
        "line": LINE,
        "input-selection-background": f"{ACCENT} 35%",
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
