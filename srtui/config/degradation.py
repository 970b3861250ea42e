"""What a degradation (profiles/degradation/*.yml) may say: how a clean picture (gt) becomes a spoiled one (lq)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Len
from pydantic import Discriminator

from srtui.config.section import Section

Filter = Literal[
    "bicubic", "area", "bilinear", "lanczos", "nearest", "photoshop", "photoshop-sharper", "photoshop-smoother"
]
Percent = Annotated[float, Gt(0), Le(1600)]
Sigma = Annotated[float, Gt(0), Le(64)]
Range = Annotated[tuple[Sigma, Sigma], Len(2, 2)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ByScale(Section):
    """A percentage for each scale of a project; 100 leaves the step out."""

    x4: Percent = 100.0
    """When the restored picture is 4 times larger."""
    x3: Percent = 100.0
    """When it is 3 times larger."""
    x2: Percent = 100.0
    """When it is 2 times larger."""
    x1: Percent = 100.0
    """When it keeps its size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resize(Section):
    """Another size, in percent of the step's input; sizes are rounded to whole pixels."""

    step: Literal["resize"] = "resize"
    percent: ByScale
    """How much of the size is left, for each scale."""
    filter: Filter = "bicubic"
    """Resampling filter; all but nearest are antialiased."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Median(Section):
    """The middle value of a square window: thick, painterly edges."""

    step: Literal["median"] = "median"
    radius: Literal[1, 2] = 1
    """1: 3×3 window, 2: 5×5."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaussian(Section):
    """Defocus."""

    step: Literal["gaussian"] = "gaussian"
    sigma: Sigma | Range
    """Standard deviation in pixels of the step's input, or a range to draw from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion(Section):
    """A straight smear; each picture gets one of the angles."""

    step: Literal["motion"] = "motion"
    angles: Annotated[tuple[Annotated[float, Ge(-360), Le(360)], ...], Len(1, 360)] = (0.0, 90.0, 45.0, -45.0)
    """Directions in degrees, counter-clockwise from the horizontal."""
    length: Annotated[float, Ge(1), Le(99)] = 10.0
    """Length of the smear, in pixels of the step's input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Jpeg(Section):
    """A JPEG round trip."""

    step: Literal["jpeg"] = "jpeg"
    quality: Literal["photoshop-3", "photoshop-4", "photoshop-5"] | Annotated[int, Ge(1), Le(100)]
    """Photoshop's Save As scale, or the IJG scale from 1 to 100."""
    subsampling: Literal["4:2:0", "4:4:4"] = "4:2:0"
    """Chroma resolution; Photoshop's low qualities use 4:2:0."""


Step = Annotated[Resize | Median | Gaussian | Motion | Jpeg, Discriminator("step")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario(Section):
    """One way to spoil a picture: steps in order."""

    name: str
    """How reports call it."""
    share: Annotated[float, Gt(0), Le(1000)] = 1.0
    """How often it is dealt, against the other scenarios' shares."""
    steps: Annotated[tuple[Step, ...], Len(1, 64)]
    """What happens to the picture, in order; in the end it must be ``scale`` times smaller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Degradation(Section):
    """A set of scenarios; every picture is dealt one of them."""

    version: Literal[1] = 1
    """Format of the file."""
    name: str
    """How the degradation is called."""
    about: str = ""
    """One line for the list of degradations."""
    scales: Annotated[tuple[Literal[1, 2, 3, 4], ...], Len(1, 4)] = (4,)
    """Scales that the scenarios are written for."""
    scenarios: Annotated[tuple[Scenario, ...], Len(1, 256)]
    """The ways to spoil a picture."""
