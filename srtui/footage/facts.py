"""What a video file says of itself: container, codec, sizes, aspect, rate, flags. None of it is believed yet."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

Order = Literal["tff", "bff"]
"""Which field of a frame was taken first: the top one (its first line is line 0) or the bottom one."""

_FIELD_ORDERS = {1: "progressive", 2: "tff", 3: "bff", 4: "tff", 5: "bff"}
"""AVFieldOrder (libavcodec/defs.h); for the stored-apart orders what the container's `fiel` atom means by them."""
_MATRICES = {1: "bt709", 5: "bt601", 6: "bt601", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
"""AVColorSpace (ITU-T H.273, table 4)."""
_HDR = {16: "PQ", 18: "HLG"}
"""AVColorTransferCharacteristic (ITU-T H.273, table 3)."""
_FASTEST = 1000  # frames a second
DV_RATES = {480: Fraction(30000, 1001), 576: Fraction(25)}
"""Frames a second of DV by its number of lines (IEC 61834-2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a file before its first picture is decoded."""

    path: Path
    size: int
    """Bytes."""
    container: str
    codec: str
    pixel_format: str
    width: int
    height: int
    aspect: Fraction
    """Width of a pixel by its height (SAR), as the container says it; 1 if nothing does."""
    codec_aspect: Fraction | None
    """The same as the codec's own header says it, if it says something."""
    rate: Fraction
    """Frames a second."""
    time_base: Fraction
    """Seconds of a unit of `pts`."""
    frames: int
    """As the index says, or as duration and rate suggest; 0 if unknown."""
    indexed: bool
    """Whether `frames` comes from an index, so that fewer of them mean a truncated file."""
    seconds: float
    """Duration as the container says it, 0 if it does not."""
    claimed: str
    """What the container says of the fields: ``progressive``, ``tff``, ``bff`` or nothing."""
    matrix: str
    """Of the colours: ``bt601``, ``bt709``, ``bt2020``; if nothing is said, bt601 up to 576 lines."""
    full_range: bool
    """Whether luma reaches from 0 to 255 instead of 16 to 235."""
    hdr: str
    """``PQ`` or ``HLG`` where brightness is coded for high dynamic range, else nothing."""
    sound: str
    """Codec, rate and channels of the first audio stream."""


def facts_of(path: Path, container: Any, stream: Any) -> Facts:
    """Read the headers of an open file."""
    context = stream.codec_context
    rate = _rate(stream.average_rate, stream.guessed_rate, stream.base_rate)
    seconds = _seconds(container, stream)
    return Facts(
        path=path,
        size=path.stat().st_size,
        container=container.format.name.split(",")[0],
        codec=context.codec.name,
        pixel_format=context.pix_fmt or "",
        width=context.width,
        height=context.height,
        aspect=_aspect(stream.sample_aspect_ratio) or _aspect(context.sample_aspect_ratio) or Fraction(1),
        codec_aspect=_aspect(context.sample_aspect_ratio),
        rate=rate,
        time_base=Fraction(stream.time_base or 1 / rate),
        frames=stream.frames or round(seconds * rate),
        indexed=bool(stream.frames),
        seconds=seconds,
        claimed=_FIELD_ORDERS.get(int(getattr(context, "field_order", 0) or 0), ""),
        matrix=_MATRICES.get(int(context.colorspace), "bt601" if context.height <= 576 else "bt709"),
        full_range=int(context.color_range) == 2 or (context.pix_fmt or "").startswith("yuvj"),
        hdr=_HDR.get(int(context.color_trc), ""),
        sound=_sound(container),
    )


def _rate(*said: Fraction | None) -> Fraction:
    """First rate that can be meant: of raw DV files the average is that of the clock."""
    return next((Fraction(rate) for rate in said if rate and 1 <= rate <= _FASTEST), Fraction(25))


def _aspect(value: Fraction | None) -> Fraction | None:
    """An aspect that can be meant: damaged headers say 0 and absurd ones."""
    return Fraction(value) if value and Fraction(1, 10) < value < 10 else None


def _seconds(container: Any, stream: Any) -> float:
    if stream.duration and stream.time_base:
        return max(float(stream.duration * stream.time_base), 0.0)
    return max((container.duration or 0) / 1_000_000, 0.0)


def _sound(container: Any) -> str:
    for stream in container.streams.audio:
        context = stream.codec_context
        return f"{context.name}, {context.sample_rate} Hz, {context.channels} channels"
    return ""
