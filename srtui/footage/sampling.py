"""Clean, progressive video as a source of pictures: which frames are worth having, and their pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from srtui.footage.colours import Rgb
from srtui.footage.developing import around, develop
from srtui.footage.findings import Gathering
from srtui.footage.frame_list import Listed, anchors_of, listed
from srtui.footage.reader import Anchor, Reader
from srtui.footage.scenes import SPAN
from srtui.footage.selection import select
from srtui.footage.survey import Tell, survey
from srtui.ordered import thread_count


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """One frame that is worth having, and all that is needed to find it again."""

    frame: int
    """Its number from the beginning, counted from 0."""
    time: float
    """Seconds."""
    scene: int
    """From 1; frames of a scene show the same things, and belong on one side of a split."""
    anchors: tuple[Anchor, ...]
    """Its own, behind those of the frames just before it."""
    start: int | None
    """``pts`` of the video's first frame."""
    kind: str
    """``progressive``; ``tff`` or ``bff`` in a video that is used although it is interlaced."""

    def __post_init__(self) -> None:
        # JSON knows lists only, and what was chosen is kept as JSON.
        object.__setattr__(self, "anchors", tuple(Anchor(*each) for each in self.anchors))

    @property
    def name(self) -> str:
        """Unique in its video, in the order of time."""
        return f"scene {self.scene:05d}/{self.frame:08d}"


class Still(NamedTuple):
    """A frame as a picture."""

    time: float
    rgb_hwc: Rgb


def choose(path: Path, *, count: int = 0, threads: int = 0, tell: Tell = lambda _done: None) -> list[Chosen]:
    """
    Look through a video and choose the sharpest frames over its scenes; repeats, smeared and damaged ones are left out.

    Parameters
    ----------
    count
        Frames wanted; 0: one for each ten seconds of each scene, and at least one of a scene.
    tell
        Called with the number of frames that were looked at, so that progress can be shown; may raise to stop.

    Returns
    -------
    chosen: in the order of time; the same for any number of threads. Fewer than ``count`` if no more are usable.

    Raises
    ------
    UsageError
        If it is not there or cannot be read as video.
    """
    gathering = Gathering()
    with Reader(path) as reader:
        with closing(survey(reader, None, threads=thread_count(threads), tell=tell)) as segments:
            for segment in segments:
                gathering.add(segment)
        found = gathering.findings(reader.facts)
    pictures = listed(found.table, found.judged)
    taken = select(pictures, count or _one_for_each_span(pictures))
    start = gathering.newest.start if gathering.newest else None
    return [
        Chosen(
            frame=each.frame,
            time=each.time,
            scene=each.scene,
            anchors=tuple(anchors_of(pictures, each)),
            start=start,
            kind=found.kind_at(each.frame),
        )
        for each in taken
    ]


def _one_for_each_span(pictures: Sequence[Listed]) -> int:
    usable: dict[int, int] = {}
    for picture in pictures:
        if picture.usable:
            usable[picture.scene] = usable.get(picture.scene, 0) + 1
    return sum(-(-count // SPAN) for count in usable.values())


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height of a video's pictures in pixels, upright as `frame_at` gives them."""
    with Reader(path) as reader:
        first = next(reader, None)
        width, height = reader.facts.width, reader.facts.height
        turned = first is not None and round(first.image.rotation / 90) % 2
    return (height, width) if turned else (width, height)


def frame_at(path: Path, chosen: Chosen) -> Rgb:
    """Pixels of a chosen frame, (H, W, 3) uint8 RGB; from any thread, and in any order.

    Raises
    ------
    SrtuiError
        If the video is not what it was when the frame was chosen.
    """
    with Reader(path) as reader:
        return _read(reader, chosen)


def chosen_frames(path: Path, *, count: int = 0, threads: int = 0, tell: Tell = lambda _done: None) -> Iterator[Still]:
    """Choose (`choose`) and read: time and pixels of each frame, in the order of time."""
    chosen = choose(path, count=count, threads=threads, tell=tell)
    with Reader(path) as reader:
        for each in chosen:
            yield Still(each.time, _read(reader, each))


def _read(reader: Reader, chosen: Chosen) -> Rgb:
    frames = around(reader, chosen.anchors, chosen.start)
    return develop(frames, chosen.frame, chosen.kind, reader.facts, both_fields=False)[0]
