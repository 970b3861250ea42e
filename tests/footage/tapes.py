"""Synthetic tapes whose truth is known: moving texture, coded with real codecs, and damaged where a test wants it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from srtui.footage.filters import Filters

Luma = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Some frames of one texture that moves from left to right."""

    frames: int
    seed: int = 0
    speed: float = 4.0
    """Pixels a frame."""
    smeared: Sequence[int] = ()
    """Frames (of this scene) blurred along their motion."""
    repeated: Sequence[int] = ()
    """Frames that show what the one before shows."""
    torn: Sequence[int] = ()
    """Frames with a grey bar, as a dropout leaves it."""
    noise: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tape:
    """A tape as it should be made."""

    scenes: Sequence[Scene]
    codec: str = "ffv1"
    fields: str = "progressive"
    """What the pictures are: progressive, tff or bff."""
    flags: str = ""
    """What the file says they are; by default the truth."""
    size: tuple[int, int] = (352, 288)
    """Width and height."""
    border: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Black lines: top, bottom, left, right."""
    aspect: Fraction = Fraction(16, 15)
    rate: Fraction = Fraction(25)
    options: dict[str, str] = field(default_factory=dict)
    container: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)

    def pictures(self) -> Iterator[Luma]:
        """The frames, (H, W), uint8, as they are before coding."""
        for scene in self.scenes:
            yield from _pictures(self, scene)


DV = {"codec": "dvvideo", "size": (720, 576), "fields": "bff"}
"""What a MiniDV tape is."""


def make_tape(path: Path, tape: Tape) -> Path:
    """Encode a tape; the suffix of the path names the container."""
    with av.open(str(path), "w", options=tape.container) as container:
        container.metadata.update(tape.metadata)
        stream: Any = container.add_stream(tape.codec, rate=tape.rate, options=tape.options)
        stream.width, stream.height = tape.size
        stream.pix_fmt = "yuv420p"
        stream.sample_aspect_ratio = tape.aspect
        stream.codec_context.sample_aspect_ratio = tape.aspect
        stream.codec_context.thread_count = 1
        for image in _images(tape):
            container.mux(stream.encode(image))
        container.mux(stream.encode(None))
    return path


def packets(path: Path) -> list[tuple[int, int]]:
    """Place and length in bytes of the data of each video packet of a file (one piece: no transport streams)."""
    raw = path.read_bytes()
    with av.open(str(path)) as container:
        contents = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    places, end = [], 0
    for content in contents:
        place = raw.index(content, end)
        end = place + len(content)
        places.append((place, len(content)))
    return places


def overwrite(path: Path, position: int, raw: bytes) -> None:
    """Damage a file."""
    with path.open("r+b") as file:
        file.seek(position)
        file.write(raw)


def conceal(path: Path, packet: int, blocks: Iterable[int]) -> None:
    """Mark video blocks of a DV packet as concealed, as a player does that cannot read them."""
    position, size = packets(path)[packet]
    with path.open("r+b") as file:
        file.seek(position)
        raw = bytearray(file.read(size))
        video = [start for start in range(0, size, 80) if raw[start] >> 5 == 4]
        for block in blocks:
            raw[video[block] + 3] |= 0xA0
        file.seek(position)
        file.write(raw)


@lru_cache(maxsize=16)
def texture(seed: int, width: int = 1200, height: int = 600) -> NDArray[np.float32]:
    """Detail of all sizes around grey, (H, W): a sum of random pictures, each twice as coarse and as strong."""
    random = np.random.default_rng(seed)
    total = np.zeros((height, width), np.float32)
    for step in range(1, 7):
        coarse = 1.6**step * random.standard_normal((height // 2**step + 2, width // 2**step + 2), np.float32)
        total += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(125 + total * (38 / total.std()), np.float32)


def _pictures(tape: Tape, scene: Scene) -> Iterator[Luma]:
    random = np.random.default_rng(scene.seed + 1000)
    ground = texture(scene.seed)
    smeared = cv2.blur(ground, (25, 1))
    last: Luma | None = None
    for number in range(scene.frames):
        if last is None or number not in scene.repeated:
            picture = _moment(tape, smeared if number in scene.smeared else ground, scene, number)
            if scene.noise:
                picture += scene.noise * random.standard_normal(picture.shape, np.float32)
            last = np.clip(picture, 16, 235).astype(np.uint8)
            _frame(last, tape.border)
        shown = last.copy()
        if number in scene.torn:
            shown[100:132, 64:288] = 128
        yield shown


def _moment(tape: Tape, ground: NDArray[np.float32], scene: Scene, number: int) -> NDArray[np.float32]:
    """A frame, woven of two fields half a frame apart where it is interlaced."""
    early, late = (_view(tape, ground, scene.speed * (number + part)) for part in (0.0, 0.5))
    if tape.fields == "progressive":
        return early
    top, bottom = (early, late) if tape.fields == "tff" else (late, early)
    woven = np.empty_like(early)
    woven[0::2], woven[1::2] = top[0::2], bottom[1::2]
    return woven


def _view(tape: Tape, ground: NDArray[np.float32], left: float) -> NDArray[np.float32]:
    width, height = tape.size
    move = np.array([[1, 0, -(left % 300)], [0, 1, 0]], np.float32)
    return np.asarray(cv2.warpAffine(ground, move, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP))


def _frame(picture: Luma, border: tuple[int, int, int, int]) -> None:
    height, width = picture.shape
    top, bottom, left, right = border
    picture[:top] = picture[height - bottom :] = 16
    picture[:, :left] = picture[:, width - right :] = 16


def _images(tape: Tape) -> Iterator[Any]:
    flags = tape.flags or tape.fields
    mode = "prog" if flags == "progressive" else flags
    filters: Filters | None = None
    for number, luma_hw in enumerate(tape.pictures()):
        height, width = luma_hw.shape
        planes = np.full((height * 3 // 2, width), 128, np.uint8)
        planes[:height] = luma_hw
        image = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        image.pts, image.time_base = number, 1 / tape.rate
        filters = filters or Filters(image, (("setfield", mode),))
        yield from filters.push(image)
