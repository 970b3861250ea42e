"""Whether pictures are interlaced, and in which order: seen in the pictures (FFmpeg's idet), not in the flags."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from srtui.footage.filters import Filters
from srtui.footage.reader import Frame

Scan = Literal["progressive", "interlaced", "mixed"]

MOVING = 0.1
"""Share of a picture's blocks that must have moved: idet calls still pictures progressive, whatever they are."""
ENOUGH = 8
"""Moving pictures without which the pictures prove nothing, and the file's word is taken."""
_MOSTLY = 0.8
_HARDLY = 0.1
_INTERLACED = ("tff", "bff")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Pictures one after another that are of one kind."""

    first: int
    last: int
    kind: str
    """``progressive``, ``tff`` or ``bff``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interlacing:
    """How a tape is interlaced."""

    scan: Scan
    order: str
    """``tff`` or ``bff``; empty if it is progressive."""
    claimed: str
    """What most pictures' flags say: ``progressive``, ``tff`` or ``bff``."""
    proven: bool
    """Whether enough moved to see it; else this is what the flags say."""
    evidence: Mapping[str, int]
    """Moving pictures by what idet says of them."""
    flags: Mapping[str, int]
    """Pictures by their flags."""

    @property
    def kind(self) -> str:
        """What its pictures are to be treated as: ``progressive``, ``tff`` or ``bff``."""
        return self.order or "progressive"


class Detector:
    """Looks at pictures that follow one another; each window of a tape gets its own, so that it can be repeated."""

    def __init__(self) -> None:
        self._idet: Filters | None = None
        self._flags: Filters | None = None
        self.kinds: list[str] = []
        """What idet says, picture by picture: ``progressive``, ``tff``, ``bff`` or ``undetermined``."""
        self.flags: Counter[str] = Counter()
        """Pictures by what their flags say."""

    def add(self, frame: Frame) -> None:
        """Look at the next picture."""
        if self._idet is None or self._flags is None:
            self._idet, self._flags = Filters(frame.image, _IDET), Filters(frame.image, _BOTTOM_FIRST)
        if not frame.image.interlaced_frame:
            self.flags["progressive"] += 1
        else:
            self.flags["bff" if self._flags.push(frame.image) else "tff"] += 1
        self._take(self._idet.push(frame.image))

    def finish(self) -> None:
        """Hear about the last picture, which idet held back."""
        if self._idet is not None:
            self._take(self._idet.push(None))

    def _take(self, images: Sequence[Any]) -> None:
        self.kinds += [image.metadata.get(_KEY, "undetermined") for image in images]


_IDET = (("idet", ""),)
_KEY = "lavfi.idet.multiple.current_frame"
_BOTTOM_FIRST = (("select", r"eq(interlace_type\,BOTTOMFIRST)"),)  # PyAV itself does not show this flag


def verdict(evidence: Mapping[str, int], flags: Mapping[str, int]) -> Interlacing:
    """Judge by what was seen of moving pictures; where nothing moved, by the flags."""
    claimed = max(flags, key=lambda kind: flags[kind]) if flags else "progressive"
    seen = sum(evidence.get(kind, 0) for kind in ("progressive", *_INTERLACED))
    proven = seen >= ENOUGH
    scan: Scan = "interlaced" if claimed in _INTERLACED else "progressive"
    order = claimed if claimed in _INTERLACED else ""
    if proven:
        share = sum(evidence.get(kind, 0) for kind in _INTERLACED) / seen
        scan = "interlaced" if share >= _MOSTLY else "progressive" if share <= _HARDLY else "mixed"
        order = "" if scan == "progressive" else max(_INTERLACED, key=lambda kind: evidence.get(kind, 0))
    return Interlacing(
        scan=scan,
        order=order,
        claimed=claimed,
        proven=proven,
        evidence=dict(sorted(evidence.items())),
        flags=dict(sorted(flags.items())),
    )


def stretches(windows: Sequence[tuple[int, int, Interlacing]], default: str) -> list[Stretch]:
    """
    Join windows (first picture, last picture, verdict) of one kind.

    A window in which nothing moved is like the one before it; at the beginning, like ``default``.
    """
    joined: list[Stretch] = []
    for first, last, seen in windows:
        kind = seen.kind if seen.proven else joined[-1].kind if joined else default
        same = bool(joined) and joined[-1].kind == kind
        joined.append(Stretch(first=joined.pop().first if same else first, last=last, kind=kind))
    return joined
