"""One run of the phases, under the lock: what it works on, what it notes, and the room it needs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from srtui.bootstrap import child, disk, pip, rescue, state
from srtui.bootstrap.screen import Screen
from srtui.bootstrap.state import Layout, Record


@dataclass(slots=True)
class Work:
    """The environment being made, the record of what is finished, and the screen that shows it."""

    layout: Layout
    screen: Screen
    extras: frozenset[str]
    lock: int
    record: Record
    temporary: Path = field(default_factory=Path)
    cached: bool = True

    def note(self, **facts: object) -> None:
        """Write down what the next call must know even when this one is killed."""
        self.record |= facts
        state.save(self.layout, self.record)

    def finish(self, phase: str, **facts: object) -> None:
        """Write down that a phase is finished, with its key of now: the phase made what the key is made of."""
        self.record |= facts
        self.note(**{phase: state.keys(self.layout, self.record)[phase]})

    def run(self, phase: str, command: Sequence[str | os.PathLike[str]], doing: Callable[[], str]) -> int:
        """Run a child of a phase, with its log and what it is doing on the screen."""
        return child.run(
            command,
            log=self.layout.log(phase),
            tick=lambda: self.screen.update(doing()),
            folder=self.layout.root,
            lock=self.lock,
        )

    def pip_install(self, phase: str, requirements: Sequence[str], index: str | None = None) -> None:
        """Install with pip, in the room that :meth:`make_room` found."""
        pip.install(
            self.layout,
            self.screen,
            phase,
            requirements,
            index=index,
            lock=self.lock,
            temporary=self.temporary,
            cached=self.cached,
        )

    def make_room(self, environment: int, downloads: int) -> None:
        """Check the disks for so many bytes and choose pip's temporary folder; its cache must not need the last room.

        Raises
        ------
        DiskFullError
            When the environment or the downloads do not fit.
        """
        rescue.collect(self.record, self.layout)
        venv = self.layout.venv
        self.temporary = disk.temporary_folder(self.layout.folder / "tmp", venv, environment, downloads)
        self.temporary.mkdir(parents=True, exist_ok=True)
        self.note(temporary=str(self.temporary))
        cache = Path(os.environ.get("PIP_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        demands = [("", venv, environment), ("", self.temporary, downloads), ("", cache, downloads)]
        self.cached = not disk.lacking(demands)


def empty(folder: Path, *, keep: Path) -> None:
    """Remove everything in .venv (which may be a link to another disk) but the folder with the lock and the logs."""
    for entry in folder.iterdir() if folder.is_dir() else ():
        if entry == keep:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
