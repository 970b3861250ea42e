"""One picture after another out of a video file, with bounded memory; what cannot be decoded is counted, not fatal."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from srtui.errors import UsageError
from srtui.footage import dv
from srtui.footage.facts import Facts, facts_of

Luma = NDArray[np.uint8]
"""(H, W), uint8: the brightness of a picture as it is coded, 16 to 235 for most tapes."""

LARGEST_SIDE = 8192
"""Pixels of a side that are decoded at most; headers are not trusted with more."""
_PATIENCE = 100
"""Read errors in a row, after which the rest of a file is given up."""
_ROLL = (2.0, 15.0)
"""Seconds before the wanted picture at which decoding begins: it must be right at the anchors; H.264 may need more."""
_LOST = 3
"""Places that were not found by seeking, after which it is not tried any more."""
_FAR = 4000
"""Pictures decoded in search of one, before it is given up; 15 s of 240 pictures a second."""


@dataclass(slots=True, eq=False)
class Frame:
    """One decoded picture."""

    number: int
    """From the beginning of the tape, counted from 0."""
    pts: int | None
    """In units of the stream's time base."""
    time: float
    """Seconds from the first picture."""
    image: Any
    """The av.VideoFrame, in the pixel format of the stream."""
    luma_hw: Luma
    corrupt: bool
    """Whether the decoder knows that something is missing in it."""
    concealed: int
    """DV: blocks that the player could not read from the tape."""
    recorded: str
    """DV: when, in the camera's time (ISO 8601); empty if it does not say."""
    packets: int
    """Packets that were read from the beginning to here."""

    def crc(self) -> int:
        """Checksum of the luma: equal pictures have equal ones."""
        return zlib.crc32(np.ascontiguousarray(self.luma_hw).data)

    def anchor(self) -> Anchor:
        """What it can be found again by."""
        return Anchor(self.number, self.pts, self.crc())


class Anchor(NamedTuple):
    """A picture that can be found again, and recognised."""

    number: int
    pts: int | None
    crc: int


class Broken(NamedTuple):
    """A part of the file that gave no picture."""

    before: int
    """Number of the picture that came next."""
    position: int
    """Byte in the file; -1 if unknown."""
    time: float
    """Seconds, as far as it is known; -1 if not."""
    reason: str


class Reader:
    """
    Pictures of a file in order; use it in a ``with`` block and iterate.

    Attributes
    ----------
    facts
        What the file says of itself.
    broken
        What could not be decoded so far; take and clear it as often as you like.
    packets
        Video packets with data, read so far.

    Raises
    ------
    UsageError
        If the file is not there, holds no video, or cannot be opened.

    Notes
    -----
    The decoder works in one thread: with several, what FFmpeg makes of damaged pictures depends on their timing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.broken: list[Broken] = []
        self._lost = 0
        self._open()

    def _open(self) -> None:
        self._container = _open(self.path)
        stream = _video_of(self._container)
        if stream is None or stream.codec_context is None:
            self._container.close()
            fact = "holds no video" if stream is None else "its video is coded in a way that is not known here"
            raise UsageError(str(self.path), fact, hint="give a video file")
        self._stream = stream
        self._stream.codec_context.thread_count = 1
        self.facts: Facts = facts_of(self.path, self._container, stream)
        if not 0 < max(self.facts.width, self.facts.height) <= LARGEST_SIDE:
            self._container.close()
            fact = f"a picture of {self.facts.width}×{self.facts.height}; at most {LARGEST_SIDE} a side are read"
            raise UsageError(str(self.path), fact, hint="scale the video down first")
        self._position = -1
        self.packets = 0
        self._next = 0
        self._start: int | None = None
        self._frames = self._decode()

    def __enter__(self) -> Reader:  # noqa: PYI034 - typing.Self is newer than Python 3.10
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._frames.close()
        self._container.close()

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        frame: Frame = next(self._frames)
        return frame

    def go_to(
        self,
        anchors: Sequence[Anchor],
        *,
        start: int | None,
        packets: int = 0,
        roll: Sequence[float] = _ROLL,
        tell: Callable[[int], None] = lambda _done: None,
    ) -> list[Frame]:
        """Find pictures again; iteration goes on behind them.

        Parameters
        ----------
        anchors
            Pictures that follow one another; the more, the surer.
        start
            ``pts`` of the tape's first picture (`start_pts`), which times count from.
        packets
            What `Frame.packets` was at the last anchor; counting goes on from it.
        roll
            Seconds before the first anchor at which decoding begins, one after another until the anchors are right.
        tell
            Called with the number of each picture that is passed over on the way, where seeking does not help.

        Returns
        -------
        frames: those of the anchors; none if they are not what they were: the file has changed.

        Notes
        -----
        Tried by seeking, each picture compared by its checksum; if that fails (no index, repeated time stamps),
        everything before it is decoded once more. A file in which seeking failed some times is from then on only read
        forward, and begun anew where that does not do: those who want many places ask for them in order.
        """
        frames = self._searched(anchors, start, roll, tell)
        self.broken.clear()
        self.packets = packets
        return frames

    def _searched(
        self, anchors: Sequence[Anchor], start: int | None, roll: Sequence[float], tell: Callable[[int], None]
    ) -> list[Frame]:
        if self._lost < _LOST and all(anchor.pts is not None for anchor in anchors):
            for seconds in roll:
                if frames := self._sought(anchors, seconds, start):
                    return frames
            self._lost += 1
            self._reopen()
        elif self._next > anchors[0].number:
            self._reopen()
        for frame in self:
            if frame.number == anchors[0].number:
                return self._recognised(frame, anchors)
            tell(frame.number)
        return []

    def _reopen(self) -> None:
        self._frames.close()
        self._container.close()
        self._open()

    def jump(self, seconds: float) -> None:
        """Go on near a time, at a picture that needs none before it; for samples, as numbers are not exact then."""
        offset = int(seconds / self.facts.time_base) + (self._stream.start_time or 0)
        if not self._seek(offset):
            self._report(None, f"cannot go to {seconds:.0f} s")

    def _seek(self, offset: int) -> bool:
        """Stand at the key frame before a time, in units of the stream."""
        self._frames.close()
        try:
            self._container.seek(offset, stream=self._stream, backward=True)
        except av.error.FFmpegError:
            return False
        finally:
            self._frames = self._decode()
        return True

    @property
    def start_pts(self) -> int | None:
        """``pts`` of the first picture, once it was read."""
        return self._start

    def _sought(self, anchors: Sequence[Anchor], seconds: float, start: int | None) -> list[Frame]:
        wanted = anchors[0].pts
        assert wanted is not None
        offset = wanted - int(seconds / self.facts.time_base)
        if offset <= (start or 0):
            self._reopen()  # containers differ in what seeking to the very beginning means
        elif not self._seek(offset):
            return []
        else:
            self._start, self._next = start, anchors[0].number
        for frame in itertools.islice(self._frames, _FAR):
            if frame.pts == wanted:
                break
            if frame.pts is not None and frame.pts > wanted:
                return []
        else:
            return []
        self._next, frame.number = anchors[0].number + 1, anchors[0].number
        return self._recognised(frame, anchors)

    def _recognised(self, first: Frame, anchors: Sequence[Anchor]) -> list[Frame]:
        frames = [first, *itertools.islice(self._frames, len(anchors) - 1)]
        return frames if len(frames) == len(anchors) and all(map(_is, frames, anchors)) else []

    def _decode(self) -> Generator[Frame, None, None]:
        """Pictures from where the container stands."""
        for packet in self._packets():
            concealed, recorded = 0, ""
            if packet.size:
                self.packets += 1
                self._position = -1 if packet.pos is None else packet.pos
                if self.facts.codec == "dvvideo":
                    raw = bytes(packet)
                    concealed, recorded = dv.concealed_blocks(raw, self.facts.height), dv.recorded_at(raw)
            try:
                images = packet.decode()
            except av.error.FFmpegError:
                self._report(packet.pts, "cannot be decoded")
                continue
            for image in images:
                if (image.width, image.height) != (self.facts.width, self.facts.height):
                    self._report(image.pts, f"a picture of another size ({image.width}×{image.height})")
                    continue
                yield self._frame(image, concealed, recorded)

    def _packets(self) -> Iterator[Any]:
        """Packets of the video; a part that cannot be read is passed over."""
        failures = 0
        while failures < _PATIENCE:
            try:
                for packet in self._container.demux(self._stream):
                    failures = 0
                    yield packet
                return
            except av.error.EOFError:  # noqa: PERF203 - one pass a failure, not one a packet
                return
            except av.error.FFmpegError as error:
                failures += 1
                self._report(None, error.strerror or str(error))
        self._report(None, f"{_PATIENCE} read errors in a row: the rest is given up")

    def _report(self, pts: int | None, reason: str) -> None:
        self.broken.append(Broken(self._next, self._position, -1.0 if pts is None else self._time(pts), reason))

    def _frame(self, image: Any, concealed: int, recorded: str) -> Frame:
        number, self._next = self._next, self._next + 1
        if self._start is None:
            self._start = image.pts or 0
        corrupt = bool(image.is_corrupt)
        # FFmpeg may still write into a picture that it gave (the second field of a damaged MPEG-2 frame).
        image.make_writable()
        if self.facts.pixel_format not in {"", image.format.name}:
            image = _reformatted(image, self.facts.pixel_format)
        time = number / float(self.facts.rate) if image.pts is None else self._time(image.pts)
        return Frame(number, image.pts, time, image, luma_of(image), corrupt, concealed, recorded, self.packets)

    def _time(self, pts: int) -> float:
        return round(float((pts - (self._start or 0)) * self.facts.time_base), 4)


def luma_of(image: Any) -> Luma:
    """Brightness of an av.VideoFrame as 8 bits, without a copy where it is coded so."""
    layout = image.format
    if layout.is_rgb or layout.components[0].bits != 8 or layout.components[0].plane or layout.name in _PACKED:
        image = image.reformat(format="yuv420p")
    plane = image.planes[0]
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: image.height, : image.width]


_PACKED = frozenset({"yuyv422", "uyvy422", "yvyu422", "uyyvyy411", "pal8", "vuya", "vuyx", "ayuv", "uyva", "vyu444"})
"""Formats whose first plane holds colours too."""


def _video_of(container: Any) -> Any | None:
    try:
        return container.streams.best("video")
    except IndexError:  # a stream of a damaged file that FFmpeg found, but PyAV did not
        return next(iter(container.streams.video), None)


def _reformatted(image: Any, pixel_format: str) -> Any:
    """A picture in the format of the others: filters begin anew where it changes, and damaged headers change it."""
    changed = image.reformat(format=pixel_format)
    changed.pts, changed.time_base = image.pts, image.time_base
    return changed


def _is(frame: Frame, anchor: Anchor) -> bool:
    return frame.pts == anchor.pts and frame.crc() == anchor.crc


def _open(path: Path) -> Any:
    if not path.is_file():
        raise UsageError(str(path), "not a file" if path.exists() else "no such file", hint="check the path")
    try:
        # Local files only: a playlist must not make srtui fetch anything from a network.
        return av.open(str(path), metadata_errors="replace", options={"protocol_whitelist": "file"})
    except (av.error.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        hint = "if the recording was cut off (no index at the end), its index must be rebuilt first"
        raise UsageError(str(path), f"cannot be read as video: {reason}", hint=hint) from None
