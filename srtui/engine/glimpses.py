"""Frames of tapes that a training restores at every validation: there is no gt, so they are looked at, not measured."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from srtui.data.pictures import Picture, PictureRejected, read_picture
from srtui.engine.previews import Entry


@dataclass(frozen=True, slots=True)
class Glimpse:
    """One frame."""

    entry: Entry
    lq_hwc: Picture


def read_glimpses(paths: Iterable[str], alarm: Callable[[str], None]) -> list[Glimpse]:
    """Read the pictures of a request; what cannot be read is told, and left out: it is no reason not to train."""
    found: dict[str, Glimpse] = {}
    for text in paths:
        path = Path(text)
        try:
            picture_hwc = read_picture(path)
        except PictureRejected as error:
            alarm(f"{path}: {error}: training goes on without this picture to look at")
            continue
        name = _name(path)
        name = name if name not in found else f"{name}-{len(found)}"
        found[name] = Glimpse(Entry(name=name, kind="footage", scenario=path.parent.name), picture_hwc)
    return list(found.values())


def _name(path: Path) -> str:
    """Name for files: what the tape's folder and the frame are called; digits alone are names of the store."""
    words = re.sub(r"[^\w.-]+", "-", path.parent.name).strip("-.").encode()[:80].decode("utf-8", "ignore")
    return f"{words or 'footage'}-{path.stem[:20]}"
