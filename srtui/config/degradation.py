"""What a degradation (profiles/degradation/*.yml) may say: how a clean picture (gt) becomes a spoiled one (lq)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Gt, Le, Len
from pydantic import Discriminator

from srtui.config.degradation_steps import (
    Blur,
    ByScale,
    Chroma,
    Deinterlace,
    Dv,
    Fields,
    Fit,
    Gaussian,
    Jpeg,
    Median,
    Motion,
    Noise,
    Photons,
    Probability,
    Resize,
    Ring,
    Sharpen,
)
from srtui.config.section import Section


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf(Section):
    """One of several lists of steps, drawn by their shares."""

    step: Literal["one-of"] = "one-of"
    choices: Annotated[tuple[Choice, ...], Len(2, 64)]
    """What there is to choose from."""
    probability: Probability = 1.0
    """How often anything is chosen at all."""


Step = Annotated[
    Resize
    | Fit
    | Median
    | Gaussian
    | Motion
    | Blur
    | Ring
    | Noise
    | Photons
    | Sharpen
    | Fields
    | Chroma
    | Dv
    | Deinterlace
    | Jpeg
    | OneOf,
    Discriminator("step"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Section):
    """One list of steps among others."""

    share: Annotated[float, Gt(0), Le(1000)] = 1.0
    """How often it is drawn, against the others' shares."""
    steps: Annotated[tuple[Step, ...], Len(0, 16)]
    """What happens, in order; nothing is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario(Section):
    """One way to spoil a picture: steps in order."""

    name: str
    """How reports call it."""
    share: Annotated[float, Gt(0), Le(1000)] = 1.0
    """How often it is dealt, against the other scenarios' shares."""
    steps: Annotated[tuple[Step, ...], Len(1, 64)]
    """What happens to the picture, in order; in the end it must be ``scale`` times smaller."""

    def __post_init__(self) -> None:
        """Refuse a deinterlacer that keeps the field which has moved on (lq would not lie on gt), and taken names."""
        if self.name in {"live", "pair"}:  # what names.csv says of pictures that no scenario has spoiled
            raise ValueError(f"name {self.name!r} has a meaning of its own in names.csv: give another")
        recorded = ""
        for step in self.steps:
            if isinstance(step, Fields):
                recorded = step.first
            elif isinstance(step, Deinterlace) and recorded and step.first != recorded:
                fact = f"fields records the {recorded} field first, deinterlace keeps the {step.first} one"
                raise ValueError(f"{fact}: give both the same `first`")


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

    @property
    def has_lines(self) -> bool:
        """Whether a scenario spoils line by line, so that its result must not be laid on its side."""
        return any(_has_lines(step) for scenario in self.scenarios for step in scenario.steps)


def _has_lines(step: Step) -> bool:
    if isinstance(step, OneOf):
        return any(_has_lines(inner) for choice in step.choices for inner in choice.steps)
    return isinstance(step, (Fields, Chroma, Dv, Deinterlace))


__all__ = [
    "Blur",
    "ByScale",
    "Choice",
    "Chroma",
    "Degradation",
    "Deinterlace",
    "Dv",
    "Fields",
    "Fit",
    "Gaussian",
    "Jpeg",
    "Median",
    "Motion",
    "Noise",
    "OneOf",
    "Photons",
    "Resize",
    "Ring",
    "Scenario",
    "Sharpen",
    "Step",
]
