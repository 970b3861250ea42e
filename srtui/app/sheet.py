"""A page of text: paragraphs, facts in aligned columns, lists and code, wrapped to the width of the moment. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from srtui.app.plot import Row

_GAP = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One thing on a page."""

    shape: Literal["text", "fact", "item", "code", "heading"]
    text: str = ""
    label: str = ""
    """Left column of a fact; sign of an item."""
    kind: str = ""
    """How the text looks (`look.KINDS`)."""
    label_kind: str = "quiet"


Sheet = tuple[Block, ...]


def text(words: str = "", kind: str = "") -> Block:
    """Build a paragraph; without words an empty line."""
    return Block(shape="text", text=words, kind=kind)


def fact(label: str, words: str, kind: str = "") -> Block:
    """Build a line of a table: what, and its value."""
    return Block(shape="fact", label=label, text=words, kind=kind)


def item(sign: str, words: str, kind: str = "", sign_kind: str = "") -> Block:
    """Build an entry of a list."""
    return Block(shape="item", label=sign, text=words, kind=kind, label_kind=sign_kind or kind)


def code(words: str, kind: str = "accent") -> Block:
    """Build lines that are shown as they are, wrapped only where they must be."""
    return Block(shape="code", text=words, kind=kind)


def heading(words: str) -> Block:
    """Build a small title."""
    return Block(shape="heading", text=words, kind="quiet")


def sentence(words: str) -> str:
    """Words with a capital letter and a full stop."""
    return f"{words[:1].upper()}{words[1:]}." if not words.endswith(".") else words[:1].upper() + words[1:]


def spaced(sheet: Sheet) -> Sheet:
    """Put an empty line above, if there is anything."""
    return (text(), *sheet) if sheet else ()


def lay_out(sheet: Sequence[Block], width: int) -> list[Row]:
    """Rows of a sheet at this width, in cells."""
    widest = max((len(block.label) for block in sheet if block.shape == "fact"), default=0)
    return [row for block in sheet for row in _rows(block, max(width, 8), widest + _GAP)]


def _rows(block: Block, width: int, column: int) -> Iterator[Row]:
    match block.shape:
        case "text":
            yield from (((line, block.kind),) if line else () for line in wrapped(block.text, width))
        case "heading":
            yield ((block.text, block.kind),)
        case "code":
            for line in block.text.splitlines():
                yield from (((piece, block.kind),) for piece in _broken(line, width))
        case "fact":
            yield from _hanging(f"{block.label:<{column}}", block, wrapped(block.text, width - column))
        case "item":
            yield from _hanging(f"{block.label} ", block, wrapped(block.text, width - len(block.label) - 1))


def _hanging(head: str, block: Block, lines: Iterable[str]) -> Iterator[Row]:
    for number, line in enumerate(lines):
        left = (head, block.label_kind) if number == 0 else (" " * len(head), "")
        yield (left, (line, block.kind))


def wrapped(words: str, width: int) -> list[str]:
    """Lines of a paragraph; a word longer than a line (a path) is broken."""
    return textwrap.wrap(words, max(width, 4), break_on_hyphens=False) or [""]


def shortened(path: Path, room: int) -> str:
    """Write a path with ``~`` for the home folder, and without its beginning where there is no room for it."""
    home = Path.home()
    words = f"~/{path.relative_to(home)}" if home in path.parents else str(path)
    return words if len(words) <= room else f"…{words[len(words) - max(room - 1, 0) :]}"


def _broken(line: str, width: int) -> list[str]:
    """Lines of code: broken between words where there are some, with a hanging indent, spaces kept."""
    if len(line) <= width:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.wrap(
        line, width, drop_whitespace=False, break_on_hyphens=False, subsequent_indent=indent, replace_whitespace=False
    )
