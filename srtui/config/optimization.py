"""How weights are moved: optimisers and learning-rate schedules."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt

from srtui.config.section import NotNegative, Rate, Section, Weight

Beta = Annotated[float, Ge(0), Lt(1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adam(Section):
    """Adam (Kingma and Ba, 2015), or AdamW, which decouples the weight decay (Loshchilov and Hutter, 2019)."""

    type: Literal["adam", "adamw"] = "adam"
    lr: Rate = 2e-4
    """Peak learning rate."""
    betas: tuple[Beta, Beta] = (0.9, 0.99)
    """Decay of the running mean and of the running square."""
    weight_decay: Weight = 0.0
    """adam: added to the gradient as L2; adamw: share of the weights, times the rate, that each update takes away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosine(Section):
    """From the peak rate to ``min_lr`` along half a cosine, in one period or several (Loshchilov and Hutter, 2017)."""

    type: Literal["cosine"] = "cosine"
    min_lr: Annotated[float, Ge(0), Lt(1)] = 1e-7
    """Rate at the end of a period."""
    periods: Annotated[int, Ge(1), Le(1000)] = 1
    """How many periods of equal length there are; each begins at the peak."""
    restarts: tuple[Annotated[float, Gt(0), Lt(1)], ...] = ()
    """Where periods of other lengths begin, as shares of the stage's iterations; in place of ``periods``."""
    peaks: tuple[Annotated[float, Gt(0), Le(1)], ...] = ()
    """Where each period begins, as a share of the peak rate; none given: all at the peak."""
    warmup: NotNegative = 0
    """Iterations over which the rate climbs from 0 to the schedule."""

    def __post_init__(self) -> None:
        if self.restarts and self.periods > 1:
            fact = f"says periods ({self.periods}) and restarts: give one of them"
            raise ValueError(fact)
        if any(after <= before for before, after in pairwise(self.restarts)):
            fact = f"restarts do not rise: {', '.join(map(str, self.restarts))}"
            raise ValueError(fact)
        count = len(self.restarts) + 1 if self.restarts else self.periods
        if self.peaks and len(self.peaks) != count:
            fact = f"there are {count} periods, but {len(self.peaks)} peaks"
            raise ValueError(fact)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant(Section):
    """The peak rate, all the time."""

    type: Literal["constant"]
    warmup: NotNegative = 0
    """Iterations over which the rate climbs from 0 to its peak."""


Schedule = Cosine | MultiStep | Constant
