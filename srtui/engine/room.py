"""Whether there will be room on the disk for the next checkpoints: said before it is missed."""

from __future__ import annotations

import shutil
from pathlib import Path

LOW = 3
"""Checkpoints for which there should be room: as many as are kept."""


class Room:
    """Remembers whether there was little room, so that it is said once."""

    def __init__(self) -> None:
        self._low = False

    def look(self, written: Path) -> str | None:
        """What to say about the disk after a checkpoint was written there, if it is news."""
        size = sum(path.stat().st_size for path in written.iterdir())
        free = shutil.disk_usage(written).free
        before, self._low = self._low, free < LOW * size
        if before or not self._low:
            return None
        fact = f"{free / 1e6:,.0f} MB are free for checkpoints of {size / 1e6:,.0f} MB each in {written.parent}"
        return f"{fact}: free some; the run will pause when there is no room left"
