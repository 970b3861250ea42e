"""Is there room for the environment and for pip's downloads, counted together where they share a disk."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from srtui.bootstrap.screen import size
from srtui.errors import DiskFullError

TEMPORARY_PREFIX = "srtui-start-"

Demand = tuple[str, Path, int]  # what it is for, where, bytes


def folder_size(folder: Path) -> int:
    """Bytes that the files below a folder take on disk; files that vanish meanwhile count nothing."""
    return sum(bytes_on_disk(Path(place, name)) for place, _, names in os.walk(folder) for name in names)


def bytes_on_disk(file: Path) -> int:
    """What a file takes on disk, 0 when it has vanished."""
    try:
        return file.lstat().st_blocks * 512
    except FileNotFoundError:
        return 0


def existing(path: Path) -> Path:
    """The path itself or its nearest parent that exists."""
    while not path.exists():
        path = path.parent
    return path


def _device(path: Path) -> int:
    return existing(path).stat().st_dev


def _free(path: Path) -> int:
    return shutil.disk_usage(existing(path)).free


def lacking(
    demands: Iterable[Demand], device: Callable[[Path], int] = _device, free: Callable[[Path], int] = _free
) -> str:
    """One sentence per disk that is too small for what is asked of it; empty when all fits."""
    disks: dict[int, list[Demand]] = {}
    for demand in demands:
        disks.setdefault(device(demand[1]), []).append(demand)
    sentences = []
    for wanted in disks.values():
        need, have = sum(count for _, _, count in wanted), free(wanted[0][1])
        if have < need:
            parts = " + ".join(f"{size(count)} for {purpose} in {place}" for purpose, place, count in wanted)
            sentences.append(f"{parts} needed, {size(have)} free")
    return "; ".join(sentences)


def temporary_folder(own: Path, venv: Path, environment: int, downloads: int) -> Path:
    """Choose where pip unpacks its downloads; raises when nothing has room.

    ``$TMPDIR`` when it is set, else beside the environment (so that a killed installation's leftovers are found and
    removed, and a small ``/tmp`` in memory is spared), else the system's temporary folder.

    Raises
    ------
    DiskFullError
        With the room of both disks, counted apart or together.
    """
    system = Path(tempfile.gettempdir())
    asked = os.environ.get("TMPDIR")
    refusals = []
    for place in [Path(asked)] if asked else [own, system]:
        refusal = lacking([("the environment", venv, environment), ("pip's downloads", place, downloads)])
        if not refusal:
            return place if place == own else Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=place))
        refusals.append(refusal)
    raise DiskFullError(
        "disk",
        refusals[0],
        hint="free that much room, or name a roomier folder for the downloads: TMPDIR=/roomy/folder ./start"
        " (and .venv may be a link to a folder on another disk)",
    )
