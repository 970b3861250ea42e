"""What a training profile (profiles/training/*.yml) may say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Le, Len, Lt
from pydantic import Discriminator

from srtui.config.losses import Gan, Losses
from srtui.config.network import Compact, Network
from srtui.config.optimization import Adam, Cosine, Schedule
from srtui.config.section import Name, Positive, Section

Precision = Literal["auto", "bf16", "fp16", "fp32"]
Compiling = Literal["auto", "on", "off"]


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
    gan: Gan | None = None
    """A discriminator beside the network; without one, training is for PSNR."""
    optimizer: Adam = field(default_factory=Adam)
    """Of the network."""
    schedule: Annotated[Schedule, Discriminator("type")] = field(default_factory=Cosine)
    """How the learning rate moves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile(Section):
    """How a network is built and trained."""

    version: Literal[1] = 1
    """Format of the file."""
    name: Name
    """How the profile is called."""
    about: str = ""
    """One line for the list of profiles."""
    network: Annotated[Network, Discriminator("type")] = field(default_factory=Compact)
    """What is trained."""
    stages: Annotated[tuple[Stage, ...], Len(1, 8)]
    """Parts of the run, in order."""
    needs_start: bool = False
    """Made to go on with a network: training without one named in project.yml (training.start) is refused."""
    ema: Annotated[float, Ge(0), Lt(1)] = 0.999
    """Decay of the averaged weights that are validated and shipped; 0 ships the raw ones."""
    precision: Precision = "auto"
    """Arithmetic of the forward pass; auto takes what the machine is good at."""
    compile: Compiling = "off"
    """torch.compile for the network in training: off, on, or auto (on GPUs that it supports); if it fails, an alarm."""
    cuda_graphs: bool = False
    """On a GPU, an update's kernels started by one call where the batch goes through at once; if it fails, an alarm."""
    deterministic: bool = False
    """On a GPU, add up in the same order each time, so that resumed equals uninterrupted to the last bit; slower."""
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
