"""Keep what an interrupted pip had downloaded whole: gigabytes, and not every mirror lets pip's own cache keep them."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from srtui.bootstrap.disk import TEMPORARY_PREFIX
from srtui.bootstrap.state import Layout, Record


def collect(record: Record, layout: Layout) -> None:
    """Move whole wheels out of pip's temporary folder of the last run and remove that folder."""
    own = layout.folder / "tmp"
    noted = Path(record.get("temporary") or own)
    for folder in {own, noted} if noted.name.startswith(TEMPORARY_PREFIX) else {own}:
        for wheel in folder.glob("pip-unpack-*/*.whl"):
            if zipfile.is_zipfile(wheel):  # a zip's directory is its end: what has one arrived whole
                layout.wheels.mkdir(parents=True, exist_ok=True)
                shutil.move(wheel, layout.wheels / wheel.name)
        shutil.rmtree(folder, ignore_errors=True)


def wheels(layout: Layout) -> list[Path]:
    """The wheels that were kept."""
    return sorted(layout.wheels.glob("*.whl"))


def forget(layout: Layout) -> None:
    """Remove the wheels that were kept."""
    shutil.rmtree(layout.wheels, ignore_errors=True)
