"""A field for the path of a folder or a file, which completes names (→ takes the completion)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path

from textual.suggester import Suggester
from textual.widgets import Input


class FolderInput(Input):
    """One line, no box."""

    def __init__(self, base: Path, *, placeholder: str, id: str, suffixes: Collection[str] | None = ()) -> None:
        """``suffixes`` of files that are completed beside folders; None: every file."""
        suggester = _Names(base, suffixes)
        super().__init__(placeholder=placeholder, id=id, suggester=suggester, compact=True, select_on_focus=False)
        self.cursor_blink = False


class _Names(Suggester):
    """Completes the first name that fits."""

    def __init__(self, base: Path, suffixes: Collection[str] | None) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._base = base
        self._suffixes = suffixes

    async def get_suggestion(self, value: str) -> str | None:
        """Complete the last part of a path."""
        return await asyncio.to_thread(complete, self._base, value, self._suffixes)


def complete(base: Path, value: str, suffixes: Collection[str] | None = ()) -> str | None:
    """Complete the last part of a path relative to ``base`` with the first name that fits; None if none does.

    Folders always fit, files by their suffix; None for ``suffixes``: every file.
    """
    part = value.rpartition("/")[2]
    head = value[: len(value) - len(part)]
    try:
        place = base / Path(head or ".").expanduser()
        found = sorted((each for each in place.iterdir() if each.name.startswith(part)), key=lambda each: each.name)
        names = [f"{each.name}/" if each.is_dir() else each.name for each in found if _fits(each, suffixes)]
    except (OSError, RuntimeError):  # no such folder; no such user in ~name
        return None
    shown = [name for name in names if part.startswith(".") or not name.startswith(".")]
    return f"{head}{shown[0]}" if value and shown else None


def _fits(path: Path, suffixes: Collection[str] | None) -> bool:
    return path.is_dir() or suffixes is None or path.suffix.lower() in suffixes
