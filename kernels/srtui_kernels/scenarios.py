"""A degradation as a list of resolved steps, and the one function that runs it: gt in, lq out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from srtui_kernels._checks import Bytes, whole_number
from srtui_kernels.gaussian import gaussian
from srtui_kernels.jpeg import jpeg_round_trip
from srtui_kernels.jpeg_tables import Subsampling, Table
from srtui_kernels.median import median
from srtui_kernels.motion import motion
from srtui_kernels.resize import Filter, resize


@dataclass(frozen=True, slots=True, kw_only=True)
class Resize:
    """See `resize`; the size is in pixels of the result."""

    width: int
    height: int
    filter: Filter = "bicubic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Median:
    """See `median`."""

    radius: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaussian:
    """See `gaussian`; in pixels of the picture as it is at this step."""

    sigma_x: float
    sigma_y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """See `motion`; in degrees and in pixels of the picture as it is at this step."""

    angle: float
    length: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Jpeg:
    """See `jpeg_round_trip`."""

    luma: Table
    chroma: Table
    subsampling: Subsampling = "4:2:0"


Step = Resize | Median | Gaussian | Motion | Jpeg


def run_scenario(gt_hwc: Bytes, steps: Sequence[Step], key: int) -> Bytes:
    """
    Degrade a clean picture, step by step.

    Parameters
    ----------
    gt_hwc
        uint8 RGB (H, W, 3), or whatever every step accepts; it is not changed.
    steps
        What to do, every number resolved; none returns a copy.
    key
        64-bit number that decides everything a step draws. No step draws yet (noise will), so today it changes nothing;
        callers pass it so that their pictures will not depend on how many threads there are when one does.

    Returns
    -------
    lq_hwc: uint8, as large as the last resize says.

    Raises
    ------
    TypeError, ValueError
        What the steps' kernels raise; for a step that is none of the above, and for a key outside 64 bits.
    """
    whole_number(key, "key", 0, (1 << 64) - 1)
    picture = gt_hwc if steps else gt_hwc.copy()
    for step in steps:
        picture = _run(picture, step)
    return picture


def _run(picture: Bytes, step: Step) -> Bytes:
    match step:
        case Resize():
            return resize(picture, step.width, step.height, step.filter)
        case Median():
            return median(picture, step.radius)
        case Gaussian():
            return gaussian(picture, step.sigma_x, step.sigma_y)
        case Motion():
            return motion(picture, step.angle, step.length)
        case Jpeg():
            return jpeg_round_trip(picture, step.luma, step.chroma, step.subsampling)
        case _:
            raise TypeError(f"step is {step!r}; pass Resize, Median, Gaussian, Motion or Jpeg")
