"""A field for the path of a folder, which completes names (→ takes the completion)."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual.suggester import Suggester
from textual.widgets import Input


class FolderInput(Input):
    """One line, no box."""

    def __init__(self, base: Path, *, placeholder: str, id: str) -> None:
        super().__init__(placeholder=placeholder, id=id, suggester=_Folders(base), compact=True, select_on_focus=False)
        self.cursor_blink = False


class _Folders(Suggester):
    """Completes the first folder that fits."""

    def __init__(self, base: Path) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._base = base

    async def get_suggestion(self, value: str) -> str | None:
        """Complete the last part of a path."""
        return await asyncio.to_thread(complete, self._base, value)


def complete(base: Path, value: str) -> str | None:
    """Complete the last part of a path relative to ``base`` with the first folder that fits; None if none does."""
    part = value.rpartition("/")[2]
    head = value[: len(value) - len(part)]
    try:
        place = base / Path(head or ".").expanduser()
        names = sorted(each.name for each in place.iterdir() if each.name.startswith(part) and each.is_dir())
    except (OSError, RuntimeError):  # no such folder; no such user in ~name
        return None
    shown = [name for name in names if part.startswith(".") or not name.startswith(".")]
    return f"{head}{shown[0]}/" if value and shown else None
