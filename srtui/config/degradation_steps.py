"""The steps of a degradation. Wherever a range is allowed, ``[low, high]`` draws a number anew for each picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

from annotated_types import Ge, Gt, Le, Len
from pydantic import AfterValidator, Discriminator, Tag

from srtui.config.section import Section

N = TypeVar("N", int, float)


def _ordered(limits: tuple[N, N]) -> tuple[N, N]:
    if limits[0] > limits[1]:
        raise ValueError(f"{limits[0]:g} to {limits[1]:g} is no range: give the smaller number first")
    return limits


def _odd(side: int) -> int:
    if side % 2 == 0:
        raise ValueError(f"{side} is even: a window has a middle, give {side - 1} or {side + 1}")
    return side


def _kind(value: object) -> str:
    """Which of the two it is meant to be, so that only that one's problems are told."""
    return "range" if isinstance(value, (list, tuple)) else "number"


_Range = Annotated[tuple[N, N], Len(2, 2), AfterValidator(_ordered)]
Drawn = Annotated[Annotated[N, Tag("number")] | Annotated[_Range[N], Tag("range")], Discriminator(_kind)]
"""A number, or a range to draw it from."""

Probability = Annotated[float, Gt(0), Le(1)]
Percent = Annotated[float, Gt(0), Le(1600)]
Sigma = Annotated[float, Ge(0), Le(25)]
Angle = Annotated[float, Ge(-360), Le(360)]
Length = Annotated[float, Ge(0), Le(99)]
Bend = Annotated[float, Ge(-180), Le(180)]
Spread = Annotated[float, Ge(0.05), Le(50)]
Beta = Annotated[float, Ge(0.1), Le(16)]
Cutoff = Annotated[float, Ge(0.1), Le(3.1416)]
Level = Annotated[float, Ge(0), Le(100)]
Gain = Annotated[float, Ge(0), Le(20)]
Amount = Annotated[float, Ge(0), Le(8)]
Movement = Annotated[float, Ge(-20), Le(20)]
DeadZone = Annotated[int, Ge(0), Le(1023)]
Quality = Annotated[int, Ge(1), Le(100)]
Window = Annotated[int, Ge(1), Le(63), AfterValidator(_odd)]
Windows = Annotated[tuple[Window, ...], Len(1, 32)]
Share = Annotated[float, Ge(0), Le(1)]
Pixels = Literal["input", "result"]

Filter = Literal[
    "bicubic", "area", "bilinear", "lanczos", "nearest", "photoshop", "photoshop-sharper", "photoshop-smoother"
]
Filters = Annotated[tuple[Filter, ...], Len(1, 16)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ByScale(Section):
    """A percentage, or a range, for each scale of a project; 100 leaves the step out."""

    x4: Drawn[Percent] = 100.0
    """When the restored picture is 4 times larger."""
    x3: Drawn[Percent] = 100.0
    """When it is 3 times larger."""
    x2: Drawn[Percent] = 100.0
    """When it is 2 times larger."""
    x1: Drawn[Percent] = 100.0
    """When it keeps its size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resize(Section):
    """Another size, in percent; sizes are rounded to whole pixels."""

    step: Literal["resize"] = "resize"
    percent: ByScale
    """How much of the size is left, for each scale."""
    width: ByScale | None = None
    """The same for the width alone, where it is another than the height's (none: as the height)."""
    of: Literal["input", "result"] = "input"
    """What the percentages are of: the step's input, or the size that the scenario must end with."""
    filter: Filter | Filters = "bicubic"
    """Resampling filter, or several to draw one from; all but nearest are antialiased."""
    probability: Probability = 1.0
    """How often the step happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit(Section):
    """The size that the scenario must end with, whatever it was before."""

    step: Literal["fit"] = "fit"
    filter: Filter | Filters = "bicubic"
    """Resampling filter, or several to draw one from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Median(Section):
    """The middle value of a square window: thick, painterly edges."""

    step: Literal["median"] = "median"
    radius: Literal[1, 2] = 1
    """1: 3×3 window, 2: 5×5."""
    probability: Probability = 1.0
    """How often the step happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaussian(Section):
    """Defocus."""

    step: Literal["gaussian"] = "gaussian"
    sigma: Drawn[Sigma]
    """Standard deviation in pixels, or a range to draw from."""
    sigma_y: Drawn[Sigma] | None = None
    """The same for columns, where it is drawn apart from that of rows (none: one for both)."""
    pixels: Pixels = "input"
    """Whose pixels: the step's input's, or the result's, which are larger while the picture is not reduced yet."""
    linear_light: bool = False
    """Whether light is spread (as by a lens) instead of the picture's values."""
    probability: Probability = 1.0
    """How often the step happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion(Section):
    """A smear, straight or along an arc."""

    step: Literal["motion"] = "motion"
    angles: Annotated[tuple[Angle, ...], Len(1, 360)] | Literal["any"] = (0.0, 90.0, 45.0, -45.0)
    """Directions in degrees, counter-clockwise from the horizontal, of which each picture gets one; or any."""
    length: Drawn[Length] = 10.0
    """Length of the smear in pixels."""
    pixels: Pixels = "input"
    """Whose pixels: the step's input's, or the result's, which are larger while the picture is not reduced yet."""
    bend: Drawn[Bend] = 0.0
    """How much its direction turns from one end to the other, in degrees."""
    linear_light: bool = False
    """Whether light is added up (as in a camera) instead of the picture's values."""
    probability: Probability = 1.0
    """How often the step happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blur(Section):
    """A bell of any shape, turned any way, cut to a square window: the blurs of Real-ESRGAN."""

    step: Literal["blur"] = "blur"
    shape: Literal["gaussian", "generalized", "plateau"] = "gaussian"
    """exp(-d²/2), exp(-d^(2 beta)/2) or 1/(1 + d^(2 beta))."""
    windows: Windows = (7, 9, 11, 13, 15, 17, 19, 21)
    """Sides of the window in pixels, odd, of which each picture gets one."""
    sigma: Drawn[Spread]
    """Standard deviation along the first axis, in pixels of the step's input."""
    sigma_y: Drawn[Spread] | None = None
    """That along the second axis (none: as the first; the bell is round then)."""
    angle: Drawn[Angle] = 0.0
    """How far the first axis is turned from the horizontal, in degrees."""
    beta: Drawn[Beta] = 1.0
    """How box-like a generalized bell or a plateau is."""
    probability: Probability = 1.0
    """How often the step happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring(Section):
    """An ideal low-pass, which rings along edges (Real-ESRGAN's sinc)."""

    step: Literal["ring"] = "ring"
    windows: Windows = (21,)
    """Sides of the window in pixels, odd, of which each picture gets one."""
    cutoff: Drawn[Cutoff]
    """Where it cuts, in radians a pixel; 3.1416 passes everything."""
    probability: Probability = 1.0
    """How often the step happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise(Section):
    """Gaussian noise of a sensor: variance sigma² + gain · value."""

    step: Literal["noise"] = "noise"
    sigma: Drawn[Level]
    """Standard deviation in black, in levels of 255."""
    gain: Drawn[Gain] = 0.0
    """How much the variance grows with each level of brightness."""
    grey: Share = 0.0
    """How often all channels get the same noise."""
    probability: Probability = 1.0
    """How often the step happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Photons(Section):
    """Shot noise: true Poisson counts of photons."""

    step: Literal["photons"] = "photons"
    strength: Drawn[Gain] = 1.0
    """Factor of the noise."""
    photons: Annotated[int, Ge(1), Le(256)] = 256
    """Mean count of white."""
    grey: Share = 0.0
    """How often all channels get the same noise."""
    probability: Probability = 1.0
    """How often the step happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharpen(Section):
    """A camera's sharpening: an unsharp mask, with its halo."""

    step: Literal["sharpen"] = "sharpen"
    amount: Drawn[Amount]
    """How much of what a blur takes away is added."""
    sigma: Drawn[Sigma] = 1.0
    """Reach of the halo along rows, in pixels of the step's input."""
    sigma_y: Drawn[Sigma] | None = None
    """That along columns (none: as along rows); with by_field, in lines of a field."""
    by_field: bool = False
    """Sharpen each field apart, as interlaced cameras do."""
    probability: Probability = 1.0
    """How often the step happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields(Section):
    """Two fields, recorded one after the other while the picture moves, woven to a frame."""

    step: Literal["fields"] = "fields"
    first: Literal["bottom", "top"] = "bottom"
    """The field that is recorded first: it stays where the clean picture has it. DV: bottom."""
    dx: Drawn[Movement] = 0.0
    """Movement to the right from one field to the next, in pixels of the step's input."""
    dy: Drawn[Movement] = 0.0
    """Movement downwards."""
    moving: Share = 1.0
    """How often it moves at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chroma(Section):
    """Chroma sampled less often, field by field, as DV does; without DV's compression."""

    step: Literal["chroma"] = "chroma"
    sampling: Literal["4:2:0", "4:1:1"] = "4:2:0"
    """4:2:0: PAL; 4:1:1: NTSC."""
    probability: Probability = 1.0
    """How often the step happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dv(Section):
    """The real DV codec (25 Mbit/s), chroma sampled field by field; the picture is reflected to fill whole frames."""

    step: Literal["dv"] = "dv"
    standard: Literal["pal", "ntsc"] = "pal"
    """PAL: frames of 720×576, 4:2:0; NTSC: 720×480, 4:1:1."""
    dead_zone: Drawn[DeadZone] = 7
    """How readily the coder drops small coefficients: 7 is FFmpeg's own, 100 and more are a worse camera's."""
    probability: Probability = 1.0
    """How often the step happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deinterlace(Section):
    """A whole picture out of fields, as restoring will make it: choose the deinterlacer that you will use then."""

    step: Literal["deinterlace"] = "deinterlace"
    method: Literal["bwdif", "yadif"] = "bwdif"
    """FFmpeg's filter; it looks at the frames before and after, which the step `fields` makes."""
    first: Literal["bottom", "top"] = "bottom"
    """The field that is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Jpeg(Section):
    """A JPEG round trip."""

    step: Literal["jpeg"] = "jpeg"
    quality: Literal["photoshop-3", "photoshop-4", "photoshop-5"] | Drawn[Quality]
    """Photoshop's Save As scale, or the IJG scale from 1 to 100, or a range of it."""
    subsampling: Literal["4:2:0", "4:2:2", "4:4:4"] = "4:2:0"
    """Chroma resolution; Photoshop's low qualities use 4:2:0."""
    probability: Probability = 1.0
    """How often the step happens."""
