"""A scan in progress: a line of JSON for each whole segment of a tape, so that a killed one goes on behind the last."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srtui.footage.measures import Row
from srtui.footage.reader import Anchor, Broken

LENGTH = 250
"""Pictures of a segment: 10 s of PAL, a second or two of work."""
_ANCHORS = 8
VERSION = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """What was found in some pictures that follow one another."""

    first: int
    """Number of its first picture."""
    start: int | None
    """``pts`` of the tape's first picture."""
    rows: Sequence[Row]
    evidence: Mapping[str, int]
    """Moving pictures by what idet says of them."""
    flags: Mapping[str, int]
    """Pictures by what their flags say."""
    blank: Sequence[Sequence[int]]
    """How often the outer lines were blank (`borders.Counts`)."""
    lively: int
    """Pictures that this was asked of."""
    broken: Sequence[Broken]
    packets: int
    """Read from the beginning of the tape to the end of the segment."""
    recorded: str
    """When its first picture was recorded, if that is known (`Frame.recorded`)."""
    last: bool
    """Whether the tape ends with it."""

    def anchors(self) -> list[Anchor]:
        """Its last pictures: where to go on behind it."""
        skipped = max(len(self.rows) - _ANCHORS, 0)
        return [Anchor(self.first + skipped + i, row.pts, row.crc) for i, row in enumerate(self.rows[skipped:])]


class Ledger:
    """
    The file of segments.

    Parameters
    ----------
    path
        Made if need be; a torn last line is cut off. Segments of another tape or another format are forgotten.
    about
        What the segments depend on: file, its size and time.
    """

    def __init__(self, path: Path, about: Mapping[str, Any]) -> None:
        head = json.dumps({"version": VERSION, **about}, ensure_ascii=False) + "\n"
        self._head = head.encode()
        self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644), "r+b")

    def read(self) -> Iterator[Segment]:
        """Segments that are done, one at a time; read them all before you add one."""
        self._file.seek(0)
        if self._file.readline() != self._head:
            self._restart(self._head)
            return
        end = self._file.tell()
        for line in iter(self._file.readline, b""):
            try:
                segment = _from_plain(json.loads(line))
            except (ValueError, TypeError, KeyError):  # torn, or damaged: what is before it is good
                break
            if not line.endswith(b"\n"):
                break
            end += len(line)
            yield segment
        self._file.seek(end)
        self._file.truncate()

    def _restart(self, head: bytes) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._file.write(head)

    def add(self, segment: Segment) -> None:
        """Append a segment; it is on the disk when this returns."""
        self._file.write(json.dumps(_to_plain(segment), allow_nan=False, separators=(",", ":")).encode() + b"\n")
        self._file.flush()
        os.fdatasync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _to_plain(segment: Segment) -> dict[str, Any]:
    return {name: getattr(segment, name) for name in Segment.__slots__}


def _from_plain(value: dict[str, Any]) -> Segment:
    rows = [Row(*row) for row in value.pop("rows")]
    broken = [Broken(*each) for each in value.pop("broken")]
    return Segment(rows=rows, broken=broken, **value)
