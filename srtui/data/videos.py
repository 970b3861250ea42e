"""Clean video as a source: the sharpest frames over its scenes; interlaced, soft or blocky video is refused by name."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

from srtui.config.project import Video
from srtui.data.pictures import Picture
from srtui.data.rejection import PictureRejected
from srtui.data.walk import Found, Stamp, stamps_of
from srtui.errors import UsageError
from srtui.footage.judging import judge
from srtui.footage.sampling import Chosen, choose, frame_at, picture_size

Tell = Callable[[int], None]


class VideoSource:
    """Frames of one video: it is looked through once, and each chosen frame is then decoded again where it stands.

    It is judged as a whole, so that its frames are not judged again.
    """

    paired = False
    trusted = True

    def __init__(self, section: Video, tell: Tell) -> None:
        self._path, self._section, self._tell = Path(section.video), section, tell
        if not self._path.is_file():
            fact = "not a file" if self._path.exists() else "no such file"
            raise UsageError(str(self._path), fact, hint="check the path under 'sources'")
        self.title = str(self._path)

    @property
    def whole(self) -> Found:
        """The file: looking through it takes long."""
        return Found(name=self._path.name, stamps=stamps_of(self._path))

    def find(self) -> Iterator[Found]:
        """The chosen frames; or the video, with the reason why it is no clean material."""
        reason = "" if self._section.insist else judge(self._path)
        if reason:
            yield Found(name=self._path.name, stamps=stamps_of(self._path), reason=f"{reason}; insist: true takes it")
            return
        stamps = stamps_of(self._path)
        for chosen in choose(self._path, count=self._section.frames, tell=self._tell):
            address = json.dumps(dataclasses.asdict(chosen))
            yield Found(name=chosen.name, stamps=stamps, scene=str(chosen.scene), address=address)

    def stamps(self, name: str) -> tuple[Stamp, ...]:  # noqa: ARG002 - of the protocol
        """Size and time of the video."""
        return stamps_of(self._path)

    def size(self, name: str) -> tuple[int, int]:  # noqa: ARG002 - of the protocol
        """Of all frames, upright."""
        return self._size

    @cached_property
    def _size(self) -> tuple[int, int]:
        return picture_size(self._path)

    def read(self, name: str, address: str) -> tuple[Picture, None]:  # noqa: ARG002 - of the protocol
        """Decode a frame."""
        rgb_hwc = frame_at(self._path, Chosen(**json.loads(address)))
        height, width = rgb_hwc.shape[:2]
        if (width, height) != self._size:
            raise PictureRejected(f"{width}×{height}, but the video says {self._size[0]}×{self._size[1]}")
        return rgb_hwc, None
