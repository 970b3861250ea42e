"""One frame of a tape, found again, as whole pictures: as it is, or deinterlaced with the frames beside it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from srtui.errors import SrtuiError
from srtui.footage.colours import Rgb, deinterlaced, to_rgb
from srtui.footage.facts import Facts
from srtui.footage.reader import Anchor, Frame, Reader

REACH = 2
"""Frames before and behind: bwdif looks at one, whose fields it compares with those of the next."""
_ROLL = (0.0, 2.0, 15.0)  # most frames stand behind a key frame that is right at once


def around(reader: Reader, anchors: Sequence[Anchor], start: int | None) -> list[Frame]:
    """
    Find a frame and those beside it.

    Parameters
    ----------
    anchors
        The frame's, behind those of up to `REACH` frames before it.
    start
        ``pts`` of the tape's first picture.

    Raises
    ------
    SrtuiError
        If the tape is not what it was.
    """
    if frames := reader.go_to(anchors, start=start, roll=_ROLL):
        return [*frames, *itertools.islice(reader, REACH)]
    fact = f"frame {anchors[-1].number} is not what it was when the file was looked through"
    raise SrtuiError(str(reader.path), fact, hint="the file has changed: srtui scan --fresh, or prepare --fresh")


def develop(frames: Sequence[Frame], number: int, kind: str, facts: Facts, *, both_fields: bool) -> list[Rgb]:
    """
    Make pictures of the frame ``number``: one, or one for each field in the order in which they were taken.

    Parameters
    ----------
    frames
        The frame and those beside it (`around`).
    kind
        ``progressive``, ``tff`` or ``bff``.
    """
    at = next(i for i, frame in enumerate(frames) if frame.number == number)
    images = [frame.image for frame in frames]
    if kind == "progressive":
        return [to_rgb(images[at], facts)]
    count = 2 if both_fields else 1
    whole = deinterlaced(images, kind, facts, both_fields=both_fields)
    return [to_rgb(image, facts) for image in whole[at * count : (at + 1) * count]]
