"""A degradation as a list of resolved steps, and the one function that runs it: gt in, lq out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from srtui_kernels._checks import Bytes, whole_number
from srtui_kernels.blur import Shape, blur, ring
from srtui_kernels.chroma import Sampling, field_chroma
from srtui_kernels.fields import Field, interlace
from srtui_kernels.gaussian import gaussian
from srtui_kernels.gaussian_in_light import gaussian_in_light
from srtui_kernels.jpeg import jpeg_round_trip
from srtui_kernels.jpeg_tables import Subsampling, Table
from srtui_kernels.median import median
from srtui_kernels.motion import motion
from srtui_kernels.motion_paths import curve, motion_along, motion_in_light
from srtui_kernels.noise import noise
from srtui_kernels.poisson import shot_noise
from srtui_kernels.resize import Filter, resize
from srtui_kernels.sharpen import sharpen

_WORD = (1 << 64) - 1


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
    linear_light: bool = False
    """See `gaussian_in_light`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """See `motion`; in degrees and in pixels of the picture as it is at this step."""

    angle: float
    length: float
    bend: float = 0.0
    """See `curve`."""
    linear_light: bool = False
    """See `motion_in_light`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blur:
    """See `blur`."""

    window: int
    sigma_x: float
    sigma_y: float
    angle: float = 0.0
    shape: Shape = "gaussian"
    beta: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """See `ring`."""

    window: int
    cutoff: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """See `noise`; the key is the step's."""

    sigma: float
    gain: float = 0.0
    grey: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotNoise:
    """See `shot_noise`; the key is the step's."""

    strength: float
    photons: int = 256
    grey: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharpen:
    """See `sharpen`."""

    amount: float
    sigma_x: float
    sigma_y: float
    by_field: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Interlace:
    """See `interlace`."""

    dx: float
    dy: float
    first: Field = "bottom"
    frame: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chroma:
    """See `field_chroma`."""

    sampling: Sampling


@dataclass(frozen=True, slots=True, kw_only=True)
class Jpeg:
    """See `jpeg_round_trip`."""

    luma: Table
    chroma: Table
    subsampling: Subsampling = "4:2:0"


Step = Resize | Median | Gaussian | Motion | Blur | Ring | Noise | ShotNoise | Sharpen | Interlace | Chroma | Jpeg


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
        64-bit number that decides everything a step draws: noise has the key of its step, see `step_key`.

    Returns
    -------
    lq_hwc: uint8, as large as the last resize says.

    Raises
    ------
    TypeError, ValueError
        What the steps' kernels raise; for a step that is none of the above, and for a key outside 64 bits.
    """
    whole_number(key, "key", 0, _WORD)
    picture = gt_hwc if steps else gt_hwc.copy()
    for index, step in enumerate(steps):
        picture = run_step(picture, step, step_key(key, index))
    return picture


def step_key(key: int, index: int) -> int:
    """
    Make the key of a scenario's step: the same on every machine, another one for each index (64 bits each).

    Source: SplitMix64's output function (see `_random`), of the key moved on ``index`` + 1 times.
    """
    z = (key + (index + 1) * 0xD1B54A32D192ED03) & _WORD
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & _WORD
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & _WORD
    return z ^ (z >> 31)


def run_step(picture: Bytes, step: Step, key: int) -> Bytes:
    """Do one step; see `run_scenario`. ``key`` is the step's own."""
    match step:
        case Resize():
            return resize(picture, step.width, step.height, step.filter)
        case Median():
            return median(picture, step.radius)
        case Gaussian():
            defocus = gaussian_in_light if step.linear_light else gaussian
            return defocus(picture, step.sigma_x, step.sigma_y)
        case Motion():
            return _move(picture, step)
        case Blur():
            options = {"angle": step.angle, "beta": step.beta}
            return blur(picture, step.window, step.sigma_x, step.sigma_y, shape=step.shape, **options)
        case Ring():
            return ring(picture, step.window, step.cutoff)
        case Noise():
            return noise(picture, key, step.sigma, gain=step.gain, grey=step.grey)
        case ShotNoise():
            return shot_noise(picture, key, step.strength, photons=step.photons, grey=step.grey)
        case Sharpen():
            return sharpen(picture, step.amount, step.sigma_x, step.sigma_y, by_field=step.by_field)
        case Interlace():
            return interlace(picture, step.dx, step.dy, step.first, frame=step.frame)
        case Chroma():
            return field_chroma(picture, step.sampling)
        case Jpeg():
            return jpeg_round_trip(picture, step.luma, step.chroma, step.subsampling)
        case _:
            raise TypeError(f"step is {step!r}; pass one of the steps of srtui_kernels.scenarios")


def _move(picture: Bytes, step: Motion) -> Bytes:
    if step.linear_light:
        return motion_in_light(picture, curve(step.angle, step.length, step.bend))
    if step.bend:
        return motion_along(picture, curve(step.angle, step.length, step.bend))
    return motion(picture, step.angle, step.length)
