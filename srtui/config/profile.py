"""What a training profile (profiles/training/*.yml) may say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Len, Lt
from pydantic import Discriminator

from srtui.config.network import Compact, Network
from srtui.config.section import NotNegative, Positive, Rate, Section, Weight

Precision = Literal["auto", "bf16", "fp16", "fp32"]
Beta = Annotated[float, Ge(0), Lt(1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses(Section):
    """What training makes small: weight per loss, 0 switches one off."""

    l1: Weight = 1.0
    """Mean absolute difference between restored and gt, pixels in 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adam(Section):
    """The optimiser: Adam (Kingma and Ba, 2015)."""

    type: Literal["adam"] = "adam"
    lr: Rate = 2e-4
    """Peak learning rate."""
    betas: tuple[Beta, Beta] = (0.9, 0.99)
    """Decay of the running mean and of the running square."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosine(Section):
    """From the peak rate to ``min_lr`` along half a cosine, over ``periods`` equal periods (restarts)."""

    type: Literal["cosine"] = "cosine"
    min_lr: Annotated[float, Ge(0), Lt(1)] = 1e-7
    """Rate at the end of a period."""
    periods: Positive = 1
    """How many times the rate restarts at the peak."""
    warmup: NotNegative = 0
    """Iterations over which the rate climbs from 0 to the schedule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiStep(Section):
    """The rate is multiplied by ``gamma`` at each milestone."""

    type: Literal["multistep"]
    milestones: tuple[Annotated[float, Gt(0), Lt(1)], ...]
    """Where the rate drops, as shares of the stage's iterations."""
    gamma: Annotated[float, Gt(0), Lt(1)] = 0.5
    """Factor at each milestone."""
    warmup: NotNegative = 0
    """Iterations over which the rate climbs from 0 to the schedule."""


Schedule = Annotated[Cosine | MultiStep, Discriminator("type")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(Section):
    """One part of a run with its own losses and schedule."""

    iterations: Positive
    """Optimiser updates."""
    gt_size: Annotated[int, Ge(8), Le(1024)] = 128
    """Side of a training crop, in gt pixels."""
    batch: Positive = 16
    """Crops per update, over all GPUs together."""
    losses: Losses = field(default_factory=Losses)
    optimizer: Adam = field(default_factory=Adam)
    schedule: Schedule = field(default_factory=Cosine)
    """How the learning rate moves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile(Section):
    """How a network is built and trained."""

    version: Literal[1] = 1
    """Format of the file."""
    name: str
    """How the profile is called."""
    about: str = ""
    """One line for the list of profiles."""
    network: Annotated[Network, Discriminator("type")] = field(default_factory=Compact)
    """What is trained."""
    stages: Annotated[tuple[Stage, ...], Len(1, 8)]
    """Parts of the run, in order."""
    ema: Annotated[float, Ge(0), Lt(1)] = 0.999
    """Decay of the averaged weights that are validated and shipped; 0 ships the raw ones."""
    precision: Precision = "auto"
    """Arithmetic of the forward pass; auto takes what the machine is good at."""
    log_every: Positive = 100
    """Iterations between two lines of metrics (and looks at pause, stop, disk)."""
    validate_every: Positive = 5000
    """Iterations between two validations."""
    checkpoint_every: Positive = 5000
    """Iterations between two checkpoints: what a kill can cost at most."""

    @property
    def iterations(self) -> int:
        """Updates of all stages together."""
        return sum(stage.iterations for stage in self.stages)
